"""An event of MISP from outside: read within limits, by pymisp, and taken apart into ours and others'."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.errors import IntelError
from stillwatch.intel.forms.absent import without_null
from stillwatch.intel.forms.misp_words import INDICATOR, OBJECT, analysts_times, level_of, tags_of, template
from stillwatch.intel.forms.techniques import named
from stillwatch.intel.stix.bounds import out_of_bounds
from stillwatch.intel.stix.limits import DEFAULT, Limits
from stillwatch.intel.stix.reading import read_json
from stillwatch.intel.tlp import Tlp

LOG = logging.getLogger(__name__)
DO = "export the event from MISP as JSON (MISP JSON), with its attributes, objects and tags"
MOST_EVENTS = 100
PER_OBJECT = 64
"""Values of an event for each object that a bundle may have."""


@dataclass(frozen=True)
class Event:
    """One event, as pymisp reads it."""

    whole: dict[str, Any]
    """It as MISP's JSON, without the objects of our own."""
    own: tuple[dict[str, Any], ...]
    """Objects of our own templates."""
    level: Tlp | None
    """The level of its tags; None where none is of TLP."""
    uuid: str
    """Its UUID."""


def events(data: bytes, limits: Limits = DEFAULT, where: str = "the file") -> list[Event]:
    """Return the events of a file. Raises IntelError for what is no export of MISP within the limits."""
    whole = read_json(data, limits, where)
    told = whole.get("response", [whole]) if isinstance(whole, Mapping) else whole
    told = told if isinstance(told, list) else [told]
    if len(told) > MOST_EVENTS:
        raise _wrong(f"it has {len(told)} events, and {MOST_EVENTS} are the most", where)
    made = [_event(one.get("Event", one) if isinstance(one, Mapping) else one, limits, where) for one in told]
    if not made:
        raise _wrong("it has no event", where)
    return made


def _event(told: Any, limits: Limits, where: str) -> Event:
    if not isinstance(told, dict) or not isinstance(told.get("info"), str):
        raise _wrong("it is no event of MISP", where)
    most = Limits(object_bytes=limits.bundle_bytes, depth=limits.depth, values=limits.objects * PER_OBJECT)
    why = out_of_bounds(without_null(told), most)
    if why:
        raise _wrong(f"the event cannot be read: {why}", where)
    whole = _read(told, where)
    objects = _dicts(whole.get("Object"))
    own = tuple(one for one in objects if _is_own(one))
    whole["Object"] = [one for one in objects if not _is_own(one)]
    return Event(whole, own, level_of(tags_of(whole)), str(whole.get("uuid", "")))


def _read(told: dict[str, Any], where: str) -> dict[str, Any]:
    """What pymisp makes of an event, with a UUID for all that has none: misp-stix needs one."""
    from pymisp import MISPEvent

    named_all = analysts_times(_named(told))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            event = MISPEvent()
            event.from_dict(**named_all)
            read: dict[str, Any] = json.loads(event.to_json())
    except Exception as error:
        LOG.debug("pymisp stumbled", exc_info=True)
        raise _wrong(f"pymisp cannot read the event ({type(error).__name__})", where) from None
    return read


def _named(told: dict[str, Any]) -> dict[str, Any]:
    made = dict(told)
    made.setdefault("uuid", named("event", json.dumps(told, sort_keys=True)))
    parent = str(made["uuid"])
    made["Attribute"] = [
        _attribute(one, parent, place) for place, one in enumerate(_dicts(told.get("Attribute")))
    ]
    made["Object"] = []
    for place, one in enumerate(_dicts(told.get("Object"))):
        uuid = str(one.get("uuid") or named("object", parent, str(place)))
        inner = [_attribute(it, uuid, at) for at, it in enumerate(_dicts(one.get("Attribute")))]
        made["Object"].append({**one, "uuid": uuid, "Attribute": inner})
    return made


def _attribute(one: dict[str, Any], parent: str, place: int) -> dict[str, Any]:
    uuid = str(one.get("uuid") or named("attribute", parent, str(place)))
    seen = [
        {**it, "uuid": str(it.get("uuid") or named("sighting", uuid, str(at)))}
        for at, it in enumerate(_dicts(one.get("Sighting")))
    ]
    return {**one, "uuid": uuid, **({"Sighting": seen} if seen else {})}


def _is_own(one: dict[str, Any]) -> bool:
    name = str(one.get("name"))
    return name in (INDICATOR, OBJECT) and str(one.get("template_uuid")) == template(name)["uuid"]


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _wrong(what: str, where: str) -> IntelError:
    return IntelError(f"{what}; nothing of it was taken", where=where, do=DO)
