"""A row as an indicator: every field of it is somebody else's, and is looked at."""

from __future__ import annotations

from typing import Any

from stillwatch.intel.forms.row import COLUMNS, OF_EXTENSION, SAME, Row
from stillwatch.intel.forms.techniques import known, named
from stillwatch.intel.forms.values import labels_of, pattern_of, value_of
from stillwatch.intel.stix.marking import level_of_object
from stillwatch.intel.stix.project import EXTENSION, SCHEMA_VERSION
from stillwatch.intel.tlp import Tlp

MOST_TECHNIQUES = 200
BY_LABEL = {level.label: level for level in Tlp}
TAKEN = frozenset({*SAME.values(), "type", "spec_version"})
"""Properties that `more` may not hold, since they have columns."""


class NoRow(ValueError):
    """A row cannot be used; the message says why, and shows no value of it."""


def indicator_of(row: Row) -> dict[str, Any]:
    """Return the indicator of a row, which `checked` has yet to look at. Raises NoRow with the reason."""
    for name in TAKEN & row.more.keys():
        raise NoRow(f"more holds {name}, which has a column of its own")
    if len(row.techniques) > MOST_TECHNIQUES or not all(map(known, row.techniques)):
        raise NoRow("techniques names one that neither ATLAS nor Stillwatch has")
    if row.tlp not in BY_LABEL:
        raise NoRow("tlp is none of " + ", ".join(BY_LABEL))
    how, pattern = _pattern(row)
    made: dict[str, Any] = {"type": "indicator", "spec_version": "2.1"}
    made |= {
        name: getattr(row, column) for column, name in SAME.items() if getattr(row, column) not in ("", None)
    }
    made |= {"pattern_type": how, "pattern": pattern}
    made["created"] = row.created or row.valid_from
    made["modified"] = row.modified or made["created"]
    made["id"] = row.id or f"indicator--{named(row.reporter, how, pattern)}"
    if row.revoked:
        made["revoked"] = True
    if not row.more and not row.pattern:
        made |= labels_of(row.kind, row.epoch)
    level = BY_LABEL[row.tlp]
    made |= {"object_marking_refs": [level.id], **row.more}
    _extend(made, row)
    _must_agree(made, row, level)
    return made


def _pattern(row: Row) -> tuple[str, str]:
    if row.pattern:
        if not row.pattern_type:
            raise NoRow("a pattern needs its pattern_type")
        return row.pattern_type, row.pattern
    if not row.value:
        raise NoRow("it has neither a value nor a pattern")
    try:
        return pattern_of(row.kind, row.value, row.epoch)
    except ValueError as error:
        raise NoRow(str(error)) from None


def _extend(made: dict[str, Any], row: Row) -> None:
    told = {name: getattr(row, name) for name in OF_EXTENSION if getattr(row, name)}
    if not told:
        return
    whole = made.get("extensions", {})
    if not isinstance(whole, dict) or not isinstance(whole.get(EXTENSION, {}), dict):
        raise NoRow("the extensions in more are no map")
    fresh = {"extension_type": "property-extension", "schema_version": SCHEMA_VERSION}
    said = whole.get(EXTENSION, fresh)
    if told.keys() & said.keys():
        raise NoRow("more holds detector or rule_set, which have columns of their own")
    made["extensions"] = {**whole, EXTENSION: {**said, **told}}


def _must_agree(made: dict[str, Any], row: Row, level: Tlp) -> None:
    """Columns that say the same twice must not say two things: readers would see different ones."""
    found = value_of(made)
    for name in ("kind", "value", "epoch"):
        told, meant = getattr(row, name), getattr(found, name)
        if told and told != meant and not (name == "value" and row.kind == "asn" and told == f"AS{meant}"):
            raise NoRow(f"{name} is not what the pattern says")
    if made.get("revoked") not in (True, False, None) or (made.get("revoked") and not row.revoked):
        raise NoRow("revoked is not what more says")
    if level_of_object(made) != level:
        raise NoRow("tlp is not what the markings in more say")


def no_column(names: list[str]) -> str:
    """Return what is wrong with the names of columns; empty if nothing is."""
    if len(set(names)) != len(names):
        return "a column stands twice"
    if any(name not in COLUMNS for name in names):
        return f"there is a column that is none of {', '.join(COLUMNS)}"
    missing = [one for one in ("tlp", "valid_from") if one not in names]
    if missing or not {"value", "pattern"} & set(names):
        return f"column {missing[0] if missing else 'value'} is missing"
    return ""
