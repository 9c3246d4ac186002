"""What of some STIX objects can be used: the check of everything that comes in and goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.intel.stix.bounds import out_of_bounds
from stillwatch.intel.stix.limits import DEFAULT, Limits
from stillwatch.intel.stix.own_checks import faults
from stillwatch.intel.stix.validator import breaches
from stillwatch.plain import plain

SHOWN = 200
"""Characters of a reason that are kept."""


@dataclass(frozen=True)
class Refused:
    """An object that is not used."""

    place: int
    """Its place among the objects, from 0."""
    id: str
    """Its id, if it has one that can be shown; empty otherwise."""
    why: str
    """The reason, in words that show nothing of the object but names of properties."""


@dataclass(frozen=True)
class Checked:
    """Objects, checked."""

    good: tuple[Mapping[str, Any], ...]
    """Those that can be used, in their order, untouched."""
    refused: tuple[Refused, ...]
    """The others."""


def checked(objects: Sequence[Any], limits: Limits = DEFAULT) -> Checked:
    """Sort objects into those that hold and those that do not, with the reason. Never raises for what a
    stranger wrote. Of objects with equal id and `modified`, the first counts, and others must equal it.
    """
    good: list[Mapping[str, Any]] = []
    refused: list[Refused] = []
    versions: dict[tuple[str, str], Mapping[str, Any]] = {}
    for place, item in enumerate(objects):
        if place >= limits.objects:
            refused.append(Refused(place, "", f"there are more than {limits.objects} objects"))
            break
        why = _why(item, limits)
        if not why:
            version = (str(item["id"]), str(item.get("modified", item.get("created", ""))))
            first = versions.setdefault(version, item)
            if first is not item:
                if first == item:
                    continue
                why = "two objects have this id and this time of change, and differ"
        if why:
            refused.append(Refused(place, _shown_id(item), why))
        else:
            good.append(item)
    return Checked(tuple(good), tuple(refused))


def _why(item: Any, limits: Limits) -> str:
    why = (
        out_of_bounds(item, limits) or next(iter(faults(item, limits)), "") or next(iter(breaches(item)), "")
    )
    return plain(why)[:SHOWN]


def _shown_id(item: Any) -> str:
    found = item.get("id") if isinstance(item, Mapping) else None
    return plain(found)[:110] if isinstance(found, str) else ""
