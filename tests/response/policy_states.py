"""Random rules and random states: in the policy's own language, and for an oracle."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from hypothesis import strategies as st

from stillwatch.response.inputs import Inputs
from stillwatch.response.language.expression import Kind, Scalar
from stillwatch.response.language.vocabulary import SECTIONS, known_values

SMALL = st.integers(-9, 9)
TEXTS = ("", "pro", "large-4", "büro", "a b")
FIELDS = [field for section in SECTIONS.values() for field in section.values()]
NUMBERS = [field for field in FIELDS if field.kind.number]
WHOLE = [field for field in FIELDS if field.kind is Kind.WHOLE]
REAL = [field for field in FIELDS if field.kind is Kind.REAL]
OF_TEXT = [field for field in FIELDS if field.kind is Kind.TEXT]
OF_BOOL = [field for field in FIELDS if field.kind is Kind.BOOL]
SIGNS = ("<", "<=", ">", ">=", "==", "!=")


def literal(value: Scalar) -> str:
    """A value as the language writes it."""
    return f'"{value}"' if isinstance(value, str) else repr(value)


@st.composite
def whole_numbers(draw: Any, depth: int = 2) -> str:
    """A whole number: a constant, a field, or a sum or product of such."""
    if depth and draw(st.booleans()):
        left, right = draw(whole_numbers(depth - 1)), draw(whole_numbers(depth - 1))
        sign = draw(st.sampled_from(("+", "-", "*")))
        return f"({left} {sign} {right})"
    if draw(st.booleans()):
        return str(draw(st.sampled_from(WHOLE)))
    return literal(draw(SMALL))


@st.composite
def real_numbers(draw: Any) -> str:
    """A number that may have a fraction."""
    if draw(st.booleans()):
        return str(draw(st.sampled_from(REAL)))
    return literal(draw(st.sampled_from((-2.5, 0.0, 0.25, 0.5, 1.0, 3.5))))


@st.composite
def comparisons(draw: Any) -> str:
    """One comparison, chain, or look-up in a tuple."""
    kind = draw(st.sampled_from(("whole", "real", "chain", "text", "among", "numbers", "bool", "same")))
    sign = st.sampled_from(SIGNS)
    if kind == "whole":
        return f"{draw(whole_numbers())} {draw(sign)} {draw(whole_numbers())}"
    if kind == "real":
        return f"{draw(real_numbers())} {draw(sign)} {draw(real_numbers())}"
    if kind == "chain":
        return f"{draw(SMALL)} < {draw(whole_numbers(1))} <= {draw(whole_numbers(1))}"
    if kind == "numbers":
        values = draw(st.lists(SMALL, min_size=1, max_size=6))
        return f"{draw(whole_numbers(1))} {draw(INSIDE)} ({', '.join(map(str, values))},)"
    if kind == "bool":
        return f"{draw(st.sampled_from(OF_BOOL))} {draw(EQUAL)} {draw(st.booleans())}"
    field = draw(st.sampled_from(OF_TEXT))
    values = known_values(field) or TEXTS
    if kind == "same":
        return f"{field} {draw(EQUAL)} {draw(st.sampled_from(OF_TEXT))}"
    if kind == "among":
        several = draw(st.lists(st.sampled_from(values), min_size=1, max_size=6))
        return f"{field} {draw(INSIDE)} ({', '.join(map(literal, several))},)"
    return f"{field} {draw(EQUAL)} {literal(draw(st.sampled_from(values)))}"


INSIDE = st.sampled_from(("in", "not in"))
EQUAL = st.sampled_from(("==", "!="))


@st.composite
def mixed(draw: Any) -> str:
    """A comparison of sums in which whole numbers meet others; CEL has no such sums."""
    signs = [draw(st.sampled_from(("+", "-", "*"))) for _ in range(2)]
    left = f"({draw(whole_numbers(1))}) {signs[0]} {draw(real_numbers())} {signs[1]} {draw(whole_numbers(1))}"
    return f"{left} {draw(st.sampled_from(SIGNS))} -({draw(real_numbers())})"


@st.composite
def conditions(draw: Any, depth: int = 3) -> str:
    """A condition."""
    if depth and draw(st.booleans()):
        kind = draw(st.sampled_from(("and", "or", "not")))
        if kind == "not":
            return f"not ({draw(conditions(depth - 1))})"
        parts = draw(st.lists(conditions(depth - 1), min_size=2, max_size=3))
        return f" {kind} ".join(f"({part})" for part in parts)
    if draw(st.integers(0, 4)) == 0:
        return str(draw(st.sampled_from(OF_BOOL)))
    return str(draw(comparisons()))


def values_of(field: Any, *, hostile: bool) -> st.SearchStrategy[Any]:
    """Values of a field; hostile: any that its type allows, however large."""
    if field.kind is Kind.BOOL:
        return st.booleans()
    if field.kind is Kind.TEXT:
        known = st.sampled_from(known_values(field) or TEXTS)
        return known | st.text(max_size=20) if hostile else known
    if field.kind is Kind.WHOLE:
        return st.integers(-(10**400), 10**400) | SMALL if hostile else SMALL
    return st.floats() if hostile else st.sampled_from((-2.5, 0.0, 0.25, 0.5, 1.0, 3.5))


@st.composite
def states(draw: Any, *, hostile: bool = False) -> Inputs:
    """A state."""
    inputs = Inputs()
    for part in fields(Inputs):
        change = {
            name: draw(values_of(field, hostile=hostile)) for name, field in SECTIONS[part.name].items()
        }
        section = replace(getattr(inputs, part.name), **change)
        inputs = replace(inputs, **{part.name: section})
    return inputs
