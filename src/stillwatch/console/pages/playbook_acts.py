"""What people do with a run of a playbook: begin it, let its checks look, speak of a step, end it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from stillwatch.cases.words import LONGEST_NAME, LONGEST_TEXT
from stillwatch.console.act import Act
from stillwatch.console.case_of_path import case_of_path
from stillwatch.console.done import Done
from stillwatch.console.not_there import NotThere
from stillwatch.console.pages.playbook_runs import run_of_path
from stillwatch.console.playbook_desk import DESK
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.playbooks.marking import Said
from stillwatch.playbooks.progress import Progress
from stillwatch.playbooks.shipped import NAMES

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TEXT)]
Words = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]
Name = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]


class BeginFields(msgspec.Struct):
    """A playbook to begin; `new`: beside a run of it that is there already."""

    playbook: Name
    reason: Words = ""
    new: bool = False


class LookFields(msgspec.Struct):
    """Nothing."""


class StepFields(msgspec.Struct):
    """What a person says of a step; `choice` of a condition: the branch."""

    step: Annotated[int, msgspec.Meta(ge=1, le=1_000)]
    stands: Literal["done", "skipped", "failed", "chosen", "open"]
    reason: Reason
    choice: Name = ""


class EndFields(msgspec.Struct):
    """Why a run ends before all its steps are settled."""

    reason: Reason


def begin(seen: Seen, fields: BeginFields) -> Done:
    """Begin a playbook for a case, or go on with it."""
    case, playbooks = case_of_path(seen), DESK.of(seen.doors)
    if fields.playbook not in NAMES:
        raise NotThere(
            "there is no such playbook", where=fields.playbook[:80], do="see the list of playbooks"
        )
    found = playbooks.begin(
        playbooks.named(fields.playbook), case.id, by=seen.user.name, reason=fields.reason, new=fields.new
    )
    return _done(found, f"{found.playbook.name}: {_left(found)}")


def look(seen: Seen, _fields: LookFields) -> Done:
    """Let the checks of a run look at the real state again."""
    run = run_of_path(seen).run
    found = DESK.of(seen.doors).refresh(run.case, run.number)
    return _done(found, f"The checks have looked: {_left(found)}")


def mark(seen: Seen, fields: StepFields) -> Done:
    """Say of a step that it is done, skipped, failed or decided, or take that back."""
    run = run_of_path(seen).run
    said = Said(fields.stands, seen.user.name, fields.reason, fields.choice)
    found = DESK.of(seen.doors).mark(run.case, run.number, fields.step, said)
    how = "is taken back" if fields.stands == "open" else f"is {fields.stands}"
    return _done(found, f"Step {fields.step} {how}: {_left(found)}")


def end(seen: Seen, fields: EndFields) -> Done:
    """End a run before all its steps are settled."""
    run = run_of_path(seen).run
    found = DESK.of(seen.doors).end(run.case, run.number, by=seen.user.name, reason=fields.reason)
    return _done(found, "The run is ended.")


def _left(found: Progress) -> str:
    if found.complete:
        return "every step on the way is settled."
    ready, missing = len(found.next), len(found.missing)
    can = f"{ready} step{'' if ready == 1 else 's'} can be done now"
    return f"{can}, {missing} {'has' if missing == 1 else 'have'} something missing."


def _done(found: Progress, said: str) -> Done:
    run = found.run
    there = f"/cases/{run.case}/playbooks/{run.number}"
    return Done(there, said, found.document())


RUN = "/cases/{number:int}/playbooks/{run:int}"
ACTS = (
    Act("/cases/{number:int}/playbooks", "Begin a playbook", Role.ANALYST, BeginFields, begin),
    Act(f"{RUN}/look", "Let checks look again", Role.ANALYST, LookFields, look),
    Act(f"{RUN}/steps", "Say what is so of a step", Role.ANALYST, StepFields, mark),
    Act(f"{RUN}/end", "End a run", Role.ANALYST, EndFields, end),
)
