"""The steps of a playbook in the order in which they are read: indented where a condition leads to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stillwatch.playbooks.actions import ACTIONS
from stillwatch.playbooks.check import CHECKS
from stillwatch.playbooks.playbook import PASSED, Playbook, Step, StepKind

DEEPEST = 4
"""Levels that are indented; deeper ones stand with these."""


@dataclass(frozen=True)
class Line:
    """A step, or what stands above the steps of a branch."""

    depth: int
    """How deep it stands."""
    heading: str = ""
    """When the steps below are to be done; empty: it is a step."""
    number: int = 0
    """The step's number."""
    step: Step | None = None
    """The step."""


def flow(playbook: Playbook) -> list[Line]:
    """Return every step once, each after what leads to it."""
    return list(_Flow(playbook).after(playbook.start, 0))


class _Flow:
    def __init__(self, playbook: Playbook) -> None:
        self._steps, self._numbers = playbook.steps, playbook.numbered()
        self._told: set[str] = set()

    def after(self, name: str, depth: int) -> Iterator[Line]:
        """A step and all that comes after it."""
        while name and name not in self._told:
            self._told.add(name)
            step = self._steps[name]
            if step.kind not in PASSED:
                yield Line(min(depth, DEEPEST), number=self._numbers[name], step=step)
            for heading, first in _branches(step, self._numbers.get(name, 0)):
                below = list(self.after(first, depth + 1))
                if below:
                    yield Line(min(depth + 1, DEEPEST), heading=heading)
                    yield from below
            name = step.next


def _branches(step: Step, number: int) -> Iterator[tuple[str, str]]:
    for word, first in step.branches.items():
        if step.kind is StepKind.PARALLEL:
            yield f"Side by side, {word} of {len(step.branches)}", first
        elif step.kind is StepKind.IF:
            yield f"If {'so' if word == 'true' else 'not'} (step {number})", first
        else:
            yield f"If it is {word} (step {number})", first
    if step.on_failure:
        yield f"If step {number} cannot be done", step.on_failure


def told(step: Step, case: int | None = None) -> dict[str, object]:
    """Return how a step is told: what its check asks, what to do with which command, where. case: a number
    that stands for CASE.
    """
    check, action = CHECKS.all().get(step.binding.check), ACTIONS.get(step.binding.action)
    number = "CASE" if case is None else str(case)
    given = [command for command in step.commands if command.rstrip(".") != step.name.rstrip(".")]
    commands = dict.fromkeys([*given, *([action.command] if action else [])])
    return {
        "name": step.name,
        "description": step.description,
        "kind": str(step.kind),
        "decided": step.kind in (StepKind.IF, StepKind.SWITCH),
        "checked": check.says if check else "",
        "do": (check.do if check else "").replace("CASE", number),
        "action": action.says if action else "",
        "commands": [command.replace("CASE", number) for command in commands],
        "unknown": list(step.binding.unknown),
    }
