"""Checked expressions: what a condition is made of once names, types and bounds are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

Scalar = bool | int | float | str


class Kind(StrEnum):
    """What a value is; said in messages."""

    BOOL = "true or false"
    WHOLE = "a whole number"
    REAL = "a number"
    TEXT = "a string"

    @property
    def number(self) -> bool:
        """Whether it can be computed with."""
        return self in (Kind.WHOLE, Kind.REAL)


@dataclass(frozen=True, slots=True)
class Const:
    """A value that stands in the file."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the state or of the request."""

    section: str
    """account, permit, campaign, request or budget."""
    name: str
    """Its name there."""
    kind: Kind
    """What it is."""

    def __str__(self) -> str:
        return f"{self.section}.{self.name}"


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    of: Expression


@dataclass(frozen=True, slots=True)
class Logic:
    """Several conditions, of which each must hold, or one."""

    every: bool
    """Whether each must hold (`and`); else one is enough (`or`)."""
    parts: tuple[Expression, ...]
    """At least two."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A chain of comparisons, as 0 < a <= b."""

    first: Expression
    rest: tuple[tuple[str, Expression], ...]
    """Each operator with what stands after it."""


@dataclass(frozen=True, slots=True)
class Member:
    """Whether a value is among a few."""

    of: Expression
    values: tuple[Scalar, ...]
    """Of one type."""
    inside: bool
    """Whether it must be (`in`); else it must not (`not in`)."""


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A sum, a difference or a product."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Negative:
    """A number with the other sign."""

    of: Expression


Expression = Const | Field | Not | Logic | Comparison | Member | Arithmetic | Negative


def parts_of(expression: Expression) -> tuple[Expression, ...]:
    """Return what stands directly inside."""
    match expression:
        case Not(of) | Negative(of) | Member(of):
            return (of,)
        case Logic(_, parts):
            return parts
        case Comparison(first, rest):
            return (first, *(after for _, after in rest))
        case Arithmetic(_, left, right):
            return (left, right)
    return ()


def fields_of(expression: Expression) -> Iterator[Field]:
    """Each field that is looked at, as often as it is."""
    waiting = [expression]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Field):
            yield one
        waiting.extend(parts_of(one))
