"""What others put into an event of MISP, as misp-stix translates it: cleaned, completed, all of it marked."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from stillwatch.intel.forms.carried import Lost
from stillwatch.intel.forms.misp_event import Event
from stillwatch.intel.forms.misp_fingerprints import fingerprints
from stillwatch.intel.forms.misp_library import misp_stix
from stillwatch.intel.forms.misp_values import standing_uuid
from stillwatch.intel.forms.misp_words import GALAXY, level_of, moment, tags_of
from stillwatch.intel.forms.values import value_of
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.stix.decay import until
from stillwatch.intel.stix.own_checks import TYPES, moment_of
from stillwatch.intel.stix.versions import stamp
from stillwatch.intel.tlp import Tlp

LOG = logging.getLogger(__name__)
TEXTS_OF_USERS = {"ai-chat-prompt": ("prompt", "comment", "result")}
"""Attributes of MISP's objects that hold what people wrote to a model; they are not looked at."""
UNKNOWN = IndicatorKind.RESELLER_DOMAIN
"""The kind whose lifetime what is of no kind of ours is given."""
Made = dict[str, Any]


def foreign(event: Event) -> tuple[list[Made], list[Lost]]:
    """Return the objects of what others put into an event, not yet checked, and what was not taken."""
    lost: list[Lost] = []
    whole = _cleaned(event, lost)
    if not (whole["Attribute"] or whole["Object"]):
        return [], lost
    levels = _levels(whole)
    outer = event.level if event.level is not None else Tlp.RED
    prints = list(fingerprints(whole, lost))
    told = [*_translated(whole, lost), *prints]
    kept = _without_unknown(told, {str(one.get("id")).partition("--")[2] for one in prints}, lost)
    return [_marked(one, levels, outer) for one in _completed(kept)], lost


def _cleaned(event: Event, lost: list[Lost]) -> Made:
    """The event without texts of users, and without what stands for our own indicators."""
    mine = {str(one["uuid"]) for one in event.own}
    whole = {**event.whole, "Attribute": list(event.whole.get("Attribute") or [])}
    whole.pop("Galaxy", None)  # its tags say the same, and are read below
    whole["Attribute"] = [one for one in whole["Attribute"] if not _stands(one, str(one.get("value")), mine)]
    objects = []
    for one in whole["Object"]:
        name = str(one.get("name"))
        if _stands(one, name, mine):
            continue
        hidden = TEXTS_OF_USERS.get(name, ())
        told = [it for it in one.get("Attribute", []) if it.get("object_relation") in hidden]
        if told:
            lost.append(Lost(f"{name} {one['uuid']}", "what people wrote to a model is not taken"))
        left = [it for it in one.get("Attribute", []) if it.get("object_relation") not in hidden]
        objects.append({**one, "Attribute": left})
    whole["Object"] = [one for one in objects if one["Attribute"]]
    whole.setdefault("timestamp", str(int(_day(event.whole).timestamp())))
    for one in (
        *whole["Attribute"],
        *whole["Object"],
        *(it for o in whole["Object"] for it in o["Attribute"]),
    ):
        one.setdefault("timestamp", whole["timestamp"])
    _without_galaxies(whole, lost)
    return whole


def _stands(one: Made, text: str, mine: set[str]) -> bool:
    about = str(one.get("comment", "")).removeprefix("of indicator--")
    return about in mine and one.get("uuid") == standing_uuid(f"indicator--{about}", text)


def _without_galaxies(whole: Made, lost: list[Lost]) -> None:
    for one in (whole, *whole["Attribute"], *whole["Object"]):
        if one is not whole:
            one.pop("Galaxy", None)
        gone = [name for name in tags_of(one) if name.startswith(GALAXY)]
        for name in gone:
            lost.append(Lost(name[:120], "techniques of ATLAS are not taken from MISP, whose list is old"))
        if gone:
            one["Tag"] = [tag for tag in one["Tag"] if tag.get("name") not in gone]


def _translated(whole: Made, lost: list[Lost]) -> list[Made]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parser = misp_stix().MISPtoSTIX21Parser()
            parser.parse_misp_event(whole)
            told: list[Made] = json.loads(parser.bundle.serialize())["objects"]
    except Exception as error:
        LOG.debug("misp-stix stumbled", exc_info=True)
        lost.append(Lost(f"event {whole['uuid']}", f"misp-stix cannot translate it ({type(error).__name__})"))
        return []
    return told


def _without_unknown(told: Sequence[Made], known: set[str], lost: list[Lost]) -> Iterator[Made]:
    """Objects without those of no type of STIX, and without references to them."""
    kept: dict[str, Made] = {}
    for one in told:
        kind, name = str(one.get("type")), str(one.get("id"))
        if kind in TYPES:
            if kind != "marking-definition":
                kept.setdefault(name, one)
        elif name.partition("--")[2] not in known:
            what = one.get("x_misp_name") or one.get("x_misp_type") or kind
            lost.append(Lost(f"{str(what)[:60]} {name.partition('--')[2]}", "STIX has no object for it"))
    for one in kept.values():
        refs = {key: value for key, value in one.items() if key.endswith(("_ref", "_refs"))}
        made = dict(one)
        for key, value in refs.items():
            if isinstance(value, list):
                made[key] = [ref for ref in value if ref in kept]
                if not made[key]:
                    del made[key]
            elif value not in kept:
                del made[key]
        if _whole(made):
            yield made
        else:
            lost.append(Lost(str(one["id"]), "it is about what is not taken"))


def _whole(one: Made) -> bool:
    needs = {
        "relationship": ("source_ref", "target_ref"),
        "sighting": ("sighting_of_ref",),
        "grouping": ("object_refs",),
        "report": ("object_refs",),
        "note": ("object_refs",),
        "opinion": ("object_refs",),
    }
    return all(name in one for name in needs.get(str(one["type"]), ()))


def _completed(told: Iterator[Made]) -> Iterator[Made]:
    """Indicators with an end: MISP's have none unless somebody set it."""
    for one in told:
        if one["type"] != "indicator" or "valid_until" in one:
            yield one
            continue
        start = moment_of(one.get("valid_from"))
        kind = value_of(one).kind
        end = until(IndicatorKind(kind or UNKNOWN), start) if start else None
        yield {**one, **({"valid_until": stamp(end)} if end else {})}


def _levels(whole: Made) -> dict[str, Tlp]:
    """The level of each UUID that has tags of its own."""
    found: dict[str, Tlp] = {}
    for one in whole["Attribute"]:
        level = level_of(tags_of(one))
        if level is not None:
            found[str(one["uuid"])] = level
    for one in whole["Object"]:
        inner = [(str(it["uuid"]), level_of(tags_of(it))) for it in one["Attribute"]]
        told = [level for _, level in inner if level is not None]
        if told:
            strictest = max(told)
            found |= dict.fromkeys((str(one["uuid"]), *(uuid for uuid, _ in inner)), strictest)
    return found


def _marked(one: Made, levels: dict[str, Tlp], outer: Tlp) -> Made:
    """An object with its marking: that of the attribute or object that it is made of or about, or else of the
    event. misp-stix marks the grouping alone.
    """
    names = [
        one["id"],
        one.get("sighting_of_ref", ""),
        one.get("source_ref", ""),
        *one.get("object_refs", []),
    ]
    if one["type"] in ("grouping", "report"):
        level = max([outer, *levels.values()])
    else:
        level = max(
            [levels[u] for u in (str(n).partition("--")[2] for n in names) if u in levels], default=outer
        )
    made = {name: value for name, value in one.items() if name != "granular_markings"}
    return {**made, "object_marking_refs": [level.id]}


def _day(whole: Made) -> datetime:
    found = moment_of(moment(whole.get("date")))
    return found if found else datetime(1970, 1, 1, tzinfo=UTC)
