"""How operators move on after a step: shares and lags, from a TOML file."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import Any

from stillwatch.errors import SettingError
from stillwatch.toml_file import nearest, parse_toml, read_toml

WHAT = "plan of displacement"
PLACES = ("residential", "hosting", "vpn")
TEXTS = ("agent", "runtime", "system")


@dataclass(frozen=True)
class Plan:
    """What operators do after a step."""

    days: int = 14
    """Days of the world that follow."""
    replaced: float = 1.0
    """New accounts for each restricted one."""
    earliest_hours: float = 0.5
    """Hours after the step when the first new accounts appear."""
    latest_hours: float = 18.0
    """Hours after it when the last ones appear."""
    volume: float = 0.7
    """Share of the exchanges that the step took away which the new accounts make."""
    carries: float = 0.34
    """Share of cards, mail domains, addresses and clients that the new accounts have from the old ones."""
    moved: float = 0.5
    """Share of the new accounts that come by another pathway: with the client below."""
    bought: float = 0.2
    """Share of the new accounts that were bought: registered long ago, each with an identity of its own."""
    slowed: float = 0.2
    """Share of its exchanges that a slowed account still makes."""
    probing: float = 0.5
    """Share of the restricted accounts that ask the same questions again and again."""
    probing_fresh: float = 0.3
    """Share of the new accounts that do so first, to compare the answers."""
    probe_hours: float = 36.0
    """Hours for which they do."""
    probes_a_day: float = 30.0
    """Questions a day of a restricted account that probes."""
    pathway: dict[str, str] = field(default_factory=dict)
    """agent, runtime and system of the other client; empty: the one that the campaign has."""
    networks: dict[str, float] = field(default_factory=dict)
    """Classes of the new pool's networks; empty: as before."""


def plan_names() -> list[str]:
    """Return the names of the plans in this package."""
    files = resources.files(__package__).iterdir()
    return sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def load_plan(name_or_path: str) -> Plan:
    """Return a shipped plan by name, or one from a path. Raises SettingError."""
    if name_or_path in plan_names():
        text = resources.files(__package__).joinpath(f"{name_or_path}.toml").read_text(encoding="utf-8")
        return plan_of(parse_toml(text, WHAT, where=name_or_path), name_or_path)
    path = Path(name_or_path)
    if not path.is_file():
        raise SettingError(
            f"there is no plan of displacement {name_or_path}",
            do=f"name one of: {', '.join(plan_names())}; or give the path of a TOML file",
        )
    return plan_of(read_toml(path, WHAT, option="--plan"), path.name)


def plan_of(document: dict[str, Any], where: str) -> Plan:
    """Return the plan of a document. Raises SettingError for a key or a value that cannot be used."""
    names = [one.name for one in fields(Plan)]
    for key, value in document.items():
        if key not in names:
            raise SettingError(f"there is no key {key}", where=where, do=nearest(key, names))
        if key in ("pathway", "networks"):
            _table(key, value, where)
        elif not _number(key, value):
            raise SettingError(f"{key} = {value!r} cannot be used", where=where, do=_wanted(key))
    plan = Plan(**document)
    if plan.latest_hours < plan.earliest_hours:
        raise SettingError("latest_hours is before earliest_hours", where=where, do="give them in order")
    return plan


def _number(key: str, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if key == "days":
        return isinstance(value, int) and 1 <= value <= 366
    if key in ("carries", "moved", "bought", "slowed", "probing", "probing_fresh"):
        return 0 <= value <= 1
    return 0 <= value <= 1_000


def _wanted(key: str) -> str:
    if key == "days":
        return "give a whole number from 1 to 366"
    return "give a number; shares are from 0 to 1; see docs/range.md"


def _table(key: str, value: Any, where: str) -> None:
    known: tuple[str, ...] = TEXTS if key == "pathway" else PLACES
    kinds: tuple[type, ...] = (str,) if key == "pathway" else (int, float)
    whole = isinstance(value, dict) and set(value) <= set(known)
    if not whole or not all(type(one) in kinds for one in value.values()):
        raise SettingError(
            f"[{key}] cannot be used", where=where, do=f"write a table with some of: {', '.join(known)}"
        )
    if key == "pathway" and value and set(value) != set(TEXTS):
        raise SettingError("[pathway] is not whole", where=where, do="write agent, runtime and system")
