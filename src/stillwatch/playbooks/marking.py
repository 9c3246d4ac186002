"""What people and checks may say of a step, and what they may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.cases.playbook_runs import Mark, PlaybookRun, RunState, Stands
from stillwatch.cases.words import MACHINE, name_of, text_of
from stillwatch.errors import PlaybookError
from stillwatch.playbooks.check import Answer, Holds
from stillwatch.playbooks.playbook import Playbook, Step, StepKind
from stillwatch.playbooks.walking import DECIDED, Position, walked

BY_PEOPLE = (Stands.DONE, Stands.SKIPPED, Stands.FAILED, Stands.CHOSEN, Stands.OPEN)
STANDS = {
    Holds.MET: Stands.MET,
    Holds.MISSING: Stands.MISSING,
    Holds.NOT_APPLICABLE: Stands.NOT_APPLICABLE,
    Holds.CANNOT_TELL: Stands.CANNOT_TELL,
}
SEE = "see `stillwatch playbook status CASE`"


@dataclass(frozen=True)
class Said:
    """What a person says of a step."""

    stands: str
    """done, skipped, failed, chosen, or open to take it back."""
    by: str
    """Who."""
    reason: str
    """Why, or what was seen."""
    choice: str = ""
    """Of a condition: the branch."""


def by_person(
    run: PlaybookRun, playbook: Playbook, wanted: int | str, said: Said, answers: Mapping[str, Answer]
) -> dict[str, Any] | None:
    """Return the mark that a person makes; None where it is so already. Raises PlaybookError for what may not
    be said now, and CaseError for a name or a reason that says nothing.
    """
    actor, reason = name_of(said.by), text_of(said.reason)
    step = step_of(playbook, wanted)
    where = f"run {run.number} for case {run.case}, step {playbook.numbered()[step.id]}"
    if run.state != RunState.OPEN:
        raise PlaybookError(f"the run is {run.state}", where=where, do="begin another: --new")
    stands = _stands(said.stands)
    mark = run.marks.get(step.id)
    if stands is Stands.OPEN:
        if mark is None or mark.actor == MACHINE:
            raise PlaybookError("nobody has said anything of this step", where=where, do=SEE)
    elif mark is not None and mark.actor != MACHINE and mark.stands != Stands.OPEN:
        if (mark.stands, mark.choice) == (stands, said.choice):
            return None
        raise PlaybookError(
            f"{mark.actor} has said that this step is {mark.stands}",
            where=where,
            do="take it back first: open",
        )
    else:
        _must_be_next(run, playbook, step, where)
        _must_fit(step, stands, said.choice, answers.get(step.binding.check), where)
    return {"step": step.id, "stands": str(stands), "actor": actor, "reason": reason, "choice": said.choice}


def by_checks(run: PlaybookRun, playbook: Playbook, answers: Mapping[str, Answer]) -> list[dict[str, Any]]:
    """Return the marks that checks make: of what they find otherwise than it stands, and of the conditions
    that can be decided now. What a person said stays.
    """
    marks = dict(run.marks)
    found: list[dict[str, Any]] = []
    while True:
        new = _one_round(playbook, marks, answers)
        if not new:
            return found
        found += new
        for one in new:
            marks[one["step"]] = mark_of_check(one)


def mark_of_check(told: Mapping[str, Any]) -> Mark:
    """Return a mark that a check makes, before it has a time."""
    return Mark(told["stands"], 0.0, MACHINE, told["reason"], told["choice"])


def step_of(playbook: Playbook, wanted: int | str) -> Step:
    """Return a step by its number or id. Raises PlaybookError where there is none."""
    numbers = playbook.numbered()
    text = str(wanted)
    for name, number in numbers.items():
        if text in (name, str(number)):
            return playbook.steps[name]
    raise PlaybookError(
        f"there is no step {text[:80]}", where="STEP", do=f"give its number, from 1 to {len(numbers)}"
    )


def _one_round(
    playbook: Playbook, marks: Mapping[str, Mark], answers: Mapping[str, Answer]
) -> list[dict[str, Any]]:
    found = []
    for name, position in walked(playbook, marks).positions.items():
        step, mark = playbook.steps[name], marks.get(name)
        answer = answers.get(step.binding.check)
        if answer is None or position in (Position.OFF, Position.DEPENDS):
            continue
        if mark is not None and mark.actor != MACHINE:
            continue
        if step.kind in DECIDED:
            if position is not Position.READY or mark is not None or answer.holds is Holds.CANNOT_TELL:
                continue
            stands, choice = Stands.CHOSEN, "true" if answer.holds is Holds.MET else "false"
        else:
            stands, choice = STANDS[answer.holds], ""
        if mark is None or mark.stands != stands:
            found.append({"step": name, "stands": str(stands), "reason": answer.evidence, "choice": choice})
    return found


def _stands(word: str) -> Stands:
    if word not in BY_PEOPLE:
        raise PlaybookError(
            f"a step cannot be {word[:80]!r}", where="STANDS", do=f"say one of: {', '.join(BY_PEOPLE)}"
        )
    return Stands(word)


def _must_be_next(run: PlaybookRun, playbook: Playbook, step: Step, where: str) -> None:
    position = walked(playbook, run.marks).positions[step.id]
    mark = run.marks.get(step.id)
    if position is Position.READY or (position is Position.SETTLED and mark is not None):
        return
    said = "comes later: something before it is not settled"
    if position is Position.OFF:
        said = "is not on the way that was chosen"
    raise PlaybookError(f"this step {said}", where=where, do=f"do the steps before it; {SEE}")


def _must_fit(step: Step, stands: Stands, choice: str, answer: Answer | None, where: str) -> None:
    """Raise PlaybookError where a mark is not one for this step."""
    decided = step.kind in DECIDED
    if decided != (stands is Stands.CHOSEN):
        do = f"choose one of: {', '.join(_choices(step))}" if decided else "it is done, skipped or failed"
        raise PlaybookError("that cannot be said of this step", where=where, do=do)
    if decided and choice not in _choices(step):
        raise PlaybookError(
            f"there is no way {choice[:80]!r}", where=where, do=f"choose one of: {', '.join(_choices(step))}"
        )
    if stands is Stands.FAILED and not step.on_failure:
        raise PlaybookError(
            "the playbook says nothing of a failure of this step", where=where, do="skip it, and say why"
        )
    tells = answer is not None and answer.holds is not Holds.CANNOT_TELL
    if (
        tells
        and answer is not None
        and (decided or (stands is Stands.DONE and answer.holds is Holds.MISSING))
    ):
        raise PlaybookError(
            f"its check decides, and finds: {answer.evidence}",
            where=where,
            do=answer.do if not decided else SEE,
        )


def _choices(step: Step) -> list[str]:
    """The ways that a condition has; without on_false, false goes on after it."""
    extra = {"true", "false"} if step.kind is StepKind.IF else set()
    return sorted({*step.branches} | extra)
