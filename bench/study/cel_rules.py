"""A checked expression in the Common Expression Language, evaluated by its Rust implementation."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from stillwatch.response.inputs import Inputs
from stillwatch.response.language.expression import (
    Arithmetic,
    Comparison,
    Const,
    Expression,
    Field,
    Logic,
    Member,
    Negative,
    Not,
    Scalar,
)


def cel_of(expression: Expression) -> str:
    """The expression as CEL writes it. Numbers of both kinds are made doubles where they meet."""
    match expression:
        case Const(value):
            return _scalar(value)
        case Field():
            return str(expression)
        case Not(of):
            return f"!({cel_of(of)})"
        case Negative(of):
            return f"-({cel_of(of)})"
        case Logic(every, parts):
            return "(" + (" && " if every else " || ").join(map(cel_of, parts)) + ")"
        case Comparison(first, rest):
            left, pairs = first, []
            for sign, right in rest:
                pairs.append(f"({cel_of(left)} {sign} {cel_of(right)})")
                left = right
            return f"({' && '.join(pairs)})"
        case Member(of, values, inside):
            found = f"({cel_of(of)} in [{', '.join(map(_scalar, values))}])"
            return found if inside else f"!{found}"
        case Arithmetic(sign, left, right):
            return f"({cel_of(left)} {sign} {cel_of(right)})"


def _scalar(value: Scalar) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)


def world_of(inputs: Inputs) -> dict[str, Any]:
    """A state as CEL's variables."""
    return asdict(inputs)
