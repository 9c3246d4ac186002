"""A STIX object that is no indicator as the cells of an object of MISP, and back."""

from __future__ import annotations

import json
from typing import Any

from stillwatch.errors import IntelError
from stillwatch.intel.forms.carried import Object
from stillwatch.intel.forms.unrow import NoRow
from stillwatch.intel.stix.limits import DEFAULT, Limits
from stillwatch.intel.stix.marking import level_of_object
from stillwatch.intel.stix.reading import read_json
from stillwatch.intel.tlp import Tlp

TEXTS = ("type", "id", "name", "first_seen", "last_seen", "created_by_ref", "created", "modified")
"""Properties with a cell of their own, beside confidence."""


def cells_of_thing(item: Object) -> dict[str, str]:
    """Return an object as texts."""
    cells = {name: str(item[name]) for name in TEXTS if name in item}
    rest = {name: value for name, value in item.items() if name not in (*TEXTS, "spec_version")}
    if "confidence" in rest:
        cells["confidence"] = str(rest.pop("confidence"))
    if rest.get("object_marking_refs") == [level_of_object(item).id]:
        del rest["object_marking_refs"]
    if rest:
        cells["more"] = json.dumps(rest, sort_keys=True, ensure_ascii=True)
    return cells


def thing_of(cells: dict[str, str], level: Tlp, limits: Limits = DEFAULT) -> dict[str, Any]:
    """Return the object of some texts, which `checked` has yet to look at. Raises NoRow with the reason."""
    if not (cells.get("id") and cells.get("type")):
        raise NoRow("it has no id or no type")
    made: dict[str, Any] = {"spec_version": "2.1", "object_marking_refs": [level.id]}
    made |= {name: cells[name] for name in TEXTS if name in cells}
    confidence = cells.get("confidence", "")
    if confidence:
        if len(confidence) > 3 or not (confidence.isascii() and confidence.isdigit()):
            raise NoRow("confidence is no whole number from 0 to 100")
        made["confidence"] = int(confidence)
    made |= more_of(cells.get("more", ""), {*TEXTS, "spec_version", "confidence"}, limits)
    if level_of_object(made) < level:
        raise NoRow("the markings in more are less strict than its tags")
    return made


def more_of(cell: str, taken: set[str], limits: Limits) -> dict[str, Any]:
    """Return what a cell of JSON says. taken: names that it may not hold. Raises NoRow with the reason."""
    if not cell:
        return {}
    try:
        found = read_json(cell.encode("utf-8", "replace"), limits)
    except IntelError as error:
        raise NoRow(f"more cannot be read: {error.what}") from None
    if not isinstance(found, dict):
        raise NoRow("more is no JSON object")
    if taken & found.keys():
        raise NoRow("more holds what has a cell of its own")
    return found
