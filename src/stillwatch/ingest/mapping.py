"""A mapping file: where each column of an unknown log, edge log or accounts file is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stillwatch.allowed import Allowed, TimeForm, Zone
from stillwatch.errors import SettingError
from stillwatch.ingest.times import TimeRules
from stillwatch.schema.requests import REQUESTS
from stillwatch.settings import IngestSettings
from stillwatch.toml_file import known, read_toml

TEXTS = ("prompt", "system")
"""Plain text columns that become messages."""
TARGETS = (*REQUESTS.names(), *TEXTS)
UNITS = ("auto", "s", "ms", "us", "ns", "iso")


@dataclass(frozen=True)
class Mapping:
    """One mapping file."""

    columns: dict[str, str] = field(default_factory=dict)
    """Our column (or prompt, system) to a dotted path in the row."""
    defaults: dict[str, Any] = field(default_factory=dict)
    """Column to the value it has where the row has none."""
    time_unit: str = "auto"
    """auto, iso, or the unit of an epoch: s, ms, us, ns."""
    time_format: str = ""
    """Form of written times for strptime; empty: that of the settings."""
    time_zone: str = ""
    """IANA name of the zone of times that name none; empty: that of the settings."""
    line: str = ""
    """Form of the lines of a text log, as nginx's log_format or Apache's LogFormat has it."""


@dataclass(frozen=True)
class MappingKind:
    """What a mapping file may say of one kind of input."""

    option: str
    """Where its path is given."""
    targets: tuple[str, ...]
    """Our columns."""
    required: tuple[tuple[str, ...], ...]
    """Columns that must be named or have a default; of each of these groups one."""
    lines: bool = False
    """Whether [line] may give the form of text lines."""


LOGS = MappingKind("--mapping", TARGETS, (("time",), ("account_id",)))


def load_mapping(path: Path, kind: MappingKind = LOGS) -> Mapping:
    """Read the mapping from a TOML file. Raises SettingError naming the key at fault."""
    document, where = read_toml(path, "mapping file", option=kind.option), str(path)
    names = ("columns", "defaults", "time", *(("line",) if kind.lines else ()))
    known(document, names, "the mapping has an unknown section: {}", where=where)
    times = _section(document, "time", where, ("unit", "format", "zone"))
    mapping = Mapping(
        _columns(document, where, kind.targets),
        _section(document, "defaults", where, kind.targets),
        _unit(times, where),
        _text(times, "time", "format", where, TimeForm()),
        _text(times, "time", "zone", where, Zone()),
        _text(_section(document, "line", where, ("format",)), "line", "format", where),
    )
    for group in kind.required:
        if not any(name in mapping.columns or name in mapping.defaults for name in group):
            raise SettingError(
                f"the mapping does not say where {group[0]} is",
                where=f"{path}, [columns]",
                do=f'add a line: {group[0]} = "name of the column in your log"',
            )
    return mapping


def time_rules(settings: IngestSettings, mapping: Mapping | None = None) -> TimeRules:
    """How the times of one file are read: a mapping goes before the settings."""
    form = mapping.time_format if mapping is not None else ""
    zone = mapping.time_zone if mapping is not None else ""
    return TimeRules(form or settings.time_format, zone or settings.time_zone)


def _section(document: dict[str, Any], name: str, where: str, names: tuple[str, ...]) -> dict[str, Any]:
    section = document.get(name, {})
    if not isinstance(section, dict):
        raise SettingError(
            f"[{name}] must be a section", where=where, do=f"write [{name}] on a line of its own"
        )
    known(section, names, f"the mapping has an unknown key in [{name}]: {{}}", where=where)
    return section


def _columns(document: dict[str, Any], where: str, targets: tuple[str, ...]) -> dict[str, str]:
    columns = _section(document, "columns", where, targets)
    for key, value in columns.items():
        if not isinstance(value, str) or not value:
            raise SettingError(
                f"columns.{key} must be the name of a column in the log",
                where=where,
                do=f'write {key} = "name"',
            )
    return columns


def _text(section: dict[str, Any], name: str, key: str, where: str, allowed: Allowed | None = None) -> str:
    value = section.get(key, "")
    if not isinstance(value, str) or (allowed is not None and not allowed.holds(value)):
        raise SettingError(
            f"{name}.{key} is not what it may be",
            where=where,
            do=f"allowed: {allowed.says}" if allowed is not None else f"write {key} as a text",
        )
    return value


def _unit(times: dict[str, Any], where: str) -> str:
    unit = times.get("unit", "auto")
    if unit not in UNITS:
        raise SettingError(
            f"time.unit must be one of {', '.join(UNITS)}",
            where=where,
            do="leave it out to have it found by size",
        )
    return str(unit)
