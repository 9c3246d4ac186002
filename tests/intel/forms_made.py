"""Objects of a made-up campaign, as a provider shares them; for the tests of the forms."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.stix.about_others import Stance, opinion, sighting
from stillwatch.intel.stix.facts import Facts, Review
from stillwatch.intel.stix.making import Maker, SharedToken, objects_of
from stillwatch.intel.stix.project import SIGNATURE_REPLAY
from stillwatch.intel.stix.versions import revoked
from stillwatch.intel.tlp import Tlp

ME = "identity--3f2c6b1e-6f0a-4b3f-9d27-1d0a5c7e9b11"
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
FIRST, LAST = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 28, 23, 59, 59, 999_000, tzinfo=UTC)
T, U = "2026-11-01T00:00:00.000Z", "2026-12-24T06:30:00.250Z"


def maker(level: Tlp = Tlp.AMBER_STRICT) -> Maker:
    """A provider that makes objects."""
    return Maker(identity=ME, name="lab-a", key=b"k" * 32, level=level, now=NOW)


def facts() -> Facts:
    """A campaign."""
    return Facts(
        subject="case-7",
        family="family-2",
        verdict="adversarial",
        role="operator",
        review=Review.CONFIRMED,
        kinds=(("network", "strong"), ("rhythm", "weak")),
        behaviours=("fixed_prompt", "volume"),
        techniques=("AML.T0024.002", "AML.T0040", SIGNATURE_REPLAY),
        first=FIRST,
        last=LAST,
        accounts=321,
        run_digest="c" * 64,
        rule_set="d" * 64,
    )


def shared(level: Tlp = Tlp.AMBER_STRICT, tokens: int = 2) -> list[dict[str, Any]]:
    """What a provider shares of it, with what it says of others' indicators."""
    kinds = list(IndicatorKind)
    made = [
        SharedToken(
            kinds[place % len(kinds)], f"2026-W{40 + place}", "voprf-ristretto255-sha512", f"{place:064x}"
        )
        for place in range(tokens)
    ]
    who = maker(level)
    objects = objects_of(facts(), who, made)
    token = next(one for one in objects if str(one.get("pattern", "")).startswith("token:"))
    return [
        *objects,
        sighting(who, token["id"], FIRST, LAST, seen=False),
        opinion(who, token["id"], Stance.DISAGREE),
    ]


def plain(pattern: str, /, **more: Any) -> dict[str, Any]:
    """An indicator that somebody else made, with a pattern of STIX."""
    made: dict[str, Any] = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid.uuid5(uuid.NAMESPACE_OID, pattern)}",
        "created_by_ref": ME,
        "created": T,
        "modified": T,
        "pattern": pattern,
        "pattern_type": "stix",
        "valid_from": T,
        "valid_until": U,
        "confidence": 61,
        "object_marking_refs": [Tlp.GREEN.id],
    }
    return {**made, **more}


def taken_back(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """The last version of the first indicator."""
    return revoked(of(objects, "indicator")[0], ME, NOW.replace(day=1, month=12))


def of(objects: Any, kind: str) -> list[dict[str, Any]]:
    """The objects of a type, by id and version."""
    found = [dict(one) for one in objects if one["type"] == kind]
    return sorted(found, key=lambda one: (one["id"], one.get("modified", "")))


def by_id(objects: Any) -> Mapping[str, dict[str, Any]]:
    """Objects by their ids."""
    return {one["id"]: dict(one) for one in objects}
