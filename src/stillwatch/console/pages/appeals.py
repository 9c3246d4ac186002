"""Appeals: all of them, those that are due first; and one with the original decision beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from stillwatch.cases.remediation.remediation import Remediation
from stillwatch.cases.remedy import Appeal, Step
from stillwatch.cases.words import LONGEST_TEXT, folded
from stillwatch.console.act import Act
from stillwatch.console.done import Done
from stillwatch.console.form_times import time_of
from stillwatch.console.not_there import NotThere
from stillwatch.console.page import Page
from stillwatch.console.pages.case_acts import Name, Reason
from stillwatch.console.plan_shown import does
from stillwatch.console.recent_reasons import recent_reasons
from stillwatch.console.reveal import may_reveal, reveal
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.console.templating import with_query
from stillwatch.errors import CaseError

AT_ONCE = 100
COLUMNS = (
    Column("id", "Appeal", link="/appeals/{id}"),
    Column("case", "Case", link="/cases/{case}"),
    Column("account", "Account", "code", link="/accounts/{account}"),
    Column("state", "State"),
    Column("opened", "Came in", "time"),
    Column("due", "Answer by", "time"),
    Column("late", "Late"),
    Column("answer", "Answer"),
    Column("by", "Answered by"),
    Column("restoration", "Restoration"),
)
STEPS = (
    Column("step", "Step"),
    Column("does", "What it does"),
    Column("state", "State"),
    Column("done", "Done", "time"),
    Column("by", "Who"),
)
ANSWERS = {
    "uphold": ("The decision stands", "Nothing changes."),
    "partly": ("In part", "Nothing is done about the account for some time; it is not cleared."),
    "overturn": ("It was wrong", "All that was done ends; the account is cleared for later searches."),
}


class Filters(msgspec.Struct):
    """Which appeals; it stands in the URL."""

    state: Literal["", "open", "late", "answered"] = ""
    case: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0
    after: Annotated[int, msgspec.Meta(ge=0, lt=10**9)] = 0
    most: Annotated[int, msgspec.Meta(ge=1, le=20_000)] = AT_ONCE


class ReadFields(msgspec.Struct):
    """Why the customer's words are read."""

    reason: Reason


class AnswerFields(msgspec.Struct):
    """The answer, and what goes with it."""

    answer: Literal["uphold", "partly", "overturn"]
    reason: Reason
    compensation: Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)] = ""
    until: Name = ""


class NoFields(msgspec.Struct):
    """Nothing is asked for."""


def everything(seen: Seen) -> Shown:
    """Return appeals: open ones first, by when they are due."""
    wanted: Filters = seen.filters
    found = seen.doors.remedy.door.appeals(wanted.case or None)
    late = [one for one in found if one.state == "open" and one.due < seen.now]
    counts = {
        "open": sum(one.state == "open" for one in found),
        "late": len(late),
        "answered": sum(one.state == "answered" for one in found),
    }
    if wanted.state == "late":
        found = late
    elif wanted.state:
        found = [one for one in found if one.state == wanted.state]
    end = wanted.after + wanted.most
    more = with_query("/appeals", seen.query, after=str(end)) if end < len(found) else ""
    rows = [_row(one, seen.now) for one in found[wanted.after : end]]
    values = {"filters": msgspec.to_builtins(wanted), "counts": counts}
    tables = {"appeals": Rows(COLUMNS, rows, "Appeals", len(found), more)}
    return Shown("appeals.html", values, tables)


def one(seen: Seen) -> Shown:
    """Return one appeal."""
    return _shown(seen, _appeal(seen))


def _shown(seen: Seen, appeal: Appeal, words: str | None = None) -> Shown:
    door, settings = seen.doors.remedy.door, seen.doors.cases.settings
    original = appeal.original
    part = folded(seen.user.name) in map(folded, original.get("by", ()))
    steps = _steps(door, appeal, original)
    told = appeal.document() | {"late": appeal.state == "open" and appeal.due < seen.now}
    values = {
        "appeal": told,
        "classes": _classes(door, appeal, original),
        "another": settings.another_answers and part,
        "may_read": may_reveal(seen),
        "restored_days": settings.restored_days,
        "gateway": seen.doors.remedy.fault,
    }
    tables = {"steps": Rows(STEPS, steps, "What was done about the account")}
    parts = {
        "found": appeal,
        "words": words,
        "answers": ANSWERS,
        "reasons": recent_reasons(seen),
        "texts": seen.doors.settings.console.texts,
    }
    return Shown("appeal.html", values, tables, parts, f"Appeal {appeal.id}")


def read(seen: Seen, fields: ReadFields) -> Done:
    """Read what the customer wrote; that somebody did is logged before it is shown."""
    appeal, door = _appeal(seen), seen.doors.remedy.door
    words = reveal(
        seen,
        f"appeal {appeal.id}",
        fields.reason,
        lambda: door.appeal_text(appeal.id, by=seen.user.name, reason=fields.reason),
    )
    see = f"/appeals/{appeal.id}"
    shown = _shown(seen, appeal, words)
    return Done(see, "The look is logged.", {"appeal": appeal.id, "words": words}, shown=shown)


def answer(seen: Seen, fields: AnswerFields) -> Done:
    """Answer an appeal; what was done is restored at once where the gateway can be written."""
    appeal, desk = _appeal(seen), seen.doors.remedy
    until = time_of(fields.until, "until") if fields.answer != "uphold" else None
    made = desk.door.answer_appeal(
        appeal.id,
        fields.answer,
        by=seen.user.name,
        reason=fields.reason,
        compensation=fields.compensation,
        until=until,
    )
    how = {"": "", "due": " It waits to be restored.", "done": " What was done is restored."}
    said = f"Appeal {made.id} is answered: {ANSWERS[fields.answer][0].lower()}.{how[made.restoration]}"
    result = {"appeal": made.id, "answer": made.answer, "restoration": made.restoration}
    return Done(f"/appeals/{made.id}", said, result)


def erase(seen: Seen, fields: ReadFields) -> Done:
    """Erase what the customer wrote; the appeal and its answer stay."""
    appeal = _appeal(seen)
    seen.doors.remedy.door.erase_appeal_text(appeal.id, by=seen.user.name, reason=fields.reason)
    return Done(f"/appeals/{appeal.id}", "The customer's words are erased.", {"appeal": appeal.id})


def restore(seen: Seen, _fields: NoFields) -> Done:
    """Do at the gateway what an answer promised, where that did not happen at once."""
    appeal, desk = _appeal(seen), seen.doors.remedy
    made = desk.door.restore_appeal(appeal.id)
    return Done(f"/appeals/{made.id}", "What was done is restored.", {"restoration": made.restoration})


def _appeal(seen: Seen) -> Appeal:
    name = str(seen.path["appeal"])
    try:
        return seen.doors.remedy.door.appeal(name)
    except CaseError as error:
        if error.where != name[:80]:
            raise
        raise NotThere("there is no such appeal", where=name[:40], do="see the list of appeals") from error


def _steps(door: Remediation, appeal: Appeal, original: Mapping[str, Any]) -> list[dict[str, Any]]:
    wanted = set(original.get("steps", ()))
    found: list[Step] = [step for plan in door.plans(appeal.case_id) for step in plan.steps]
    return [
        {"step": one.id, "does": does(one), "state": one.state, "done": one.done, "by": one.by}
        for one in found
        if one.id in wanted
    ]


def _classes(door: Remediation, appeal: Appeal, original: Mapping[str, Any]) -> list[str]:
    """The classes of evidence as the customer was told them: lines of the letter's list."""
    letter = next((one for one in door.letters(appeal.case_id) if one.id == original.get("letter")), None)
    lines = letter.text.splitlines() if letter is not None else []
    return [line.removeprefix("- ").strip() for line in lines if line.startswith("- ")]


def _row(appeal: Appeal, now: float) -> dict[str, Any]:
    late = appeal.state == "open" and appeal.due < now
    return {
        "id": appeal.id,
        "case": appeal.case_id,
        "account": appeal.account,
        "state": appeal.state,
        "opened": appeal.opened,
        "due": appeal.due,
        "late": "late" if late else "",
        "answer": appeal.answer,
        "by": appeal.by,
        "restoration": appeal.restoration,
    }


ONE = "/appeals/{appeal}"
PAGES = (
    Page("/appeals", "Appeals", Role.VIEWER, everything, Filters, menu=4),
    Page(ONE, "Appeal", Role.VIEWER, one),
)
ACTS = (
    Act(f"{ONE}/read", "Read what a customer wrote", Role.APPROVER, ReadFields, read),
    Act(f"{ONE}/answer", "Answer an appeal", Role.APPROVER, AnswerFields, answer),
    Act(f"{ONE}/erase", "Erase what a customer wrote", Role.APPROVER, ReadFields, erase),
    Act(f"{ONE}/restore", "Restore what an answer promised", Role.APPROVER, NoFields, restore),
)
