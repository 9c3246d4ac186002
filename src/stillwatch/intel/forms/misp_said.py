"""What MISP says of our own objects in its own way: references, sightings, opinions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from stillwatch.intel.forms.carried import Lost
from stillwatch.intel.forms.misp_words import FALSE_ALARM, SEEN, moment, opinion_of
from stillwatch.intel.stix.own_checks import ID

SURE = re.compile(r"confidence ([0-9]{1,3})\Z")
DERIVED = "derived-from"
"""How an object refers to what stands for it in MISP's own types."""
Made = dict[str, Any]


def said_of(one: Made, made: Mapping[str, Made], lost: list[Lost]) -> list[Made]:
    """Return what MISP says of one of our objects. made: the objects that were read, by their UUIDs."""
    about = made[str(one["uuid"])]
    found = [*_references(one, made, lost), *_opinions(one, about, lost)]
    for attribute in _dicts(one.get("Attribute")):
        found += _sightings(attribute, about, lost)
        for name in ("Note", "Opinion"):
            _leave(attribute.get(name), about, lost, f"{name.lower()}s of single attributes are not taken")
    _leave(one.get("Note"), about, lost, "notes that MISP keeps beside an object of ours are not taken")
    return found


def _leave(value: Any, about: Made, lost: list[Lost], why: str) -> None:
    lost.extend(Lost(str(about["id"]), why) for _ in _dicts(value))


def _references(one: Made, made: Mapping[str, Made], lost: list[Lost]) -> Iterator[Made]:
    source = made[str(one["uuid"])]
    for reference in _dicts(one.get("ObjectReference")):
        target = made.get(str(reference.get("referenced_uuid")))
        if target is None:
            if reference.get("relationship_type") != DERIVED:
                lost.append(Lost(str(source["id"]), "a reference leads to what is no object of ours"))
            continue
        sure = SURE.match(str(reference.get("comment") or ""))
        yield {
            **_head(source),
            "type": "relationship",
            "id": f"relationship--{reference.get('uuid')}",
            "relationship_type": str(reference.get("relationship_type")),
            "source_ref": source["id"],
            "target_ref": target["id"],
            **({"confidence": int(sure[1])} if sure else {}),
        }


def _sightings(attribute: Made, about: Made, lost: list[Lost]) -> Iterator[Made]:
    for seen in _dicts(attribute.get("Sighting")):
        when = moment(seen.get("date_sighting"))
        kind = str(seen.get("type", SEEN))
        if not when or kind not in (SEEN, FALSE_ALARM):
            lost.append(Lost(str(about["id"]), "a sighting has no time, or says that it expires"))
            continue
        who = str(seen.get("source", ""))
        who = who if ID.match(who) and who.startswith("identity--") else _organisation(seen)
        yield {
            "type": "sighting",
            "spec_version": "2.1",
            "id": f"sighting--{seen.get('uuid')}",
            **({"created_by_ref": who, "where_sighted_refs": [who]} if who else {}),
            "created": when,
            "modified": when,
            "first_seen": when,
            "last_seen": when,
            "sighting_of_ref": about["id"],
            **({"count": 0} if kind == FALSE_ALARM else {}),
            "object_marking_refs": about["object_marking_refs"],
        }


def _opinions(one: Made, about: Made, lost: list[Lost]) -> Iterator[Made]:
    for said in _dicts(one.get("Opinion")):
        created = moment(said.get("created"))
        number, who = str(said.get("opinion", "")), str(said.get("authors", ""))
        if not created or not (number.isascii() and number.isdigit()) or len(number) > 3:
            lost.append(Lost(str(about["id"]), "an opinion has no time, or is no number"))
            continue
        explanation = str(said.get("comment") or "")
        yield {
            "type": "opinion",
            "spec_version": "2.1",
            "id": f"opinion--{said.get('uuid')}",
            **({"created_by_ref": who} if ID.match(who) else {}),
            "created": created,
            "modified": moment(said.get("modified")) or created,
            "opinion": opinion_of(int(number)),
            **({"explanation": explanation} if explanation else {}),
            "object_refs": [about["id"]],
            "object_marking_refs": about["object_marking_refs"],
        }


def _organisation(seen: Made) -> str:
    told = seen.get("Organisation")
    name = f"identity--{told.get('uuid')}" if isinstance(told, dict) else ""
    return name if ID.match(name) else ""


def _head(source: Made) -> Made:
    kept = ("spec_version", "created_by_ref", "created", "modified", "object_marking_refs")
    return {name: source[name] for name in kept if name in source}


def _dicts(value: Any) -> list[Made]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
