"""An export of OpenCTI as STIX objects, checked: without its properties, with our markings and ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stillwatch.errors import IntelError
from stillwatch.intel.forms.absent import without_null
from stillwatch.intel.forms.canonical import usable
from stillwatch.intel.forms.carried import Lost, Taken
from stillwatch.intel.forms.frame import DEFINED, with_frame
from stillwatch.intel.forms.opencti_words import (
    BY_ID,
    MITRE,
    OBSERVABLES,
    OPENCTI,
    OWN,
    STIX_IDS,
    level_of_definition,
)
from stillwatch.intel.forms.techniques import technique_of
from stillwatch.intel.stix.atlas import atlas
from stillwatch.intel.stix.bounds import out_of_bounds
from stillwatch.intel.stix.checking import Refused
from stillwatch.intel.stix.limits import DEFAULT, Limits
from stillwatch.intel.stix.making import technique_id
from stillwatch.intel.stix.own_checks import ID
from stillwatch.intel.stix.reading import read_json
from stillwatch.intel.tlp import Tlp

SPLITTER = "nb_deps"
"""What pycti's splitter writes into the objects that it hands on."""
DO = "export it from OpenCTI as STIX (application/vnd.oasis.stix+json)"
Made = dict[str, Any]


def read(data: bytes, limits: Limits = DEFAULT, where: str = "the file") -> Taken:
    """Return the objects of an export of OpenCTI. An object without a marking of TLP, or with another one
    beside it, is RED. Raises IntelError for what is no bundle within the limits.
    """
    told = _objects(data, limits, where)
    refused: list[Refused] = []
    lost: list[Lost] = []
    good: list[Made] = []
    for place, one in enumerate(told):
        bare = without_null(one)
        why = out_of_bounds(bare, limits)
        if not why and not (isinstance(bare.get("id"), str) and isinstance(bare.get("type"), str)):
            why = "it has no id or no type"
        if why:
            refused.append(Refused(place, "", why))
        else:
            good.append(bare)
    levels = {str(one["id"]): level_of_definition(one) for one in good if one["type"] == "marking-definition"}
    ids = _ids(good)
    made = [_object(one, ids, levels, lost) for one in good if one["type"] != "marking-definition"]
    found = usable([one for one in made if not _of_atlas(one)], limits)
    whole = with_frame([one for one in found.good if one["id"] not in DEFINED])
    return Taken(tuple(whole), (*refused, *found.refused), tuple(lost))


def is_opencti(told: Any) -> bool:
    """Return whether a bundle bears marks of OpenCTI."""
    objects = told.get("objects") if isinstance(told, Mapping) else None
    for one in objects if isinstance(objects, list) else []:
        if isinstance(one, Mapping) and any(str(name).startswith(OWN) for name in one):
            return True
        said = one.get("extensions") if isinstance(one, Mapping) else None
        if isinstance(said, Mapping) and OPENCTI in said:
            return True
    return False


def _objects(data: bytes, limits: Limits, where: str) -> Sequence[Any]:
    told = read_json(data, limits, where)
    objects = told.get("objects") if isinstance(told, Mapping) and told.get("type") == "bundle" else None
    if not isinstance(objects, list):
        raise IntelError("it is no bundle; nothing of it was taken", where=where, do=DO)
    if len(objects) > limits.objects:
        what = f"it has {len(objects):,} objects, and {limits.objects:,} are the most"
        raise IntelError(f"{what}; nothing of it was taken", where=where, do="split it")
    return objects


def _ids(objects: Sequence[Made]) -> dict[str, str]:
    """The ids that things had before OpenCTI gave them its own, as far as OpenCTI kept them."""
    found: dict[str, str] = {}
    given = {str(one["id"]) for one in objects}
    taken: set[str] = set()
    for one in objects:
        number = str(one.get("x_mitre_id", "")).upper()
        if one["type"] == "attack-pattern" and number in atlas().techniques:
            found[str(one["id"])] = technique_id(number)
            continue
        said = one.get("extensions")
        more = said.get(OPENCTI) if isinstance(said, dict) else None
        kept = one.get(STIX_IDS) or (more.get("stix_ids") if isinstance(more, dict) else None)
        for name in kept if isinstance(kept, list) else []:
            match = ID.match(name) if isinstance(name, str) else None
            if match and match[1] == one["type"] and name not in given | taken:
                found[str(one["id"])] = name
                taken.add(name)
                break
    return found


def _object(one: Made, ids: Mapping[str, str], levels: Mapping[str, Tlp | None], lost: list[Lost]) -> Made:
    made = {name: value for name, value in one.items() if not name.startswith(OWN) and name != SPLITTER}
    for name, value in made.items():
        if name == "id" or name.endswith("_ref"):
            made[name] = ids.get(value, value) if isinstance(value, str) else value
        if name.endswith("_refs") and isinstance(value, list):
            made[name] = [ids.get(ref, ref) if isinstance(ref, str) else ref for ref in value]
    if one["type"] == "sighting" and _negative(one):
        made["count"] = 0
    if isinstance(made.get("extensions"), dict):
        made["extensions"] = {
            name: value
            for name, value in made["extensions"].items()
            if name not in (OPENCTI, OBSERVABLES, MITRE)
        }
        if not made["extensions"]:
            del made["extensions"]
    made.pop("granular_markings", None)
    refs = one.get("object_marking_refs")
    marks = [str(ref) for ref in refs] if isinstance(refs, list) else []
    known = [BY_ID.get(ref, levels.get(ref)) for ref in marks]
    if not known or None in known or "granular_markings" in one:
        lost.append(Lost(str(made["id"])[:110], "its markings are not of TLP alone: it counts as TLP:RED"))
    level = max((Tlp.RED if level is None else level for level in known), default=Tlp.RED)
    level = Tlp.RED if "granular_markings" in one else level
    made["object_marking_refs"] = [level.id]
    return made


def _negative(one: Made) -> bool:
    said = one.get("extensions")
    more = said.get(OPENCTI) if isinstance(said, dict) else None
    return one.get(f"{OWN}negative") is True or (isinstance(more, dict) and more.get("negative") is True)


def _of_atlas(one: Made) -> bool:
    """A technique of ATLAS: MITRE's own object counts, and is referred to."""
    name = technique_of(str(one["id"]))
    return one["type"] == "attack-pattern" and name in atlas().techniques
