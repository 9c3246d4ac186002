"""An event of MISP as STIX objects, checked: our own exactly, others' as misp-stix translates them."""

from __future__ import annotations

from typing import Any

from stillwatch.intel.forms.canonical import usable
from stillwatch.intel.forms.carried import Lost, Taken
from stillwatch.intel.forms.csv_form import row_from
from stillwatch.intel.forms.frame import with_frame
from stillwatch.intel.forms.misp_event import Event, events
from stillwatch.intel.forms.misp_foreign import foreign
from stillwatch.intel.forms.misp_said import said_of
from stillwatch.intel.forms.misp_words import INDICATOR, level_of, tags_of
from stillwatch.intel.forms.row import COLUMNS
from stillwatch.intel.forms.things import TEXTS, thing_of
from stillwatch.intel.forms.unrow import NoRow, indicator_of
from stillwatch.intel.stix.checking import Refused
from stillwatch.intel.stix.limits import DEFAULT, Limits
from stillwatch.intel.tlp import Tlp

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
        own = _own(event, refused, lost, limits)
        others, missing = foreign(event)
        objects += [*own, *others]
        lost += missing
    found = usable(objects, limits)
    return Taken(tuple(with_frame(found.good)), (*refused, *found.refused), tuple(lost))


def _own(event: Event, refused: list[Refused], lost: list[Lost], limits: Limits) -> list[Made]:
    """The objects of our own templates, and what MISP says of them."""
    made: dict[str, Made] = {}
    for place, one in enumerate(event.own):
        try:
            made[str(one["uuid"])] = _object(one, event.level, limits)
        except NoRow as error:
            refused.append(Refused(place, "", f"object {one['name']}: {error}"))
    said = [it for one in event.own if str(one["uuid"]) in made for it in said_of(one, made, lost)]
    have = {str(item["id"]) for item in made.values()}
    whole = {str(item["id"]): item for item in said}
    return [*made.values(), *(item for name, item in whole.items() if name not in have)]


def _object(one: Made, outer: Tlp | None, limits: Limits) -> Made:
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
        return item
    return thing_of(texts, level, limits)
