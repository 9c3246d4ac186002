"""What a check is: a question about the real state, with an answer that says on what it rests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from stillwatch.errors import StillwatchError
from stillwatch.playbooks.places import NotGiven, Places
from stillwatch.registry import Registry

LONGEST = 500
"""Characters of the evidence that is kept."""


class Holds(StrEnum):
    """What a check answers."""

    MET = "met"
    MISSING = "missing"
    NOT_APPLICABLE = "not applicable"
    CANNOT_TELL = "cannot tell"
    """What would show it was not given, or cannot be read; this is neither met nor missing."""


@dataclass(frozen=True)
class Answer:
    """What a check found."""

    holds: Holds
    """Whether it is so."""
    evidence: str
    """On what the answer rests: counts, times, names of Stillwatch's own; never a customer's text."""
    do: str = ""
    """What to do about it; empty: what the check always says."""


def met(evidence: str) -> Answer:
    """It is so."""
    return Answer(Holds.MET, evidence)


def missing(evidence: str, do: str = "") -> Answer:
    """It is not so."""
    return Answer(Holds.MISSING, evidence, do)


def told(holds: bool, evidence: str, do: str = "") -> Answer:
    """It is so, or not, as a value says."""
    return met(evidence) if holds else missing(evidence, do)


def not_applicable(evidence: str) -> Answer:
    """It does not arise."""
    return Answer(Holds.NOT_APPLICABLE, evidence)


def cannot_tell(evidence: str, do: str = "") -> Answer:
    """Nothing shows it."""
    return Answer(Holds.CANNOT_TELL, evidence, do)


class Ask(Protocol):
    """A check's function; its name is the check's."""

    __name__: str

    def __call__(self, places: Places, /) -> Answer:
        """Return the answer. Raises NotGiven, and StillwatchError, where nothing can be told."""
        ...


@dataclass(frozen=True)
class Check:
    """One check."""

    name: str
    """Its name in playbooks."""
    subject: str
    """What it is about: the name of its file."""
    says: str
    """What is so where it is met."""
    do: str
    """What to do where it is missing."""
    of_case: bool
    """Whether it is about one case."""
    ask: Ask
    """Looks."""

    def answer(self, places: Places) -> Answer:
        """Return the answer; what cannot be read is told as such, and never as met or missing."""
        try:
            found = self.ask(places)
        except NotGiven as error:
            return cannot_tell(str(error), error.do)
        except StillwatchError as error:
            return cannot_tell(" ".join(error.what.split())[:LONGEST], error.do or self.do)
        do = "" if found.holds is Holds.MET else found.do or self.do
        return Answer(found.holds, " ".join(found.evidence.split())[:LONGEST], do)


CHECKS: Registry[Check] = Registry("check", "stillwatch.playbooks.checks")
"""Every check; adding one is adding a function to a file of folder `checks`, or a file."""


def check(*, says: str, do: str, of_case: bool = False) -> Callable[[Ask], Ask]:
    """Register a function from Places to an Answer; its name is the check's name."""

    def register(ask: Ask) -> Ask:
        subject = getattr(ask, "__module__", "").rpartition(".")[2]
        CHECKS.add(ask.__name__, Check(ask.__name__, subject, says, do, of_case, ask))
        return ask

    return register
