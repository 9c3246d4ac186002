"""Conditions where some fields are not known: when they may hold, and when they must."""

from __future__ import annotations

from collections.abc import Callable

from stillwatch.response.language.expression import (
    Const,
    Expression,
    Field,
    Logic,
    Not,
    fields_of,
)

Unknown = Callable[[Field], bool]


def possible(condition: Expression, unknown: Unknown) -> Expression:
    """Return a condition without unknown fields that holds wherever the given one may hold."""
    return _bound(condition, unknown, may=True)


def certain(condition: Expression, unknown: Unknown) -> Expression:
    """Return a condition without unknown fields that holds only where the given one must hold."""
    return _bound(condition, unknown, may=False)


def _bound(condition: Expression, unknown: Unknown, *, may: bool) -> Expression:
    if isinstance(condition, Not):
        return Not(_bound(condition.of, unknown, may=not may))
    if isinstance(condition, Logic):
        parts = tuple(_bound(part, unknown, may=may) for part in condition.parts)
        return Logic(condition.every, parts)
    if any(unknown(field) for field in fields_of(condition)):
        return Const(may)
    return condition
