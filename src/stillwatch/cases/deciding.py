"""What people may do with a case: each function checks one change and says what is to be written."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.campaigns.feedback import ACCOUNT_LABELS
from stillwatch.case_settings import CaseSettings
from stillwatch.cases.case import Case
from stillwatch.cases.changing import Editing, Wanted, taken
from stillwatch.cases.event import Action
from stillwatch.cases.labels import ACCOUNT, CAMPAIGN, PERMIT_FOUND, evidence_at
from stillwatch.cases.states import CLOSES, DISMISSES, MOVES, Link, Outcome, State
from stillwatch.cases.words import folded, name_of, storable, tag_of, text_of
from stillwatch.errors import CaseError
from stillwatch.guard.moments import LATEST
from stillwatch.toml_file import nearest

DAY = 86_400.0
MOST_TAGS = 64
NOT_APPROVED: dict[str, Any] = {"proposed_by": "", "approved_by": "", "approved_accounts": 0}
LABELS = {
    Outcome.CONFIRMED: "confirmed",
    Outcome.LICENSED: "licensed",
    Outcome.VICTIM: "victim",
} | dict.fromkeys(DISMISSES, "dismissed")
"""What each outcome is called in a feedback file; a duplicate teaches nothing."""


@dataclass(frozen=True)
class PermitFound:
    """A permit that the search did not know."""

    name: str
    """Its name."""
    organisation: str = ""
    """The verified organisation that it names; empty: the accounts it is about."""
    models: tuple[str, ...] = ()
    """Models that it covers; empty: all."""


@dataclass(frozen=True)
class Closing:
    """How a case is closed."""

    outcome: str
    """One of Outcome."""
    until: float | None = None
    """How long later searches are told, POSIX seconds; None: as the settings say."""
    duplicate_of: int | None = None
    """Of a duplicate: the other case."""
    permit: PermitFound | None = None
    """Of licensed use: the permit."""


@dataclass(frozen=True)
class AccountDecision:
    """What some accounts are, each the same."""

    accounts: tuple[str, ...]
    """Their ids as runs show them."""
    label: str
    """One of ACCOUNT_LABELS."""
    until: float | None = None
    """How long later searches are told, POSIX seconds; None: as the settings say."""
    permit: PermitFound | None = None
    """The permit that was found."""


def assign(edit: Editing, to: str, by: str, reason: str) -> Wanted:
    """Give a case to somebody, or back."""
    actor, case = name_of(by), edit.case
    name = name_of(to, "ASSIGNEE") if to.strip() else ""
    if folded(name) == folded(case.assignee):
        raise CaseError(
            f"case {case.id} is {'with ' + name if name else 'with nobody'} already",
            where=f"case {case.id}",
            do="nothing needs to be done",
        )
    mine = folded(actor) == folded(case.assignee)
    if case.assignee and not mine and edit.version is None:
        raise taken(edit.store, case)
    return Wanted(
        Action.ASSIGNED, actor, _reason(reason), {"assignee": name, "assigned_by": actor if name else ""}
    )


def note(edit: Editing, text: str, by: str) -> Wanted:
    """Write something down."""
    return Wanted(Action.NOTED, name_of(by), "", added={"note": text_of(text, "TEXT", 20_000)})


def tag(edit: Editing, add: Sequence[str], remove: Sequence[str], by: str) -> Wanted:
    """Put tags on a case, or take them off."""
    tags = ({*edit.case.tags} | {tag_of(one) for one in add}) - {tag_of(one) for one in remove}
    if tags == {*edit.case.tags} or len(tags) > MOST_TAGS:
        raise CaseError(
            "no tag changes" if len(tags) <= MOST_TAGS else f"a case has at most {MOST_TAGS} tags",
            where=f"case {edit.case.id}",
            do=f"it has: {', '.join(edit.case.tags) or 'none'}",
        )
    return Wanted(Action.TAGGED, name_of(by), "", {"tags": tuple(sorted(tags))})


def move(edit: Editing, to: str, by: str, reason: str, settings: CaseSettings) -> Wanted:
    """Move a case to another state."""
    case, actor, why = edit.case, name_of(by), text_of(reason)
    here, there = State(case.state), State(_one_of(to, State, "STATE"))
    if there not in MOVES[here]:
        raise CaseError(
            f"a case cannot go from {here} to {there} so",
            where=f"case {case.id}",
            do=_ways_out(here, there, case.id),
        )
    fields: dict[str, Any] = {"state": str(there)}
    if there is State.SECOND_REVIEW:
        fields |= {**NOT_APPROVED, "proposed_by": actor}
    elif there is State.ACTING and not case.one_person_suffices(settings.second_person):
        raise CaseError(
            f"{case.accounts:,} accounts are more than one person may decide to act against "
            f"({settings.second_person:,})",
            where=f"case {case.id}",
            do=f'move it to "{State.SECOND_REVIEW}", and let a second person `case review` it',
        )
    elif there in (State.OPEN, State.TRIAGE, State.INVESTIGATING) or _was_dismissed(case):
        fields |= NOT_APPROVED
    if here is State.CLOSED and there is State.OPEN:
        fields["outcome"] = ""
    return Wanted(Action.MOVED, actor, why, fields)


def _was_dismissed(case: Case) -> bool:
    """Whether a case is closed without being confirmed: who agreed to act before that agreed to another view
    of it.
    """
    return case.state == State.CLOSED and case.outcome != Outcome.CONFIRMED


def review(edit: Editing, agree: bool, by: str, reason: str) -> Wanted:
    """Agree to act, or do not, as a second person."""
    case, actor, why = edit.case, name_of(by), text_of(reason)
    if case.state != State.SECOND_REVIEW:
        raise CaseError(
            f"case {case.id} awaits no second review: it is {case.state}",
            where=f"case {case.id}",
            do=f'move it to "{State.SECOND_REVIEW}" first',
        )
    if folded(actor) == folded(case.proposed_by):
        raise CaseError(
            f"{case.proposed_by} asked for the second review, and cannot give it",
            where=f"case {case.id}",
            do=f'let another person review it; to withdraw, move it to "{State.INVESTIGATING}"',
        )
    if not agree:
        return Wanted(Action.REVIEWED, actor, why, {"state": str(State.INVESTIGATING), **NOT_APPROVED})
    agreed = {"approved_by": actor, "approved_accounts": case.accounts}
    return Wanted(Action.REVIEWED, actor, why, {"state": str(State.ACTING), **agreed})


def close(edit: Editing, told: Closing, by: str, reason: str, settings: CaseSettings) -> Wanted:
    """Close a case with an outcome, and say what it teaches."""
    case, actor, why = edit.case, name_of(by), text_of(reason)
    outcome = Outcome(_one_of(told.outcome, Outcome, "OUTCOME"))
    if State(case.state) not in CLOSES[outcome]:
        raise CaseError(
            f"a case that is {case.state} cannot be closed as {outcome}",
            where=f"case {case.id}",
            do=f"that is possible from: {', '.join(CLOSES[outcome])}",
        )
    links = case.links
    if outcome is Outcome.DUPLICATE:
        links = _with_link(edit, Link.DUPLICATE, told.duplicate_of)
    elif told.duplicate_of is not None:
        raise CaseError("only a duplicate has another case", where="--of", do="leave it out")
    if told.permit is not None and outcome is not Outcome.LICENSED:
        raise CaseError("only licensed use has a permit", where="--permit", do="leave it out")
    fields = {
        "state": str(State.CLOSED),
        "outcome": str(outcome),
        "judged": {**case.found, "accounts": case.accounts, "kind": case.kind},
        "links": links,
        "snoozed_until": None,
    }
    if outcome not in LABELS:
        return Wanted(Action.CLOSED, actor, why, fields)
    label = {
        "scope": CAMPAIGN,
        "subject": case.identity,
        "label": LABELS[outcome],
        "outcome": str(outcome),
        "expires": _until(told.until, settings),
        "data": _permit(told.permit),
    }
    return Wanted(Action.CLOSED, actor, why, fields, {"labels": [label]})


def decide(edit: Editing, told: AccountDecision, by: str, reason: str, settings: CaseSettings) -> Wanted:
    """Say what some accounts are."""
    actor, why = name_of(by), text_of(reason)
    word = _one_of(told.label, ACCOUNT_LABELS, "DECISION")
    if (word == PERMIT_FOUND) != (told.permit is not None):
        raise CaseError(
            f'"{PERMIT_FOUND}" and a permit go together', where="--permit", do="give both, or neither"
        )
    kept = evidence_at(edit.store, edit.case.id)
    ids = {one for name in ("members", "bystanders") for one in kept.table(name)["account_id"].to_pylist()}
    strange = next((one for one in told.accounts if one not in ids or not storable(one)), None)
    if strange is not None or not told.accounts:
        raise CaseError(
            f"case {edit.case.id} has no account of that name" if told.accounts else "no account was named",
            where=(strange or "ACCOUNT")[:200],
            do="give the id as the run shows it: `stillwatch case show CASE --evidence FOLDER`",
        )
    label = {
        "scope": ACCOUNT,
        "label": word,
        "outcome": word,
        "expires": _until(told.until, settings),
        "data": _permit(told.permit),
    }
    labels = [{**label, "subject": account} for account in told.accounts]
    return Wanted(Action.DECIDED, actor, why, {}, {"labels": labels})


def snooze(edit: Editing, until: float | None, by: str, reason: str) -> Wanted:
    """Let a case rest, or wake it."""
    case = edit.case
    if case.state == State.CLOSED:
        raise CaseError("a closed case rests already", where=f"case {case.id}", do="open it again first")
    if until is None and case.snoozed_until is None:
        raise CaseError("the case does not rest", where=f"case {case.id}", do="nothing needs to be done")
    return Wanted(Action.SNOOZED, name_of(by), text_of(reason), {"snoozed_until": _ahead(until, "--until")})


def deadline(edit: Editing, due: float | None, by: str, reason: str) -> Wanted:
    """Say by when a case must be decided."""
    if due is not None and not (math.isfinite(due) and 0 < due <= LATEST):
        raise CaseError("the deadline is no time", where="DUE", do="write 2026-12-31T00:00:00Z")
    return Wanted(Action.DUE, name_of(by), _reason(reason), {"deadline": due})


def link(edit: Editing, word: str, other: int, by: str, reason: str, *, remove: bool) -> Wanted:
    """Link a case to another, or take the link away."""
    kind, case = Link(_one_of(word, Link, "LINK")), edit.case
    if remove:
        if (str(kind), other) not in case.links:
            raise CaseError("there is no such link", where=f"case {case.id}", do="see `stillwatch case show`")
        links = tuple(one for one in case.links if one != (str(kind), other))
    else:
        links = _with_link(edit, kind, other)
    return Wanted(Action.LINKED, name_of(by), _reason(reason), {"links": links})


def _with_link(edit: Editing, kind: Link, other: int | None) -> tuple[tuple[str, int], ...]:
    if other is None or other == edit.case.id:
        raise CaseError(
            "another case must be named", where=f"case {edit.case.id}", do="give its number, as --of 12"
        )
    edit.store.case(other)
    return tuple(sorted({*edit.case.links, (str(kind), other)}))


def _until(until: float | None, settings: CaseSettings) -> float:
    ends = _ahead(until, "--until")
    return round(time.time() + settings.label_days * DAY, 6) if ends is None else ends


def _ahead(until: float | None, where: str) -> float | None:
    """A time that has not passed. Raises CaseError for another."""
    if until is not None and not time.time() < until <= LATEST:
        raise CaseError("the end has passed already, or is no time", where=where, do="give a later time")
    return until


def _permit(permit: PermitFound | None) -> dict[str, Any]:
    if permit is None:
        return {}
    texts = [permit.name, permit.organisation, *permit.models]
    if not permit.name.strip() or not all(map(storable, texts)):
        raise CaseError("the permit has no name", where="--permit", do="give one")
    return {
        "permit": permit.name.strip(),
        "organisation": permit.organisation.strip(),
        "models": sorted(set(permit.models)),
    }


def _reason(text: str) -> str:
    """A reason that need not be given."""
    return text_of(text) if text.strip() else ""


def _one_of(word: str, known: Any, where: str) -> str:
    """A word that is among those known, however it is written. Raises CaseError for another."""
    names = [str(one) for one in known]
    told = " ".join(word.replace("-", " ").replace("_", " ").lower().split())
    if told not in names:
        raise CaseError(f"there is no {where.lower()} {word[:80]!r}", where=where, do=nearest(told, names))
    return told


def _ways_out(here: State, there: State, number: int) -> str:
    ways = f"from {here} it may go to: {', '.join(MOVES[here])}"
    if there is State.CLOSED:
        return f"close it with an outcome: `stillwatch case close {number} OUTCOME`"
    if here is State.SECOND_REVIEW and there is State.ACTING:
        return f"a second person agrees with `stillwatch case review {number} --agree`; {ways}"
    return ways
