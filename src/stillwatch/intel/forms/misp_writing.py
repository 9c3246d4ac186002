"""A bundle as an event of MISP, made with pymisp; patterns of STIX become attributes as misp-stix sees them.

MISP marks by tags: each attribute gets the tag of its own object, the event that of the strictest. An event
of ours is for the receiving organisation alone (distribution 0): the tags say how far people may take it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pymisp import MISPEvent, MISPObject, MISPOrganisation

from stillwatch.intel.forms.carried import Object, Written, differences
from stillwatch.intel.forms.csv_form import cells_of
from stillwatch.intel.forms.frame import without_frame
from stillwatch.intel.forms.misp_reading import read
from stillwatch.intel.forms.misp_values import Standing, values_of
from stillwatch.intel.forms.misp_words import (
    FALSE_ALARM,
    INDICATOR,
    OBJECT,
    OPINIONS,
    SEEN,
    TEMPLATES,
    analysts_times,
    seconds,
    tags,
)
from stillwatch.intel.forms.row import row_of
from stillwatch.intel.forms.techniques import named, technique_of, techniques_of
from stillwatch.intel.forms.things import cells_of_thing
from stillwatch.intel.stix import project
from stillwatch.intel.stix.making import technique_id
from stillwatch.intel.stix.marking import level_of_object
from stillwatch.intel.stix.own_checks import moment_of
from stillwatch.intel.stix.versions import newest
from stillwatch.intel.tlp import Tlp

LONGEST = 60_000
"""Bytes of a value that MISP's own column of texts holds, with some room."""
NOT_KNOWN, COMPLETE = 4, 2
"""MISP's numbers for a threat level that is not known, and for an analysis that is complete."""


def write(objects: Sequence[Object]) -> Written:
    """Return checked objects as one event, as MISP's JSON. Of several versions the one that counts is told;
    what MISP does not carry is listed.
    """
    told = without_frame(objects)
    counted = [one for _, one in sorted(newest(told).items()) if _fits(one)]
    event = _event(counted)
    made = {str(one["id"]): _object(one, objects) for one in counted if one["type"] not in ("relationship",)}
    for standing in values_of(counted):
        _stand(event, made[standing.of], standing)
    for one in counted:
        if one["type"] == "relationship":
            _relate(event, one, made, counted)
        if one["type"] in ("sighting", "opinion"):
            _say(one, made)
    for made_object in made.values():
        event.add_object(made_object)
    told_event = analysts_times(json.loads(event.to_json()))
    data = (json.dumps({"Event": told_event}, ensure_ascii=True, sort_keys=True) + "\n").encode()
    return Written(data, len(counted), differences(told, read(data).objects, "MISP"))


def _fits(item: Object) -> bool:
    cells = cells_of(row_of(item)) if item["type"] == "indicator" else cells_of_thing(item)
    return max(len(cell.encode()) for cell in cells.values()) <= LONGEST


def _event(objects: Sequence[Object]) -> MISPEvent:
    newest_change = (
        max((str(one.get("modified", "")) for one in objects), default="") or "1970-01-01T00:00:00Z"
    )
    event = MISPEvent()
    event.uuid = named("event", *sorted(f"{one['id']} {one.get('modified', '')}" for one in objects))
    event.info = "Adversarial distillation, shared by Stillwatch"
    event.set_date(newest_change[:10])
    event.timestamp = seconds(newest_change)
    event.distribution, event.threat_level_id, event.analysis, event.published = 0, NOT_KNOWN, COMPLETE, False
    for tag in tags(max(map(level_of_object, objects), default=Tlp.RED)):
        event.add_tag(tag)
    makers = {str(one["created_by_ref"]) for one in objects if "created_by_ref" in one} - {project.IDENTITY}
    names = {one["id"]: str(one.get("name", one["id"])) for one in objects if one["type"] == "identity"}
    if len(makers) == 1:
        maker = makers.pop()
        event.Orgc = MISPOrganisation()
        event.Orgc.from_dict(name=names.get(maker, maker), uuid=maker.partition("--")[2])
    return event


def _object(item: Object, objects: Sequence[Object]) -> MISPObject:
    """An object of our own templates; every attribute of it is tagged."""
    techniques: Sequence[str] = ()
    if item["type"] == "indicator":
        techniques = techniques_of(objects).get(str(item["id"]), ())
        cells = cells_of(row_of(item))
        cells = {name: cell for name, cell in cells.items() if name not in ("tlp", "techniques")}
    else:
        cells = cells_of_thing(item)
    made = MISPObject(
        INDICATOR if item["type"] == "indicator" else OBJECT,
        standalone=False,
        misp_objects_path_custom=str(TEMPLATES),
    )
    made.uuid = str(item["id"]).partition("--")[2]
    made.timestamp = seconds(str(item.get("modified", "")))
    first, last = (
        item.get("valid_from", item.get("first_seen")),
        item.get("valid_until", item.get("last_seen")),
    )
    if first:
        made.first_seen = first
    if last:
        made.last_seen = last
    level = level_of_object(item)
    pairs = [(name.replace("_", "-"), cell) for name, cell in cells.items() if cell]
    for relation, cell in [*pairs, *(("technique", one) for one in techniques)]:
        _attribute(made, relation, cell, level)
    return made


def _attribute(made: MISPObject, relation: str, cell: str, level: Tlp) -> None:
    attribute = made.add_attribute(
        relation,
        value=cell,
        uuid=named("attribute", made.uuid, relation, cell),
        timestamp=int(made.timestamp) if isinstance(made.timestamp, int | float) else None,
        to_ids=False,
    )
    if attribute is not None:
        for tag in tags(level):
            attribute.add_tag(tag)


def _stand(event: MISPEvent, about: MISPObject, standing: Standing) -> None:
    """Add what stands for a pattern in MISP's own types, and point to it."""
    if standing.attribute is not None:
        event.add_attribute(**standing.attribute)
    elif standing.object is not None:
        event.add_object(standing.object)
    about.add_reference(standing.uuid, "derived-from", uuid=named("reference", about.uuid, standing.uuid))


def _relate(
    event: MISPEvent, item: Object, made: Mapping[str, MISPObject], objects: Sequence[Object]
) -> None:
    """A relationship as a reference where that says all of it, and as an object of its own where not."""
    source, target = str(item["source_ref"]), str(item["target_ref"])
    if source in made and target in made and is_plain(item, {str(one["id"]): one for one in objects}[source]):
        confidence = item.get("confidence")
        made[source].add_reference(
            made[target].uuid,
            str(item["relationship_type"]),
            comment="" if confidence is None else f"confidence {confidence}",
            uuid=str(item["id"]).partition("--")[2],
        )
        return
    event.add_object(_object(item, objects))
    name = technique_of(target)
    if name and technique_id(name) == target and not name.startswith("attack-pattern"):
        event.add_tag(f'mitre-atlas:technique="{name}"')


def is_plain(item: Object, source: Object) -> bool:
    """Return whether a relationship says nothing that its source does not say too."""
    same = ("created_by_ref", "created", "modified", "object_marking_refs")
    own = {"type", "spec_version", "id", "relationship_type", "source_ref", "target_ref", "confidence", *same}
    return item.keys() <= own and all(item.get(name) == source.get(name) for name in same)


def _say(item: Object, made: Mapping[str, MISPObject]) -> None:
    """Let MISP's own views show a sighting or an opinion of one thing; the object beside it says it whole."""
    if item["type"] == "sighting":
        about = made.get(str(item["sighting_of_ref"]))
        if about is not None and about.Attribute:
            where = item.get("where_sighted_refs") or [""]
            about.Attribute[0].add_sighting(
                {
                    "uuid": str(item["id"]).partition("--")[2],
                    "type": FALSE_ALARM if item.get("count") == 0 else SEEN,
                    "date_sighting": str(seconds(str(item.get("last_seen", item["created"])))),
                    "source": str(where[0]),
                }
            )
        return
    refs = item.get("object_refs") or []
    about = made.get(str(refs[0])) if len(refs) == 1 else None
    if about is not None:
        about.add_opinion(
            OPINIONS.get(str(item["opinion"]), 50),
            comment=str(item.get("explanation", "")),
            uuid=str(item["id"]).partition("--")[2],
            authors=str(item.get("created_by_ref", "")),
            created=moment_of(item["created"]),
            modified=moment_of(item["modified"]),
        )
