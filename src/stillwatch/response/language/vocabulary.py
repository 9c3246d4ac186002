"""The names of the language: fields of the state and the request, the values they may have, and steps."""

from __future__ import annotations

import typing
from dataclasses import fields
from typing import Any

from stillwatch.response.inputs import Inputs
from stillwatch.response.language.expression import Field, Kind, Scalar
from stillwatch.schema.codes import Role, Tier

VERDICTS = ("adversarial", "coordinated", "unlicensed", "authorised", "benign")
KNOWN: dict[tuple[str, str], tuple[str, ...]] = {
    ("account", "tier"): (*map(str, Tier), ""),
    ("campaign", "verdict"): (*VERDICTS, ""),
    ("campaign", "role"): tuple(map(str, Role)),
}
"""Fields that have a few values only; a comparison with any other is a fault."""
KINDS = {bool: Kind.BOOL, int: Kind.WHOLE, float: Kind.REAL, str: Kind.TEXT}
STEPS = ("observe", "mark", "summarise", "trim", "slow", "verify", "route", "block", "review", "permit")
"""Functions that say what a rule does."""
SPANS = {"days": 86_400, "hours": 3_600, "minutes": 60}
"""Functions that give a time, with its seconds."""
FUNCTIONS = (*STEPS, *SPANS, "hidden", "rule", "case")


def _sections() -> dict[str, dict[str, Field]]:
    hints: dict[str, Any] = typing.get_type_hints(Inputs)
    return {
        part.name: {
            name: Field(part.name, name, KINDS[kind])
            for name, kind in typing.get_type_hints(hints[part.name]).items()
        }
        for part in fields(Inputs)
    }


SECTIONS = _sections()
"""Every field that a rule may name, by section and name."""


def _arguments() -> dict[str, Field]:
    found: dict[str, Field] = {}
    every = [field for section in SECTIONS.values() for field in section.values()]
    for field in every:
        found[f"{field.section}_{field.name}"] = field
        if sum(other.name == field.name for other in every) == 1:
            found[field.name] = field
    return found


ARGUMENTS = _arguments()
"""Every field by its name in a case: alone where only one section has it, and with its section's before."""


def known_values(field: Field) -> tuple[str, ...]:
    """Return all values that a field may have; empty where it may have any."""
    return KNOWN.get((field.section, field.name), ())


def listed(values: tuple[Scalar, ...]) -> str:
    """Return values in words."""
    return ", ".join(f'"{value}"' if isinstance(value, str) else str(value) for value in values)
