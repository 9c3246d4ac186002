"""Objects that other members share, made up for the tests of the desk."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from stillwatch.intel.stix.bundle import bundle_bytes
from stillwatch.intel.stix.checking import Checked, checked
from stillwatch.intel.stix.versions import stamp
from stillwatch.intel.tlp import Tlp

Row = dict[str, Any]
SPACE = uuid.UUID("6f2d5f0e-7a0b-4b9e-9d2c-0c8f4f9b7a10")
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
NOW = BEGIN + timedelta(days=5)


def ident(kind: str, name: str) -> str:
    """A STIX id, the same for the same name."""
    return f"{kind}--{uuid.uuid5(SPACE, kind + name)}"


HERON = ident("identity", "heron")
IBIS = ident("identity", "ibis")
EGRET = ident("identity", "egret")


def thing(kind: str, key: str, by: str, at: datetime = BEGIN, level: Tlp = Tlp.AMBER, /, **more: Any) -> Row:
    """Any object."""
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": ident(kind, key),
        "created_by_ref": by,
        "created": stamp(at),
        "modified": stamp(at),
        "object_marking_refs": [level.id],
        **more,
    }


def identity(which: str, name: str) -> Row:
    """Who somebody is, by their own word."""
    made = thing("identity", name, which, name=name, identity_class="organization")
    return {**made, "id": which}


def indicator(
    name: str,
    pattern: str,
    by: str = HERON,
    at: datetime = BEGIN,
    *,
    days: float = 60,
    form: str = "stix",
    **more: Any,
) -> Row:
    """An indicator with a confidence of 80."""
    said = {
        "pattern": pattern,
        "pattern_type": form,
        "valid_from": stamp(at),
        "valid_until": stamp(at + timedelta(days=days)),
        "confidence": 80,
        "indicator_types": ["anomalous-activity"],
        "name": "Seen in a campaign",
    }
    level = more.pop("level", Tlp.AMBER)
    return thing("indicator", name, by, at, level, **said | more)


def asn(name: str, number: int, by: str = HERON, at: datetime = BEGIN, **more: Any) -> Row:
    """An indicator of one network."""
    return indicator(name, f"[autonomous-system:number = {number}]", by, at, **more)


def later(item: Row, hours: float = 24, **changes: Any) -> Row:
    """Another version by the same maker."""
    at = datetime.fromisoformat(item["modified"]) + timedelta(hours=hours)
    return {**item, **changes, "modified": stamp(at)}


def checked_all(objects: Sequence[Row]) -> Checked:
    """Objects that the checks take, all of them."""
    found = checked(objects)
    assert not found.refused, found.refused
    return found


def bundle(objects: Sequence[Row]) -> bytes:
    """A bundle as a member sends it."""
    return bundle_bytes(objects)
