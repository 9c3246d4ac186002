"""What people do with a case: each act takes the version of the case that was looked at."""

from __future__ import annotations

import time
from typing import Annotated, Literal

import msgspec

from stillwatch.cases.case import Case
from stillwatch.cases.deciding import PermitFound
from stillwatch.cases.words import LONGEST_NAME, LONGEST_TEXT
from stillwatch.console.act import Act
from stillwatch.console.case_of_path import case_of_path
from stillwatch.console.choices import AGREE, CLOSE, REST
from stillwatch.console.conflict import told
from stillwatch.console.done import Done
from stillwatch.console.form_times import time_of
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.errors import CaseError
from stillwatch.guard.moments import told as told_time
from stillwatch.report import formatting

DAY = 86_400.0
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TEXT)]
Words = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]
Name = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
Number = Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
Version = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
There = Annotated[str, msgspec.Meta(max_length=1_000)]


class DecisionFields(msgspec.Struct):
    """A decision: a state to move to, `close: OUTCOME`, or snooze; with a reason."""

    decision: Name
    reason: Reason
    version: Version
    duplicate_of: Number | None = None
    permit: Name = ""
    organisation: Name = ""
    days: Annotated[float, msgspec.Meta(gt=0, le=3_650)] | None = None
    until: Name = ""
    then: There = ""


class ReviewFields(msgspec.Struct):
    """The answer of a second person."""

    decision: Literal["agree", "disagree"]
    reason: Reason
    version: Version
    then: There = ""


class AssignFields(msgspec.Struct):
    """Whom a case is given to; empty: it is given back."""

    version: Version
    to: Name = ""
    reason: Words = ""
    then: There = ""


class TakeFields(msgspec.Struct):
    """To take a case oneself."""

    version: Version
    then: There = ""


class NoteFields(msgspec.Struct):
    """A note."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TEXT)]
    then: There = ""


class TagFields(msgspec.Struct):
    """Tags to put on, in one text with spaces or commas between, and tags to take off."""

    add: Annotated[str, msgspec.Meta(max_length=1_000)] = ""
    remove: list[Name] = []
    then: There = ""


class SnoozeFields(msgspec.Struct):
    """Until when a case rests; neither a time nor days: it is woken."""

    reason: Reason
    version: Version
    until: Name = ""
    days: Annotated[float, msgspec.Meta(gt=0, le=3_650)] | None = None
    then: There = ""


class DeadlineFields(msgspec.Struct):
    """By when a case must be decided; empty: no such time."""

    version: Version
    due: Name = ""
    reason: Words = ""
    then: There = ""


class LinkFields(msgspec.Struct):
    """A link to another case, or one to be taken away."""

    link: Name
    other: Number
    version: Version
    reason: Words = ""
    remove: bool = False
    then: There = ""


def decide(seen: Seen, fields: DecisionFields) -> Done:
    """Move a case, close it, or let it rest."""
    case = case_of_path(seen)
    if fields.decision == REST:
        rest = SnoozeFields(fields.reason, fields.version, fields.until, fields.days, fields.then)
        return snooze(seen, rest)
    cases, by = seen.doors.cases, seen.user.name
    with told(cases, case.id):
        if fields.decision.startswith(CLOSE):
            outcome = fields.decision.removeprefix(CLOSE)
            duplicate = outcome == "duplicate"
            after = cases.close(
                case.id,
                outcome,
                by=by,
                reason=fields.reason,
                version=fields.version,
                until=time_of(fields.until, "until"),
                duplicate_of=fields.duplicate_of if duplicate else None,
                permit=permit_of(fields.permit, fields.organisation) if outcome == "licensed" else None,
            )
            return _done(seen, after, f"Case {case.id} is closed: {after.outcome}.", fields.then)
        after = cases.move(case.id, fields.decision, by=by, reason=fields.reason, version=fields.version)
    return _done(seen, after, f"Case {case.id} is {after.state} now.", fields.then)


def review(seen: Seen, fields: ReviewFields) -> Done:
    """Agree as the second person, or do not."""
    case, cases = case_of_path(seen), seen.doors.cases
    agree = fields.decision == AGREE
    with told(cases, case.id):
        after = cases.review(
            case.id, agree=agree, by=seen.user.name, reason=fields.reason, version=fields.version
        )
    how = "You agreed" if agree else "You did not agree"
    return _done(seen, after, f"{how}: case {case.id} is {after.state} now.", fields.then)


def assign(seen: Seen, fields: AssignFields) -> Done:
    """Give a case to somebody, or back."""
    case, cases = case_of_path(seen), seen.doors.cases
    with told(cases, case.id):
        after = cases.assign(
            case.id, fields.to, by=seen.user.name, reason=fields.reason, version=fields.version
        )
    return _done(seen, after, f"Case {case.id} is with {after.assignee or 'nobody'} now.", fields.then)


def take(seen: Seen, fields: TakeFields) -> Done:
    """Take a case oneself."""
    return assign(seen, AssignFields(fields.version, seen.user.name, then=fields.then))


def note(seen: Seen, fields: NoteFields) -> Done:
    """Write a note on a case; it takes nothing away from anybody, so no version is asked for."""
    after = seen.doors.cases.note(case_of_path(seen).id, fields.text, by=seen.user.name)
    there = page_after(fields.then, f"/cases/{after.id}")
    return Done(there, "The note is kept.", {"case": after.id, "version": after.version})


def tag(seen: Seen, fields: TagFields) -> Done:
    """Put tags on a case, or take them off."""
    put = fields.add.replace(",", " ").split()
    after = seen.doors.cases.tag(case_of_path(seen).id, put, fields.remove, by=seen.user.name)
    return _done(seen, after, f"Tags: {', '.join(after.tags) or 'none'}.", fields.then)


def snooze(seen: Seen, fields: SnoozeFields) -> Done:
    """Let a case rest until a time, or wake it."""
    case, cases = case_of_path(seen), seen.doors.cases
    until = time_of(fields.until, "until")
    if until is None and fields.days is not None:
        until = round(time.time() + fields.days * DAY, 6)
    with told(cases, case.id):
        after = cases.snooze(case.id, until, by=seen.user.name, reason=fields.reason, version=fields.version)
    how = "awake" if until is None else f"resting until {told_time(until)[:16].replace('T', ' ')} UTC"
    return _done(seen, after, f"Case {case.id} is {how}.", fields.then)


def deadline(seen: Seen, fields: DeadlineFields) -> Done:
    """Say by when a case must be decided."""
    case, cases = case_of_path(seen), seen.doors.cases
    due = time_of(fields.due, "due")
    with told(cases, case.id):
        after = cases.deadline(case.id, due, by=seen.user.name, reason=fields.reason, version=fields.version)
    how = "has no deadline" if due is None else f"is due by {told_time(due)[:16].replace('T', ' ')} UTC"
    return _done(seen, after, f"Case {case.id} {how}.", fields.then)


def link(seen: Seen, fields: LinkFields) -> Done:
    """Link a case to another, or take the link away."""
    case, cases = case_of_path(seen), seen.doors.cases
    with told(cases, case.id):
        after = cases.link(
            case.id,
            fields.link,
            fields.other,
            by=seen.user.name,
            reason=fields.reason,
            remove=fields.remove,
            version=fields.version,
        )
    how = "The link is taken away" if fields.remove else f"It is {fields.link} case {fields.other} now"
    return _done(seen, after, f"{formatting.sentence(how)}", fields.then)


def permit_of(name: str, organisation: str) -> PermitFound | None:
    """Return the permit that was found; None where none is named. Raises CaseError for one without a name."""
    if organisation.strip() and not name.strip():
        raise CaseError("an organisation was given without a permit", where="permit", do="name the permit")
    return PermitFound(name, organisation) if name.strip() else None


def page_after(then: str, otherwise: str) -> str:
    """Return the page to go to: within the console, and one of those that offer acts."""
    inside = then.startswith(("/queue", "/cases/", "/campaigns", "/accounts"))
    return then if inside and then.isascii() and then.isprintable() and "\\" not in then else otherwise


def _done(seen: Seen, case: Case, sentence: str, then: str) -> Done:
    result = {"case": case.id, "version": case.version, "state": case.state, "outcome": case.outcome}
    return Done(page_after(then, f"/cases/{case.id}"), sentence, result)


CASE = "/cases/{number:int}"
ACTS = (
    Act(f"{CASE}/decision", "Decide about a case", Role.ANALYST, DecisionFields, decide),
    Act(f"{CASE}/review", "Answer a second review", Role.APPROVER, ReviewFields, review),
    Act(f"{CASE}/assign", "Give a case to somebody", Role.ANALYST, AssignFields, assign),
    Act(f"{CASE}/take", "Take a case", Role.ANALYST, TakeFields, take),
    Act(f"{CASE}/note", "Write a note", Role.ANALYST, NoteFields, note),
    Act(f"{CASE}/tags", "Put tags on a case, or take them off", Role.ANALYST, TagFields, tag),
    Act(f"{CASE}/snooze", "Let a case rest, or wake it", Role.ANALYST, SnoozeFields, snooze),
    Act(f"{CASE}/deadline", "Set a deadline", Role.ANALYST, DeadlineFields, deadline),
    Act(f"{CASE}/link", "Link a case to another", Role.ANALYST, LinkFields, link),
)
