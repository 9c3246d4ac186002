"""Scenarios: TOML to frozen records. An error for a wrong key names its line."""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from stillwatch.errors import SettingError
from stillwatch.simulate.checks import faults
from stillwatch.simulate.specs import Campaign, Model, Permit, Population, Region, Scenario, Window, kinds
from stillwatch.small_file import read_small
from stillwatch.toml_file import KEY, LARGEST, nearest, parse_toml, text_of

T = TypeVar("T")
HEADER = re.compile(r"^\s*(\[\[?)\s*([a-z_.]+)\s*\]\]?")
SECTIONS = ("world", "region", "model", "population", "campaign", "permit")
BACKDROP_DAYS = 28
"""Days that a backdrop's volumes refer to."""


def shipped_names() -> list[str]:
    """Names of the scenarios in this package."""
    return _shipped("scenarios")


def backdrops() -> list[str]:
    """Names of the backdrops in this package."""
    return _shipped("backdrops")


def _shipped(folder: str) -> list[str]:
    files = resources.files(__package__).joinpath(folder).iterdir()
    return sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml"))


def described() -> dict[str, list[dict[str, str]]]:
    """Return the shipped scenarios and backdrops, each with the first sentence of its file."""
    return {
        folder: [{"name": name, "sentence": _sentence(folder, name)} for name in _shipped(folder)]
        for folder in ("scenarios", "backdrops")
    }


def _sentence(folder: str, name: str) -> str:
    text = resources.files(__package__).joinpath(folder, f"{name}.toml").read_text(encoding="utf-8")
    lines = [line.removeprefix("#").strip() for line in text.splitlines()]
    first = " ".join(lines[: lines.index("")]).partition(". ")[0]
    return first.rstrip(".") + "."


def load(name_or_path: str, beside: Sequence[str] = ()) -> Scenario:
    """Load a shipped scenario by name, or one from a path, with the backdrops named beside its own.

    Raises SettingError naming key and line.
    """
    if name_or_path in shipped_names():
        text = (
            resources.files(__package__)
            .joinpath("scenarios", f"{name_or_path}.toml")
            .read_text(encoding="utf-8")
        )
        return parse(text, name_or_path, beside)
    path = Path(name_or_path)
    if not path.exists() or path.is_dir():
        raise SettingError(
            f"there is no scenario {name_or_path}",
            do=f"name one of: {', '.join(shipped_names())}; or give the path of a TOML file",
        )
    data = read_small(path, LARGEST, what="scenario", error=SettingError, do="give the path of a TOML file")
    return parse(text_of(data, "scenario", path.name), path.name, beside)


def parse(text: str, name: str, beside: Sequence[str] = ()) -> Scenario:
    """Parse a scenario from TOML text, with the backdrops named beside its own."""
    document = parse_toml(text, "scenario", where=name)
    reader = _Reader(name, _lines(text, {}))
    reader.known(document, (*SECTIONS, "backdrop"), "")
    behind = _behind(document, reader, beside)
    counts = {
        "region": len(behind.regions),
        "model": len(behind.models),
        "population": len(behind.populations),
        "permit": len(behind.permits),
    }
    reader = _Reader(name, _lines(text, counts), counts)
    reader.needed(
        document, ("world", *(key for key in ("region", "model", "population") if not counts[key])), ""
    )
    window = reader.record(Window, document["world"], "world")
    scenario = Scenario(
        name.removesuffix(".toml"),
        window,
        (*behind.regions, *reader.records(Region, document, "region")),
        (*behind.models, *reader.records(Model, document, "model")),
        (*(_over(spec, window.days) for spec in behind.populations), *reader.populations(document)),
        tuple(reader.records(Campaign, document, "campaign")),
        (*behind.permits, *reader.records(Permit, document, "permit")),
    )
    for fault in faults(scenario, counts["permit"]):
        raise reader.error(fault.what, fault.section, fault.key, fault.do)
    return scenario


@dataclass(frozen=True)
class Backdrop:
    """What several scenarios have in common."""

    regions: tuple[Region, ...] = ()
    """Where accounts live."""
    models: tuple[Model, ...] = ()
    """Models that are served."""
    populations: tuple[Population, ...] = ()
    """The benign kinds; volumes are those of BACKDROP_DAYS."""
    permits: tuple[Permit, ...] = ()
    """The permits given."""


def _behind(document: dict[str, Any], own: _Reader, beside: Sequence[str]) -> Backdrop:
    """Return the backdrops that a scenario names, one after the other, and those beside them.

    Returns an empty one if there are none.
    """
    names = document.get("backdrop", [])
    names = names if isinstance(names, list) else [names]
    for name in beside:
        if name not in backdrops():
            raise SettingError(f"there is no backdrop {name!r}", do=f"known: {', '.join(backdrops())}")
    found = [_backdrop(name, own) for name in (*names, *(name for name in beside if name not in names))]
    return Backdrop(
        *(tuple(record for one in found for record in getattr(one, f.name)) for f in fields(Backdrop))
    )


def _backdrop(name: Any, own: _Reader) -> Backdrop:
    if name not in backdrops():
        raise own.error(f"there is no backdrop {name!r}", "", "backdrop", f"known: {', '.join(backdrops())}")
    text = resources.files(__package__).joinpath("backdrops", f"{name}.toml").read_text(encoding="utf-8")
    found = parse_toml(text, "backdrop", where=f"{name}.toml")
    reader = _Reader(f"{name}.toml", _lines(text, {}))
    reader.known(found, ("region", "model", "population", "permit"), "")
    return Backdrop(
        tuple(reader.records(Region, found, "region")),
        tuple(reader.records(Model, found, "model")),
        tuple(reader.populations(found)),
        tuple(reader.records(Permit, found, "permit")),
    )


def _over(spec: Population, days: int) -> Population:
    """Return a backdrop's population for a window of so many days."""
    if not spec.lasting:
        return spec
    return dataclasses.replace(
        spec, median=spec.median * days / BACKDROP_DAYS, most=spec.most * days / BACKDROP_DAYS
    )


@dataclass(frozen=True)
class _Reader:
    name: str
    lines: dict[tuple[str, str], int]
    counts: dict[str, int] = dataclasses.field(default_factory=dict)

    def error(self, what: str, section: str, key: str, do: str) -> SettingError:
        line = self.lines.get((section, key)) or self.lines.get((section, ""))
        at = f", line {line}" if line else ""
        return SettingError(what, where=f"{self.name}{at}", do=do)

    def known(self, values: dict[str, Any], names: typing.Iterable[str], section: str) -> None:
        for key in values:
            if key not in set(names):
                raise self.error(
                    f"there is no key {_dotted(section, key)}", section, key, nearest(key, names)
                )

    def needed(self, values: dict[str, Any], names: typing.Iterable[str], section: str) -> None:
        for key in names:
            if key not in values:
                raise self.error(
                    f"{_dotted(section, key)} is missing",
                    section,
                    "",
                    f"add {key} to the section [{section or key}]",
                )

    def populations(self, document: dict[str, Any]) -> list[Population]:
        found = []
        for i, values in enumerate(self.tables(document, "population")):
            section, kind = f"population[{i + self.counts.get('population', 0)}]", values.get("kind")
            if not isinstance(kind, str) or kind not in kinds():
                raise self.error(
                    f"there is no kind {kind!r} of population",
                    section,
                    "kind",
                    f"known: {', '.join(kinds())}",
                )
            found.append(self.record(kinds()[kind].spec, values, section))
        return found

    def records(self, kind: type[T], document: dict[str, Any], key: str, section: str = "") -> list[T]:
        before = 0 if section else self.counts.get(key, 0)
        return [
            self.record(kind, values, f"{_dotted(section, key)}[{i + before}]")
            for i, values in enumerate(self.tables(document, key))
        ]

    def tables(self, document: dict[str, Any], key: str) -> list[dict[str, Any]]:
        values = document.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise self.error(f"{key} must be a list of sections", "", key, f"write [[{key}]] before each")
        return values

    def record(self, kind: type[T], values: Any, section: str) -> T:
        if not isinstance(values, dict):
            raise self.error(
                f"{section} must be one section",
                f"{section}[0]" if isinstance(values, list) else "",
                section,
                f"write [{section}] before its keys",
            )
        hints = get_type_hints(kind)
        own = {f.metadata.get("key", f.name): f for f in fields(kind)}  # type: ignore[arg-type]
        self.known(values, own, section)
        self.needed(
            values,
            [key for key, f in own.items() if f.default is MISSING and f.default_factory is MISSING],
            section,
        )
        return kind(
            **{
                own[key].name: self.value(hints[own[key].name], value, section, key)
                for key, value in values.items()
            }
        )

    def value(self, kind: Any, value: Any, section: str, key: str) -> Any:
        inner = typing.get_args(kind)
        if inner and dataclasses.is_dataclass(inner[0]):
            return tuple(self.records(typing.cast(type[Any], inner[0]), {key: value}, key, section))
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if _fits(kind, value):
            return tuple(value) if isinstance(value, list) else value
        raise self.error(
            f"{_dotted(section, key)} must be {_wanted(kind)}, not {value!r}",
            section,
            key,
            "see docs/range.md for its meaning",
        )


def _dotted(section: str, key: str) -> str:
    return f"{section}.{key}" if section else key


def _fits(kind: Any, value: Any) -> bool:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return isinstance(value, list) and all(_fits(inner[0], v) for v in value)
    if origin is dict:
        return isinstance(value, dict) and (
            inner[1] is Any or all(_fits(inner[1], v) for v in value.values())
        )
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is datetime:
        return isinstance(value, datetime) and value.tzinfo is not None
    return type(value) is kind


def _wanted(kind: Any) -> str:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return f"a list of {_wanted(inner[0])}"
    if origin is dict:
        return "a table of numbers" if inner[1] is float else "a table"
    names = {
        int: "a whole number",
        float: "a number",
        str: "text",
        bool: "true or false",
        datetime: "a time with its zone, as 2026-01-26T00:00:00Z",
    }
    return names.get(kind, str(kind))


def _lines(text: str, before: dict[str, int]) -> dict[tuple[str, str], int]:
    """Return the line of each key, by section.

    Sections of a list have their number, counted on from those `before` them.
    """
    found: dict[tuple[str, str], int] = {}
    counts = {section: number - 1 for section, number in before.items()}
    current: dict[str, str] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        header, key = HEADER.match(line), KEY.match(line)
        if header:
            parent, _, last = header[2].rpartition(".")
            section = _dotted(current.get(parent, parent), last)
            if header[1] == "[[":
                counts[section] = counts.get(section, -1) + 1
                section = f"{section}[{counts[section]}]"
            current[header[2]] = section
            found[(section, "")] = number
        elif key:
            found[(section, key[1])] = number
    return found
