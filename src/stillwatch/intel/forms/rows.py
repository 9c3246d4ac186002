"""Objects as rows, and rows as objects: what CSV and JSON lines have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stillwatch.intel.forms.canonical import usable
from stillwatch.intel.forms.carried import Object, Taken
from stillwatch.intel.forms.frame import with_frame
from stillwatch.intel.forms.row import Row, row_of
from stillwatch.intel.forms.techniques import relations_of, techniques_of
from stillwatch.intel.forms.unrow import NoRow, indicator_of
from stillwatch.intel.stix.checking import Refused
from stillwatch.intel.stix.limits import DEFAULT, Limits

Line = tuple[int, Row | str]
"""The place of a row, and the row, or why there is none."""


def rows_of(objects: Sequence[Object]) -> list[Row]:
    """Return the indicators of some objects as rows, sorted by id and version."""
    techniques = techniques_of(objects)
    found = [one for one in objects if one.get("type") == "indicator"]
    found.sort(key=lambda one: (str(one["id"]), str(one.get("modified"))))
    return [row_of(one, techniques.get(str(one["id"]), ())) for one in found]


def taken(lines: Iterable[Line], limits: Limits = DEFAULT) -> Taken:
    """Return the objects of rows, checked, with the relationships that the rows name."""
    refused: list[Refused] = []
    made: list[Object] = []
    places: list[int] = []
    relations: dict[str, Object] = {}
    for place, row in lines:
        try:
            if isinstance(row, str):
                raise NoRow(row)
            indicator = indicator_of(row)
        except NoRow as error:
            refused.append(Refused(place, "", str(error)))
            continue
        made.append(indicator)
        places.append(place)
        if row.techniques:
            relations |= {str(one["id"]): one for one in relations_of(indicator, row.techniques)}
    found = usable(made, limits)
    refused += [Refused(places[one.place], one.id, one.why) for one in found.refused]
    ids = {str(one["id"]) for one in found.good}
    related = usable([one for one in relations.values() if one["source_ref"] in ids], limits)
    whole = with_frame([*found.good, *related.good])
    return Taken(tuple(whole), tuple(sorted((*refused, *related.refused), key=lambda one: one.place)))
