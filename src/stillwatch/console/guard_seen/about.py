"""What the guard says about one account now, and said about it lately."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stillwatch.console.guard_seen.entries import ENTRIES, entry_row
from stillwatch.console.guard_seen.limits_said import HELD_BACK
from stillwatch.console.guard_seen.recent import Recorded
from stillwatch.console.guard_seen.state import StateSeen
from stillwatch.console.shown import Column, Rows
from stillwatch.guard.explained import asked, decided_now
from stillwatch.guard.journal_entry import Entry
from stillwatch.guard.permit_terms import PermitTerms
from stillwatch.response.known import Known

MOST_DECISIONS = 15
DECISIONS = (
    Column("time", "When", "time"),
    Column("id", "Decision", "code", link="/guard?decision={id}"),
    Column("model", "Model"),
    Column("answer", "Answer"),
    Column("action", "Done"),
    Column("said", "Policy said"),
    Column("held_back", "Held back"),
    Column("rules", "Rules", "words"),
    Column("shadow", "In shadow", "words"),
    Column("campaign", "Campaign", "code"),
)
PERMITS = (
    Column("name", "Permit"),
    Column("models", "Models", "words"),
    Column("starts", "From", "time"),
    Column("expires", "Until", "time"),
    Column("origin", "Issued"),
    Column("revoked", "Revoked by entry"),
)


@dataclass(frozen=True)
class GuardSays:
    """What the guard says about one account."""

    known: Known | None
    """What state and journal have; None: nothing."""
    values: dict[str, Any]
    """The same in plain values."""
    tables: dict[str, Rows]
    """Decisions, entries of the journal and permits."""


def guard_says(state: StateSeen, account: str, now: float) -> GuardSays:
    """Return what is known, what would be decided now, and what was decided of late. account: its id."""
    key = state.key_of(account)
    digits = f"{key:016x}"
    published = state.published
    known = published.known(account, "", now)
    values: dict[str, Any] = {"key": digits, "known": known is not None, "fresh": published.fresh(now)}
    if known is not None:
        decision = decided_now(published, state.policy.current, asked(account, ""), now)
        values |= {
            "tier": known.account.tier,
            "exempt": known.account.exempt,
            "held": known.account.held,
            "cleared_by": known.appealed,
            "permission": str(known.permission),
            "campaign": known.campaign.name,
            "verdict": known.campaign.verdict,
            "role": known.campaign.role,
            "since": known.since or None,
            "answer": str(decision.answer),
            "action": decision.action.step.name.lower(),
            "said": decision.said.step.name.lower(),
            "held_back": str(decision.held_back),
            "held_back_why": HELD_BACK.get(decision.held_back, ""),
            "rules": [one.rule for one in decision.fired],
            "shadow": [one.rule for one in decision.shadow],
        }
    rows = state.recent.about(digits)
    entries = [entry for entry in state.entries if _about(entry, digits)]
    ended = state.ended()
    tables = {
        "decisions": Rows(
            DECISIONS,
            [decision_row(row) for row in rows[:MOST_DECISIONS]],
            "Newest decisions of the guard about it",
            len(rows),
        ),
        "journal": Rows(
            ENTRIES,
            [entry_row(entry, ended, now) for entry in reversed(entries)],
            "What people decided about it in the guard's journal",
        ),
        "permits": Rows(PERMITS, _permits(state, key), "Permits that name it or its verified organisation"),
    }
    return GuardSays(known, values, tables)


def decision_row(row: Recorded) -> dict[str, Any]:
    """Return a decision as a row of a table."""
    return {
        "time": row.at,
        "id": row.id,
        "account_id": row.account_id,
        "model": row.model,
        "surface": row.surface,
        "answer": row.answer,
        "action": row.action.step,
        "said": row.said.step,
        "held_back": row.held_back,
        "rules": [one.rule for one in row.rules],
        "shadow": [one.rule for one in row.shadow],
        "campaign": row.campaign,
        "tier": row.tier,
        "permission": row.permission,
    }


def _about(entry: Entry, digits: str) -> bool:
    return (
        entry.subject == f"account:{digits}"
        or entry.data.get("account") == digits
        or digits in entry.data.get("accounts", ())
    )


def _permits(state: StateSeen, key: int) -> list[dict[str, Any]]:
    snapshot, overlay = state.published.snapshot, state.published.overlay
    found: list[PermitTerms] = list(overlay.permits.get(key, ()))
    row = None if snapshot is None else snapshot.row(key)
    if snapshot is not None and row is not None:
        found += snapshot.permit_sets[row.permits - 1] if row.permits else ()
        found += overlay.organisations.get(row.organisation, ()) if row.organisation else ()
    return [
        {
            "name": one.name,
            "models": sorted(one.models),
            "starts": one.starts,
            "expires": one.expires,
            "origin": f"entry {one.entry}" if one.entry else "with the run",
            "revoked": overlay.revoked.get(one.name)
            if overlay.revoked.get(one.name, -1) > one.entry
            else None,
        }
        for one in found
    ]
