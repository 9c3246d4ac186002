"""What stands for a pattern of STIX in MISP's own types of attributes, as misp-stix translates it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pymisp import MISPObject

from stillwatch.intel.forms.carried import Object
from stillwatch.intel.forms.misp_library import misp_stix
from stillwatch.intel.forms.misp_words import tags
from stillwatch.intel.forms.techniques import named
from stillwatch.intel.stix.marking import level_of_object
from stillwatch.intel.tlp import Tlp

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Standing:
    """What stands for the pattern of one indicator."""

    of: str
    """Id of the indicator."""
    uuid: str
    """Its own UUID, which follows from the indicator's."""
    attribute: dict[str, Any] | None = None
    """An attribute, if it is one value."""
    object: MISPObject | None = None
    """An object of MISP's templates, if it is several."""


def values_of(objects: Sequence[Object]) -> Iterator[Standing]:
    """Yield what stands for the patterns of STIX that are in force. A token or a pattern of our own has
    nothing in MISP to stand for it: nobody's detection could run it.
    """
    wanted = {
        str(one["id"]).partition("--")[2]: one
        for one in objects
        if one["type"] == "indicator" and one.get("pattern_type") == "stix" and not one.get("revoked")
    }
    for item in wanted.values():
        for made in _translated(item):
            level = level_of_object(item)
            uuid = standing_uuid(str(item["id"]), str(made.get("value", made.get("name"))))
            if "value" in made:
                yield Standing(
                    str(item["id"]), uuid, attribute=_attribute(made, uuid, level, str(item["id"]))
                )
            else:
                yield Standing(str(item["id"]), uuid, object=_object(made, uuid, level, str(item["id"])))


def standing_uuid(indicator: str, text: str) -> str:
    """Return the UUID of what stands for an indicator. text: the value, or the name of the object."""
    return named("stands for", indicator, text)


def _translated(item: Object) -> list[dict[str, Any]]:
    import stix2

    bare = {name: item[name] for name in ("type", "spec_version", "id", "created", "modified", "pattern")}
    bare |= {name: item[name] for name in ("pattern_type", "valid_from", "valid_until") if name in item}
    try:
        parser = misp_stix().ExternalSTIX2toMISPParser()
        parser.load_stix_bundle(stix2.Bundle(stix2.parse(bare), allow_custom=True))
        parser.parse_stix_bundle()
        event = json.loads(parser.misp_event.to_json())
    except Exception:
        LOG.debug("misp-stix stumbled", exc_info=True)
        return []
    objects = [one for one in event.get("Object", []) if one.get("name") != "stix2-pattern"]
    return [*event.get("Attribute", []), *objects]


def _attribute(made: dict[str, Any], uuid: str, level: Tlp, about: str) -> dict[str, Any]:
    kept = ("type", "value", "category", "to_ids", "first_seen", "last_seen")
    told = {name: made[name] for name in kept if name in made}
    return {**told, "uuid": uuid, "comment": f"of {about}", "Tag": [{"name": tag} for tag in tags(level)]}


def _object(made: dict[str, Any], uuid: str, level: Tlp, about: str) -> MISPObject:
    found = MISPObject(str(made["name"]), standalone=False)
    found.uuid, found.comment = uuid, f"of {about}"
    for one in made.get("Attribute", []):
        value, relation = one["value"], one["object_relation"]
        attribute = found.add_attribute(
            relation, value=value, type=one["type"], uuid=named(uuid, relation, str(value)), to_ids=True
        )
        for tag in tags(level):
            if attribute is not None:
                attribute.add_tag(tag)
    return found
