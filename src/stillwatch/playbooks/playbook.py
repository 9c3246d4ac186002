"""A playbook as it is run: steps by their ids, and what each is bound to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class StepKind(StrEnum):
    """The kinds of steps of CACAO 2.0."""

    START = "start"
    END = "end"
    ACTION = "action"
    PLAYBOOK = "playbook-action"
    IF = "if-condition"
    SWITCH = "switch-condition"
    WHILE = "while-condition"
    PARALLEL = "parallel"


PASSED = (StepKind.START, StepKind.END, StepKind.PARALLEL)
"""Steps in which nobody does anything."""


@dataclass(frozen=True)
class Binding:
    """What a step has to do with Stillwatch; all of it empty: a person does it and says so."""

    check: str = ""
    """Name of the check that tells whether it is done, or how a condition is decided."""
    action: str = ""
    """Name of what a person does with Stillwatch."""
    place: str = ""
    """Where in the console."""
    unknown: tuple[str, ...] = ()
    """Checks and actions that it names and this version does not have: the step is a person's then."""


@dataclass(frozen=True)
class Step:
    """One step of the workflow."""

    id: str
    """Its id in the playbook."""
    kind: StepKind
    """What kind of step it is."""
    name: str
    """Its name."""
    description: str = ""
    """What to do and why, in sentences."""
    commands: tuple[str, ...] = ()
    """What its commands say, to be read by a person: none of them is ever executed."""
    next: str = ""
    """The step after it."""
    on_failure: str = ""
    """The step after it, where it could not be done."""
    condition: str = ""
    """Of conditions: the condition as the file has it."""
    branches: Mapping[str, str] = field(default_factory=dict)
    """First steps of its branches: true and false of a condition, the cases of a switch, 1, 2 … of steps that
    go on side by side.
    """
    binding: Binding = field(default_factory=Binding)
    """What it is bound to."""

    def leads_to(self) -> Iterator[str]:
        """Ids of the steps that may come after it."""
        yield from self.branches.values()
        yield from (one for one in (self.next, self.on_failure) if one)


@dataclass(frozen=True)
class Playbook:
    """One playbook, checked."""

    id: str
    """Its id; the same in all its versions."""
    name: str
    """Its name."""
    title: str
    """What it is called in commands: of one that is shipped its short name, of a file the file's name."""
    description: str
    """What it is for."""
    modified: str
    """Its version: when it was last changed, as the file says."""
    start: str
    """Id of the first step."""
    steps: Mapping[str, Step]
    """Its steps by their ids, in the order in which they come."""
    references: tuple[tuple[str, str], ...]
    """Sources that it names: name and address or citation."""
    content: str
    """The whole playbook as canonical JSON."""
    sha256: str
    """SHA-256 of the content."""

    def numbered(self) -> dict[str, int]:
        """Return the number of each step that somebody does something in, from 1, by id."""
        done = (step.id for step in self.steps.values() if step.kind not in PASSED)
        return {step: number for number, step in enumerate(done, 1)}
