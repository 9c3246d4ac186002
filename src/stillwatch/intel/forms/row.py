"""An indicator as one row, and back: the columns that CSV, JSON lines and MISP share."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from stillwatch.intel.forms.carried import Object
from stillwatch.intel.forms.values import value_of
from stillwatch.intel.stix.marking import level_of_object
from stillwatch.intel.stix.project import EXTENSION


@dataclass(frozen=True)
class Row:
    """One indicator."""

    id: str = ""
    """Id in STIX; if left out, one is made from reporter, kind and value."""
    kind: str = ""
    """Kind, such as asn or template; empty where the pattern does not tell one."""
    value: str = ""
    """The token in hexadecimal digits, or the plain value; empty for a pattern of several parts."""
    epoch: str = ""
    """Epoch of the token; empty for a plain value."""
    reporter: str = ""
    """Id of the identity that made it."""
    confidence: int | None = None
    """How sure it is, 0 to 100."""
    tlp: str = ""
    """TLP 2.0, as TLP:AMBER+STRICT; what is not known counts as TLP:RED."""
    valid_from: str = ""
    """From when it holds, UTC."""
    valid_until: str = ""
    """Until when it holds, UTC."""
    techniques: tuple[str, ...] = ()
    """Ids of techniques of MITRE ATLAS, or of our own attack patterns."""
    detector: str = ""
    """The detector that saw it, and its version."""
    rule_set: str = ""
    """Digest of the detector's rules."""
    revoked: bool = False
    """Whether it was taken back; a row that was taken back is a correction, not a new indicator."""
    name: str = ""
    """Its name."""
    created: str = ""
    """When it was made; if left out, valid_from."""
    modified: str = ""
    """When it was last changed; if left out, created."""
    pattern_type: str = ""
    """Language of the pattern; if left out, it follows from kind and value."""
    pattern: str = ""
    """The pattern; if left out, it follows from kind and value."""
    more: dict[str, Any] = field(default_factory=dict)
    """What else the indicator says, as JSON, so that nothing of it is lost."""


COLUMNS = tuple(one.name for one in fields(Row))
"""The columns, in their order."""
SAME = {
    "id": "id",
    "reporter": "created_by_ref",
    "confidence": "confidence",
    "valid_from": "valid_from",
    "valid_until": "valid_until",
    "name": "name",
    "created": "created",
    "modified": "modified",
    "pattern_type": "pattern_type",
    "pattern": "pattern",
}
"""Columns that are properties of the indicator."""
OF_EXTENSION = ("detector", "rule_set")
"""Columns that stand in our extension."""


def row_of(item: Object, techniques: tuple[str, ...] = ()) -> Row:
    """Return an indicator as a row. item: an object that was checked."""
    rest = {name: value for name, value in item.items() if name not in SAME.values()}
    for name in ("type", "spec_version"):
        rest.pop(name, None)
    told: dict[str, Any] = {column: item[name] for column, name in SAME.items() if name in item}
    if rest.get("revoked") is True:
        del rest["revoked"]
        told["revoked"] = True
    level = level_of_object(item)
    if rest.get("object_marking_refs") == [level.id]:
        del rest["object_marking_refs"]
    told |= _of_extension(rest)
    found = value_of(item)
    return Row(
        **told,
        kind=found.kind,
        value=found.value,
        epoch=found.epoch,
        tlp=level.label,
        techniques=techniques,
        more=rest,
    )


def _of_extension(rest: dict[str, Any]) -> dict[str, str]:
    """Take the columns of our extension out of the rest."""
    whole = rest.get("extensions")
    said = whole.get(EXTENSION) if isinstance(whole, dict) else None
    if not isinstance(whole, dict) or not isinstance(said, dict):
        return {}
    told = {name: said[name] for name in OF_EXTENSION if isinstance(said.get(name), str) and said[name]}
    left = {name: value for name, value in said.items() if name not in told}
    rest["extensions"] = {**whole, EXTENSION: left}
    return told
