"""The words that MISP has for what STIX says: tags, kinds of sightings, opinions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from stillwatch.intel.stix.own_checks import moment_of
from stillwatch.intel.stix.versions import stamp
from stillwatch.intel.tlp import Tlp

TEMPLATES = Path(__file__).parent / "misp_objects"
"""Templates of our own objects, as MISP's `misp-objects` keeps them."""
INDICATOR, OBJECT = "stillwatch-indicator", "stillwatch-object"
TLP = "tlp:"
LEVELS = {level.label.lower(): level for level in Tlp} | {"tlp:white": Tlp.CLEAR}
"""Tags of MISP's taxonomy; tlp:white is the name that TLP 1 had for clear."""
SEEN, FALSE_ALARM = "0", "1"
"""Types of MISP's sightings."""
OPINIONS = {"strongly-disagree": 0, "disagree": 25, "neutral": 50, "agree": 75, "strongly-agree": 100}
"""STIX's opinions as MISP's numbers."""
GALAXY = "misp-galaxy:mitre-atlas"
"""How the tags of MISP's galaxies of ATLAS begin, which are older than the table that we keep."""


def tags(level: Tlp) -> list[str]:
    """Return the tags of what goes as far as a level."""
    return [level.label.lower()]


def level_of(names: Iterable[str]) -> Tlp | None:
    """Return the strictest level of tags: RED where one of TLP is not known, None where none is of TLP."""
    found = [name.strip().lower() for name in names]
    return max((LEVELS.get(name, Tlp.RED) for name in found if name.startswith(TLP)), default=None)


def tags_of(item: Mapping[str, Any]) -> list[str]:
    """Return the names of the tags of an event or an attribute in MISP's JSON."""
    listed = item.get("Tag")
    whole = listed if isinstance(listed, list) else []
    return [str(one["name"]) for one in whole if isinstance(one, dict) and isinstance(one.get("name"), str)]


def opinion_of(number: int) -> str:
    """Return STIX's word for a number from 0 to 100, the nearest."""
    return min(OPINIONS, key=lambda word: abs(OPINIONS[word] - number))


def seconds(moment: str) -> int:
    """Return a STIX timestamp in seconds since 1970, cut; 0 where it is none."""
    found = moment_of(moment)
    return int(found.timestamp()) if found else 0


def moment(value: Any) -> str:
    """Return a time of MISP (seconds, or ISO 8601) as STIX writes it; empty where it is none."""
    text = str(value).strip()
    try:
        if text.isascii() and text.isdigit():
            found = datetime.fromtimestamp(int(text), UTC)
        else:
            found = datetime.fromisoformat(text)
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    written = stamp(found)
    return written if moment_of(written) else ""


def analysts_times(value: Any) -> Any:
    """Return MISP's JSON with the times of opinions and notes as a server writes them, without a zone: pymisp
    writes a zone, and cannot read its own form again.
    """
    if isinstance(value, list):
        return [analysts_times(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {name: analysts_times(inner) for name, inner in value.items()}
    for name in ("Opinion", "Note", "Relationship"):
        for said in made.get(name) or [] if isinstance(made.get(name), list) else []:
            for when in ("created", "modified"):
                found = moment(said.get(when, "")) if isinstance(said, dict) else ""
                if found:
                    said[when] = found[:19].replace("T", " ")
    return made


@cache
def template(name: str) -> Mapping[str, Any]:
    """Return a template of our own."""
    told: dict[str, Any] = json.loads((TEMPLATES / name / "definition.json").read_text(encoding="utf-8"))
    return told
