"""An event of MISP as STIX objects, checked: our own exactly, others' as misp-stix translates them, all marked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from stillwatch.intel.forms.canonical import usable
from stillwatch.intel.forms.carried import Lost, Taken
from stillwatch.intel.forms.csv_form import row_from
from stillwatch.intel.forms.frame import with_frame
from stillwatch.intel.forms.misp_event import Event, events
from stillwatch.intel.forms.misp_foreign import foreign
from stillwatch.intel.forms.misp_words import FALSE_ALARM, INDICATOR, SEEN, level_of, moment, opinion_of, tags_of
from stillwatch.intel.forms.row import COLUMNS
from stillwatch.intel.forms.techniques import relations_of
from stillwatch.intel.forms.things import TEXTS, thing_of
from stillwatch.intel.forms.unrow import NoRow, indicator_of
from stillwatch.intel.stix.checking import Refused
from stillwatch.intel.stix.limits import DEFAULT, Limits
from stillwatch.intel.stix.own_checks import ID
from stillwatch.intel.tlp import Tlp

SURE = re.compile(r"confidence ([0-9]{1,3})\Z")
NAMES = {one.replace("_", "-"): one for one in (*COLUMNS, *TEXTS, "confidence", "more")} | {
    "technique": "techniques"
}
Made = dict[str, Any]


def read(data: bytes, limits: Limits = DEFAULT, where: str = "the file") -> Taken:
    """Return the objects of an export of MISP. What has no tag of TLP is RED. Raises IntelError for what is
    no export of MISP within the limits.
    """
    objects: list[Made] = []
    refused: list[Refused] = []
    lost: list[Lost] = []
    for event in events(data, limits, where):
        own = _own(event, refused, limits)
        others, missing = foreign(event, {str(one["id"]) for one in own}, limits)
        objects += [*own, *others]
        lost += missing
    found = usable(objects, limits)
    whole = Taken(tuple(with_frame(found.good)), (*refused, *found.refused), tuple(lost))
    return whole


def _own(event: Event, refused: list[Refused], limits: Limits) -> list[Made]:
    """The objects of our own templates, and what MISP says of them."""
    made: dict[str, Made] = {}
    related: list[Made] = []
    for place, one in enumerate(event.own):
        try:
            item, more = _object(one, event.level, limits)
        except NoRow as error:
            refused.append(Refused(place, "", f"object {one['name']}: {error}"))
            continue
        made[str(one["uuid"])] = item
        related += more
    said = [
        it
        for one in event.own
        if str(one["uuid"]) in made
        for it in (*_references(one, made), *_sightings(one, made), *_opinions(one, made))
    ]
    have = {str(item["id"]) for item in made.values()}
    whole = {str(item["id"]): item for item in (*related, *said)}
    return [*made.values(), *(item for name, item in whole.items() if name not in have)]


def _object(one: Made, outer: Tlp | None, limits: Limits) -> tuple[Made, list[Made]]:
    cells: dict[str, list[str]] = {}
    names: list[str] = []
    for attribute in one.get("Attribute", []):
        column = NAMES.get(str(attribute.get("object_relation")), "")
        if not column:
            raise NoRow("it has an attribute that its template does not know")
        cells.setdefault(column, []).append(str(attribute.get("value", "")))
        names += tags_of(attribute)
    if any(len(values) > 1 for column, values in cells.items() if column != "techniques"):
        raise NoRow("an attribute that may stand once stands twice")
    level = level_of(names)
    level = level if level is not None else outer if outer is not None else Tlp.RED
    texts = {column: " ".join(values) for column, values in cells.items()}
    if one["name"] == INDICATOR:
        if not texts.keys() <= set(COLUMNS):
            raise NoRow("it has an attribute that its template does not know")
        item = indicator_of(row_from({**texts, "tlp": level.label}, limits))
        if str(item["id"]).partition("--")[2] != one["uuid"]:
            raise NoRow("its id and its UUID differ")
        return item, []
    return thing_of(texts, level, limits), []


def _references(one: Made, made: dict[str, Made]) -> Iterator[Made]:
    source = made[str(one["uuid"])]
    for reference in _dicts(one.get("ObjectReference")):
        target = made.get(str(reference.get("referenced_uuid")))
        if target is None:
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


def _sightings(one: Made, made: dict[str, Made]) -> Iterator[Made]:
    about = made[str(one["uuid"])]
    for attribute in _dicts(one.get("Attribute")):
        for seen in _dicts(attribute.get("Sighting")):
            when = moment(seen.get("date_sighting"))
            kind = str(seen.get("type", SEEN))
            if not when or kind not in (SEEN, FALSE_ALARM):
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


def _opinions(one: Made, made: dict[str, Made]) -> Iterator[Made]:
    about = made[str(one["uuid"])]
    for said in _dicts(one.get("Opinion")):
        created = moment(said.get("created"))
        number, who = str(said.get("opinion", "")), str(said.get("authors", ""))
        if not created or not (number.isascii() and number.isdigit()) or len(number) > 3:
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


def _dicts(value: Any) -> Sequence[Made]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
