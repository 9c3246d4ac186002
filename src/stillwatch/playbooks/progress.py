"""A run of a playbook as people see it: where each step stands, what its check finds, and since when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.cases.playbook_runs import Mark, PlaybookRun, Stands
from stillwatch.cases.words import MACHINE
from stillwatch.guard.moments import told, told_or_none
from stillwatch.playbooks.actions import ACTIONS
from stillwatch.playbooks.check import CHECKS, Answer, Holds
from stillwatch.playbooks.playbook import Playbook, Step
from stillwatch.playbooks.walking import DECIDED, Position, walked


@dataclass(frozen=True)
class StepShown:
    """One step of a run."""

    number: int
    """Its number, by which commands name it."""
    step: Step
    """What it says."""
    position: Position
    """Where it stands on the way."""
    mark: Mark | None
    """What was said of it; None: nothing."""
    answer: Answer | None
    """What its check finds now; None: it has none, or it is not on the way."""
    since: float | None
    """When its check was first seen not to be met, POSIX seconds; None: it is met, or that is not known."""

    @property
    def holds(self) -> Holds | None:
        """What its check finds, or found; None: it has none, it is a condition, or a person has spoken."""
        if self.step.kind in DECIDED or (self.mark is not None and self.mark.actor != MACHINE):
            return None
        if self.answer is not None:
            return self.answer.holds
        known = {str(word): word for word in Holds}
        return known.get(self.mark.stands) if self.mark is not None else None

    def document(self) -> dict[str, Any]:
        """Return it for people and programs: times as ISO 8601."""
        binding, mark, answer = self.step.binding, self.mark, self.answer
        action = ACTIONS.get(binding.action)
        return {
            "number": self.number,
            "step": self.step.id,
            "kind": str(self.step.kind),
            "name": self.step.name,
            "description": self.step.description,
            "position": str(self.position),
            "commands": list(self.step.commands),
            "choices": sorted({*self.step.branches}),
            "may_fail": bool(self.step.on_failure),
            "check": binding.check,
            "action": binding.action,
            "command": action.command if action else "",
            "place": binding.place or (action.place if action else ""),
            "unknown": list(binding.unknown),
            "mark": None
            if mark is None
            else {
                "stands": mark.stands,
                "since": told(mark.since),
                "by": mark.actor,
                "reason": mark.reason,
                "choice": mark.choice,
            },
            "answer": None if answer is None else answer_document(answer),
            "missing_since": told_or_none(self.since),
        }


@dataclass(frozen=True)
class Progress:
    """One run, whole."""

    run: PlaybookRun
    """The run."""
    playbook: Playbook
    """The playbook as it was when the run began."""
    steps: tuple[StepShown, ...]
    """Its steps, in their order."""
    complete: bool
    """Whether every step on the way is settled."""
    newer: bool
    """Whether the package ships another version of this playbook now."""

    @property
    def next(self) -> tuple[StepShown, ...]:
        """The steps that can be done now."""
        return tuple(one for one in self.steps if one.position is Position.READY)

    @property
    def missing(self) -> tuple[StepShown, ...]:
        """The steps on the way whose check is not met, whether they can be done now or must wait."""
        return tuple(
            one
            for one in self.steps
            if one.position in (Position.READY, Position.WAITING) and one.holds is Holds.MISSING
        )

    def document(self) -> dict[str, Any]:
        """Return it for people and programs: times as ISO 8601."""
        return {
            "case": self.run.case,
            "number": self.run.number,
            "playbook": self.run.title,
            "id": self.run.playbook,
            "name": self.playbook.name,
            "version": self.playbook.modified,
            "sha256": self.run.sha256,
            "newer": self.newer,
            "state": self.run.state,
            "begun": told(self.run.begun),
            "begun_by": self.run.begun_by,
            "updated": told(self.run.updated),
            "next": [one.number for one in self.next],
            "missing": [one.number for one in self.missing],
            "steps": [one.document() for one in self.steps],
        }


def progress_of(
    run: PlaybookRun,
    playbook: Playbook,
    answers: Mapping[str, Answer],
    failing: Mapping[str, float],
    *,
    newer: bool,
) -> Progress:
    """Return a run as people see it. failing: since when checks are not met."""
    walk = walked(playbook, run.marks)
    steps = []
    for name, number in playbook.numbered().items():
        step, position, mark = playbook.steps[name], walk.positions[name], run.marks.get(name)
        on_way = position is not Position.OFF
        answer = answers.get(step.binding.check) if on_way else None
        steps.append(StepShown(number, step, position, mark, answer, _since(step, mark, answer, failing)))
    return Progress(run, playbook, tuple(steps), walk.complete, newer)


def _since(
    step: Step, mark: Mark | None, answer: Answer | None, failing: Mapping[str, float]
) -> float | None:
    """The first time that a check was seen not to be met; of a run without its places, when that was said."""
    said = mark is not None and mark.stands == Stands.MISSING
    if step.kind in DECIDED or not (said if answer is None else answer.holds is Holds.MISSING):
        return None
    return failing.get(step.binding.check, mark.since if mark is not None and said else None)


def answer_document(answer: Answer) -> dict[str, Any]:
    """Return an answer for people and programs."""
    return {"holds": str(answer.holds), "evidence": answer.evidence, "do": answer.do}


def says(name: str) -> str:
    """Return what is so where a check is met; empty for a check that there is not."""
    found = CHECKS.all().get(name)
    return found.says if found else ""
