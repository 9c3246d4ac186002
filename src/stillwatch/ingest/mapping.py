"""A mapping file: where the generic reader finds each column of an unknown log."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stillwatch.errors import SettingError
from stillwatch.schema.requests import REQUESTS
from stillwatch.toml_file import known, read_toml

TEXTS = ("prompt", "system")
"""Plain text columns that become messages."""
TARGETS = (*REQUESTS.names(), *TEXTS)
UNITS = ("auto", "s", "ms", "us", "ns", "iso")


@dataclass(frozen=True)
class Mapping:
    """One mapping file."""

    columns: dict[str, str] = field(default_factory=dict)
    """Column of REQUESTS (or prompt, system) to a dotted path in the row."""
    defaults: dict[str, Any] = field(default_factory=dict)
    """Column to the value it has where the row has none."""
    time_unit: str = "auto"
    """auto, iso, or the unit of an epoch: s, ms, us, ns."""


def load_mapping(path: Path) -> Mapping:
    """Read the mapping from a TOML file. Raises SettingError naming the key at fault."""
    document = read_toml(path, "mapping file", option="--mapping")
    known(
        document,
        ("columns", "defaults", "time"),
        "the mapping has an unknown section: {}",
        where=str(path),
    )
    mapping = Mapping(
        _columns(document, str(path)), _section(document, "defaults", str(path)), _unit(document, str(path))
    )
    missing = [
        name
        for name in ("time", "account_id")
        if name not in mapping.columns and name not in mapping.defaults
    ]
    if missing:
        raise SettingError(
            f"the mapping does not say where {missing[0]} is",
            where=f"{path}, [columns]",
            do=f'add a line: {missing[0]} = "name of the column in your log"',
        )
    return mapping


def _section(document: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    section = document.get(name, {})
    if not isinstance(section, dict):
        raise SettingError(
            f"[{name}] must be a section", where=where, do=f"write [{name}] on a line of its own"
        )
    names = TARGETS if name != "time" else ("unit",)
    known(section, names, f"the mapping has an unknown key in [{name}]: {{}}", where=where)
    return section


def _columns(document: dict[str, Any], where: str) -> dict[str, str]:
    columns = _section(document, "columns", where)
    for key, value in columns.items():
        if not isinstance(value, str) or not value:
            raise SettingError(
                f"columns.{key} must be the name of a column in the log",
                where=where,
                do=f'write {key} = "name"',
            )
    return columns


def _unit(document: dict[str, Any], where: str) -> str:
    unit = _section(document, "time", where).get("unit", "auto")
    if unit not in UNITS:
        raise SettingError(
            f"time.unit must be one of {', '.join(UNITS)}",
            where=where,
            do="leave it out to have it found by size",
        )
    return str(unit)
