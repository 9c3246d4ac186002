"""The guard: its snapshot, journal, decisions and budgets; and what people decide about accounts there."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import msgspec

from stillwatch.console.act import Act
from stillwatch.console.done import Done
from stillwatch.console.figures.minutes import minutes_figure
from stillwatch.console.guard_seen.about import DECISIONS, decision_row
from stillwatch.console.guard_seen.entries import ENTRIES, entry_row
from stillwatch.console.guard_seen.limits_said import HELD_BACK
from stillwatch.console.guard_seen.recent import MOST, Recorded, minutes
from stillwatch.console.guard_seen.state import StateSeen, look_again, state_seen, state_there
from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.console.templating import with_query
from stillwatch.console.written_moments import written_moment
from stillwatch.guard.budgets_written import spent_today
from stillwatch.guard.people import People, Said
from stillwatch.guard.status import status_of
from stillwatch.report import formatting

AT_ONCE = 25
"""Decisions, and entries of the journal, of one page."""
MOST_SPENDERS = 20
SPENT = (
    Column("kind", "Of"),
    Column("name", "Which", "code"),
    Column("tokens", "Tokens today", "count"),
)
WITH_ACCOUNT = (
    *DECISIONS[:2],
    Column("account_id", "Account", link="/accounts/{account_id}"),
    *DECISIONS[2:],
)
MINUTES = (
    Column("time", "Minute", "time"),
    Column("decisions", "Decisions", "count"),
    Column("acted", "Changed something", "count"),
    Column("refused", "Not allowed", "count"),
)
HELD = (
    Column("held_back", "Held back"),
    Column("decisions", "Decisions", "count"),
    Column("why", "In words"),
)
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


class Filters(msgspec.Struct):
    """Which decisions and entries; it stands in the URL."""

    decision: Annotated[str, msgspec.Meta(max_length=64)] = ""
    answer: str = ""
    step: str = ""
    campaign: str = ""
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    entries: Annotated[int, msgspec.Meta(ge=0)] = 0


class HoldFields(msgspec.Struct):
    """What is put on hold, why, and until when."""

    what: Annotated[str, msgspec.Meta(min_length=1, max_length=1_024)]
    reason: Text
    until: Annotated[str, msgspec.Meta(max_length=40)] = ""


class ExemptFields(msgspec.Struct):
    """Whom to exempt, as what, why, and until when."""

    account: Annotated[str, msgspec.Meta(min_length=1, max_length=1_024)]
    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    reason: Text
    until: Annotated[str, msgspec.Meta(max_length=40)] = ""


class EndFields(msgspec.Struct):
    """The entry that is taken back, and why."""

    entry: Annotated[int, msgspec.Meta(ge=1)]
    reason: Text


def guard(seen: Seen) -> Shown:
    """Return how the guard is, what it decided of late, and what people decided."""
    state = state_seen(seen.doors)
    if state is None:
        return Shown("guard.html", {"state": None, "record": None}, {})
    wanted: Filters = seen.filters
    recent = state.recent.rows()
    by_minute = minutes(recent, seen.now)
    summed = state.recent.made("summed", _summed)
    values = {
        "state": _about(state, seen.now),
        "record": _record(state, wanted.decision),
        "filters": msgspec.to_builtins(wanted),
        "window": {
            "decisions": len(recent),
            "since": recent[-1].at if recent else None,
            "newest": recent[0].at if recent else None,
            "full": len(recent) >= MOST,
            "last_hour": sum(row["decisions"] for row in by_minute),
            "acted": summed["acted"],
            "refused": summed["refused"],
            "median_us": summed["median_us"],
        },
    }
    parts = {
        "minutes_figure": minutes_figure(by_minute),
        "answers": summed["answers"],
        "steps": summed["steps"],
    }
    spent = [vars(one) for one in spent_today(state.folder.budgets, seen.now, MOST_SPENDERS)]
    tables = {
        "decisions": _decisions(seen, recent, wanted),
        "journal": _journal(seen, state, wanted),
        "minutes": Rows(MINUTES, by_minute, "Decisions of the last hour, minute by minute"),
        "held_back": Rows(
            HELD,
            [
                {"held_back": reason, "decisions": number, "why": HELD_BACK.get(reason, "")}
                for reason, number in summed["held"].items()
            ],
            "Why less was done than rules asked for",
        ),
        "budgets": Rows(SPENT, spent, "Who has spent most under budgets today"),
    }
    return Shown("guard.html", values, tables, parts)


def _decisions(seen: Seen, recent: list[Recorded], wanted: Filters) -> Rows:
    found = recent
    if wanted.answer or wanted.step or wanted.campaign:
        found = [
            row
            for row in recent
            if (not wanted.answer or row.answer == wanted.answer)
            and (not wanted.step or row.action.step == wanted.step)
            and (not wanted.campaign or row.campaign == wanted.campaign)
        ]
    return Rows(
        WITH_ACCOUNT,
        [decision_row(row) for row in found[wanted.after : wanted.after + AT_ONCE]],
        "Newest decisions",
        len(found),
        _next(seen, "after", wanted.after, len(found)),
    )


def _journal(seen: Seen, state: StateSeen, wanted: Filters) -> Rows:
    entries, ended = state.entries, state.ended()
    shown = list(reversed(entries))[wanted.entries : wanted.entries + AT_ONCE]
    return Rows(
        ENTRIES,
        [entry_row(entry, ended, seen.now) for entry in shown],
        "What people decided, the newest first",
        len(entries),
        _next(seen, "entries", wanted.entries, len(entries)),
    )


def hold(seen: Seen, fields: HoldFields) -> Done:
    """Let nothing be done about an account or a campaign while somebody looks."""
    with People(state_there(seen.doors).folder.path) as people:
        until = written_moment(fields.until, "until")
        entry = people.hold(fields.what.strip(), Said(seen.user.name, fields.reason, until))
    return _written(seen, f"{formatting.cut(fields.what, 60)} is on hold.", entry.seq)


def exempt(seen: Seen, fields: ExemptFields) -> Done:
    """Exempt an account: nothing is done about it."""
    with People(state_there(seen.doors).folder.path) as people:
        until = written_moment(fields.until, "until")
        said = Said(seen.user.name, fields.reason, until)
        entry = people.exempt(fields.account.strip(), fields.kind.strip(), said)
    return _written(seen, f"{formatting.cut(fields.account, 60)} is exempt.", entry.seq)


def end(seen: Seen, fields: EndFields) -> Done:
    """Take back an earlier entry of the journal."""
    with People(state_there(seen.doors).folder.path) as people:
        entry = people.end(fields.entry, Said(seen.user.name, fields.reason))
    return _written(seen, f"Entry {fields.entry} is taken back.", entry.seq)


def _written(seen: Seen, said: str, entry: int) -> Done:
    look_again(seen.doors)
    return Done("/guard#journal", f"{said} It is entry {entry} of the journal.", {"entry": entry})


def _about(state: StateSeen, now: float) -> dict[str, Any]:
    snapshot = state.published.snapshot
    told = status_of(state.published, now)
    return {
        "name": state.folder.path.name,
        **{name.replace(" ", "_"): value for name, value in told.items()},
        "made": snapshot.made if snapshot else None,
        "expires": snapshot.expires if snapshot else None,
        "age": _age(now - snapshot.made) if snapshot else "",
    }


def _age(seconds: float) -> str:
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * unit:
            return formatting.plural(seconds / unit, name)
    return formatting.plural(max(seconds, 0), "second")


def _record(state: StateSeen, number: str) -> dict[str, Any] | None:
    """One decision whole, or that there is none; None where none was asked for."""
    number = number.strip().lower()
    if not number:
        return None
    found = state.recent.record(number)
    if found is None:
        return {"id": number, "found": False}
    why = HELD_BACK.get(str(found.get("held_back", "")), "")
    return {"id": number, "found": True, "fields": found, "held_back_why": why}


def _next(seen: Seen, name: str, after: int, total: int) -> str:
    further = after + AT_ONCE
    return with_query("/guard", seen.query, **{name: str(further)}) if further < total else ""


def _summed(rows: list[Recorded]) -> dict[str, Any]:
    """What the window adds up to."""
    held = Counter(row.held_back for row in rows if row.held_back)
    times = sorted(row.latency_us for row in rows)
    return {
        "held": dict(held.most_common()),
        "acted": sum(row.action.step != "observe" for row in rows),
        "refused": sum(row.answer != "allow" for row in rows),
        "median_us": times[len(times) // 2] if times else None,
        "answers": sorted({row.answer for row in rows}),
        "steps": sorted({row.action.step for row in rows}),
    }


PAGES = (Page("/guard", "Guard", Role.VIEWER, guard, Filters, menu=51),)
ACTS = (
    Act("/guard/hold", "Put an account or a campaign on hold", Role.APPROVER, HoldFields, hold),
    Act("/guard/exempt", "Exempt an account", Role.APPROVER, ExemptFields, exempt),
    Act("/guard/end", "Take back an entry of the journal", Role.APPROVER, EndFields, end),
)
