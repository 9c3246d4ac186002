"""A rule as its file has it, checked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from stillwatch.response.inputs import Inputs
from stillwatch.response.ladder import Action
from stillwatch.response.language.expression import Expression, Scalar


class RuleKind(StrEnum):
    """What a rule is for; rules are taken in this order."""

    PERMIT = "permit"
    """It lets requests through: where it acts, no other rule does."""
    BLOCK = "block"
    """It refuses: block, verify."""
    FRICTION = "friction"
    """It makes harvesting dearer: mark, summarise, trim, slow, route."""
    REVIEW = "review"
    """It asks a person to look."""
    OBSERVE = "observe"
    """It is recorded, and nothing else."""


@dataclass(frozen=True, slots=True)
class Example:
    """A state that a rule must touch, or spare."""

    given: tuple[tuple[str, Scalar], ...]
    """Fields by full name, as account.tier, sorted, with their values; all others have their defaults."""
    inputs: Inputs
    """The whole state."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    name: str
    """Its name, the same in all its versions."""
    when: Expression
    """Its condition, with every name replaced by what it stands for."""
    action: Action
    """What it does."""
    kind: RuleKind
    """Where it stands in the order."""
    expires_s: int = 0
    """Seconds that the step lasts for an account; 0 for rules that take none."""
    onset_s: int = 0
    """Seconds over which its beginning is spread."""
    reason: str = ""
    """The code that the customer is told."""
    remedy: str = ""
    """What a person is asked to see to; of reviews only."""
    ceiling: int = 0
    """Benign accounts of replayed days that it may touch."""
    touches: tuple[Example, ...] = ()
    """States that it must touch."""
    spares: tuple[Example, ...] = ()
    """States that it must spare."""
    about: str = ""
    """What it is for, for people."""
    version: str = ""
    """The first 12 hex digits of the SHA-256 of its canonical text."""
    line: int = 0
    """Where it stands in its file."""
