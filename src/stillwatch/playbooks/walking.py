"""Where a run of a playbook stands: which steps can be done now, which must wait, which are not needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from stillwatch.cases.playbook_runs import Mark, Stands
from stillwatch.playbooks.playbook import PASSED, Playbook, Step, StepKind

SETTLED = (Stands.DONE, Stands.SKIPPED, Stands.MET, Stands.NOT_APPLICABLE)
"""Marks after which the next step can be done."""
DECIDED = (StepKind.IF, StepKind.SWITCH)
"""Steps that are not done but decided."""


class Position(StrEnum):
    """Where a step stands on the way."""

    SETTLED = "settled"
    READY = "ready"
    """All before it is settled: it can be done now."""
    WAITING = "waiting"
    """Something before it is not settled."""
    DEPENDS = "depends"
    """A condition before it is not decided."""
    OFF = "not on the way"
    """A condition was decided so that it is not needed."""


RANK = tuple(Position)
"""Of two ways to one step, the position counts that comes first here."""


@dataclass(frozen=True)
class Walked:
    """The positions of all steps."""

    positions: Mapping[str, Position]
    """By step; without starts, ends and parallel steps."""
    complete: bool
    """Whether every step on the way is settled."""


def walked(playbook: Playbook, marks: Mapping[str, Mark]) -> Walked:
    """Return where each step stands."""
    walk = _Walk(playbook.steps, marks)
    end = walk.follow(playbook.start, Position.READY)
    return Walked(walk.positions, end is Position.READY)


class _Walk:
    def __init__(self, steps: Mapping[str, Step], marks: Mapping[str, Mark]) -> None:
        self._steps, self._marks = steps, marks
        self._known: dict[tuple[str, Position], Position] = {}
        self.positions = {name: Position.OFF for name, step in steps.items() if step.kind not in PASSED}

    def follow(self, name: str, way: Position) -> Position:
        """Go from a step to the end of its branch; return how it stands there: READY if all is settled."""
        key = (name, way)
        if key not in self._known:  # many ways may lead to one step
            self._known[key] = self._follow(self._steps[name], way)
        return self._known[key]

    def _follow(self, step: Step, way: Position) -> Position:
        if step.kind is StepKind.END:
            return way
        if step.kind is StepKind.START:
            return self.follow(step.next, way)
        if step.kind is StepKind.PARALLEL:
            ends = [self.follow(one, way) for one in step.branches.values()]
            return self.follow(step.next, max(ends, key=RANK.index))
        mark = self._marks.get(step.id)
        if step.kind in DECIDED:
            return self._decided(step, way, mark)
        if mark is not None and mark.stands == Stands.FAILED and step.on_failure:
            self._stand(step, Position.SETTLED if way is Position.READY else way)
            return self.follow(step.on_failure, way)
        settled = mark is not None and mark.stands in SETTLED
        self._stand(step, Position.SETTLED if settled and way is not Position.DEPENDS else way)
        return self.follow(step.next, way if settled else max(way, Position.WAITING, key=RANK.index))

    def _decided(self, step: Step, way: Position, mark: Mark | None) -> Position:
        if mark is None or mark.stands != Stands.CHOSEN:
            self._stand(step, way)
            for one in step.branches.values():
                self.follow(one, Position.DEPENDS)
            return self.follow(step.next, max(way, Position.WAITING, key=RANK.index))
        self._stand(step, Position.SETTLED if way is not Position.DEPENDS else way)
        branch = step.branches.get(mark.choice)
        return self.follow(step.next, self.follow(branch, way) if branch else way)

    def _stand(self, step: Step, position: Position) -> None:
        self.positions[step.id] = min(self.positions[step.id], position, key=RANK.index)
