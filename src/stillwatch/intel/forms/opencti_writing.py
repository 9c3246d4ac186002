"""A bundle as OpenCTI takes it: its ids, markings and properties, and nothing that it cannot resolve."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from stillwatch.intel.forms.carried import Object, Written, differences
from stillwatch.intel.forms.frame import texts, with_frame, without_frame
from stillwatch.intel.forms.opencti_ids import opencti_id
from stillwatch.intel.forms.opencti_reading import read
from stillwatch.intel.forms.opencti_words import (
    IDS,
    OBSERVABLE_TYPES,
    OWN,
    STIX_IDS,
    UNKNOWN_TYPES,
    marking,
)
from stillwatch.intel.forms.techniques import named, technique_of
from stillwatch.intel.stix import project
from stillwatch.intel.stix.atlas import atlas
from stillwatch.intel.stix.making import technique_id
from stillwatch.intel.stix.marking import level_of_object
from stillwatch.intel.stix.own_checks import ID
from stillwatch.intel.stix.versions import newest
from stillwatch.intel.tlp import Tlp

ENDS = ("relationship", "sighting")
"""Types whose ids are made of those of others; no other id is made of theirs, but reports name them."""


def write(objects: Sequence[Object]) -> Written:
    """Return checked objects as a bundle for OpenCTI. Of several versions the one that counts is told; what
    OpenCTI does not carry is listed. Equal objects give equal bytes.
    """
    told = [one for one in with_frame(objects) if one["type"] not in ("marking-definition", *UNKNOWN_TYPES)]
    counted = [*newest(told).values(), *_of_atlas(told)]
    counted.sort(key=lambda one: (one["type"] not in ENDS, one["type"] == "sighting", str(one["id"])))
    known = {str(one["id"]) for one in counted}
    ids: dict[str, str] = {}
    for one in counted:
        if one["type"] not in ENDS:
            ids[str(one["id"])] = opencti_id(one)
    made: dict[str, dict[str, Any]] = {}
    for one in counted:
        item = _own(one, known, ids)
        if item is None:
            continue
        first = made.setdefault(item["id"], item)
        if first is not item:
            first[STIX_IDS] = sorted({*first.get(STIX_IDS, []), *item.get(STIX_IDS, [])})
    levels = sorted({level_of_object(one) for one in counted} | {Tlp.CLEAR})
    data = _bundle([*map(marking, levels), *made.values()])
    own = sum(one["type"] != "attack-pattern" for one in made.values())
    return Written(data, own, differences(without_frame(objects), read(data).objects, "OpenCTI"))


def _own(one: Object, known: set[str], ids: dict[str, str]) -> dict[str, Any] | None:
    """An object with OpenCTI's ids and properties; None where what it is about is not there."""
    item: dict[str, Any] = {}
    for name, value in one.items():
        if name in ("object_marking_refs", "granular_markings"):
            continue
        if name.endswith("_ref") and value not in known:
            if one["type"] in ENDS:
                return None
            continue
        if name.endswith("_refs"):
            value = [ref for ref in value if ref in known]
            if not value:
                return None
        item[name] = value
    if one["type"] == "sighting" and "where_sighted_refs" not in item:
        return None
    item = _renamed(item, ids.get)
    item["id"] = opencti_id(item)
    ids[str(one["id"])] = item["id"]
    if item["id"] != one["id"]:
        item[STIX_IDS] = [str(one["id"])]
    item["object_marking_refs"] = [IDS[level_of_object(one)]]
    return item | _properties(one)


def _renamed(item: Object, name_of: Callable[[str], str | None]) -> dict[str, Any]:
    """An object whose references are OpenCTI's ids; what has none yet keeps its own."""
    made = dict(item)
    for name, value in item.items():
        if name.endswith("_ref"):
            made[name] = name_of(value) or value
        if name.endswith("_refs"):
            made[name] = [name_of(ref) or ref for ref in value]
    return made


def _properties(one: Object) -> dict[str, Any]:
    if one["type"] == "indicator":
        about = (
            str(one["pattern"]).removeprefix("[").partition(":")[0] if one["pattern_type"] == "stix" else ""
        )
        score = {f"{OWN}score": one["confidence"]} if "confidence" in one else {}
        # No detection: a share is a reason to look, and a token is nothing that a sensor could see.
        kind = OBSERVABLE_TYPES.get(about, "Unknown")
        return {**score, f"{OWN}detection": False, f"{OWN}main_observable_type": kind}
    if one["type"] == "sighting":
        return {f"{OWN}negative": one.get("count") == 0}
    return {}


def _of_atlas(objects: Iterable[Object]) -> list[dict[str, Any]]:
    """The techniques of ATLAS that objects name: OpenCTI resolves references within a bundle."""
    have = {str(one["id"]) for one in objects}
    names = {
        technique_of(text) for one in objects for text in texts(one) if ID.match(text) and text not in have
    }
    return [_technique(name) for name in sorted(names & atlas().techniques.keys())]


def _technique(name: str) -> dict[str, Any]:
    one = atlas().techniques[name]
    reference = {"source_name": "mitre-atlas", "url": one.url, "external_id": name}
    return {
        "type": "attack-pattern",
        "spec_version": "2.1",
        "id": technique_id(name),
        "created": project.MADE,
        "modified": project.MADE,
        "name": one.name,
        "x_mitre_id": name,
        "external_references": [reference],
        "object_marking_refs": [Tlp.CLEAR.id],
    }


def _bundle(objects: Sequence[Mapping[str, Any]]) -> bytes:
    text = json.dumps(objects, sort_keys=True)
    whole = {"type": "bundle", "id": f"bundle--{named('opencti', text)}", "objects": objects}
    return (json.dumps(whole, sort_keys=True, ensure_ascii=True) + "\n").encode("ascii")
