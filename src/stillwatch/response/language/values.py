"""What a name of a policy may stand for, and the names assigned so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from stillwatch.response.ladder import Action, Consent
from stillwatch.response.language.expression import Expression, Kind, Scalar
from stillwatch.response.language.rule import Example, RuleKind


@dataclass(frozen=True, slots=True)
class Typed:
    """A checked expression."""

    expression: Expression
    """What it is."""
    kind: Kind
    """What its value is."""
    size: int = 1
    """Its nodes, those of the names in it included."""
    depth: int = 1
    """How deep they are inside each other."""
    most: int = 0
    """A whole number: how far from zero it can be."""


@dataclass(frozen=True, slots=True)
class Several:
    """A tuple of literals of one type."""

    values: tuple[Scalar, ...]
    """At least one."""
    kind: Kind
    """What each is."""


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time."""

    seconds: int
    """In seconds."""


@dataclass(frozen=True, slots=True)
class Does:
    """What a rule does."""

    action: Action
    """The step with what it needs."""
    kind: RuleKind
    """Where rules with this step stand in the order."""
    remedy: str = ""
    """What a person is asked to see to; of reviews only."""


Value = Typed | Several | Span | Does | Consent | Example


def said(value: Value) -> str:
    """Return what a value is, for a message."""
    match value:
        case Typed(_, kind):
            return str(kind)
        case Several():
            return "a tuple"
        case Span():
            return "a length of time"
        case Does():
            return "a step"
        case Consent():
            return "a consent"
    return "a case"


@dataclass(slots=True)
class Names:
    """The names of a file."""

    values: dict[str, Value | None] = field(default_factory=dict)
    """What each assigned name stands for; None where that was faulty, and said."""
    lines: dict[str, int] = field(default_factory=dict)
    """The line on which each name of the file is assigned first, those that come later included."""
    used: set[str] = field(default_factory=set)
    """Names that something uses."""
