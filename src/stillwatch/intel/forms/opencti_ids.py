"""The ids that OpenCTI gives to things: a name-based UUID of what makes a thing the same thing.

Source: the `generate_id` functions of pycti 7.261026.0; tests/peers compares each with pycti's own.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

NAMESPACE = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
Told = Mapping[str, Any]


def opencti_id(item: Told) -> str:
    """Return the id that OpenCTI gives to an object; the object's own where OpenCTI takes that. References
    in it must be OpenCTI's already.
    """
    make = MADE_OF.get(str(item["type"]))
    if make is None:
        return str(item["id"])
    data = {name: value for name, value in make(item).items() if value is not None}
    return f"{item['type']}--{uuid.uuid5(NAMESPACE, _canonical(data))}"


def _canonical(data: Told) -> str:
    """RFC 8785 of texts: members sorted, no spaces; texts are written as they are."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _text(item: Told, name: str) -> str:
    return str(item.get(name, "")).strip()


def _lower(item: Told, name: str) -> str:
    return str(item.get(name, "")).lower().strip()


def _name(item: Told) -> Told:
    return {"name": _lower(item, "name")}


def _by_technique(item: Told) -> Told:
    number = _lower(item, "x_mitre_id")
    return {"x_mitre_id": number} if number else _name(item)


def _note(item: Told) -> Told:
    return {"content": _text(item, "content"), "created": item.get("created")}


def _relationship(item: Told) -> Told:
    start = item.get("start_time")
    told = {name: item[name] for name in ("relationship_type", "source_ref", "target_ref")}
    return {**told, "start_time": start, "stop_time": item.get("stop_time") if start is not None else None}


def _sighting(item: Told) -> Told:
    first = item.get("first_seen")
    return {
        "type": "sighting",
        "sighting_of_ref": item["sighting_of_ref"],
        "where_sighted_refs": item.get("where_sighted_refs", []),
        "first_seen": first,
        "last_seen": item.get("last_seen") if first is not None else None,
    }


MADE_OF: Mapping[str, Callable[[Told], Told]] = {
    "attack-pattern": _by_technique,
    "campaign": _name,
    "course-of-action": _by_technique,
    "grouping": lambda one: {
        **_name(one),
        "context": _lower(one, "context"),
        "created": one.get("created"),
    },
    "identity": lambda one: {**_name(one), "identity_class": _lower(one, "identity_class")},
    "indicator": lambda one: {"pattern": _text(one, "pattern")},
    "intrusion-set": _name,
    "note": _note,
    "opinion": lambda one: {"opinion": _text(one, "opinion"), "created": one.get("created")},
    "report": lambda one: {**_name(one), "published": one.get("published")},
    "relationship": _relationship,
    "sighting": _sighting,
}
"""Of each type that a provider shares: what OpenCTI tells things of it apart by."""
