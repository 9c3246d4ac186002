"""What `stix2-validator` lets pass, and what would harm those who read on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from stillwatch.intel.stix.hostile_patterns import hostile
from stillwatch.intel.stix.limits import Limits

TYPES = frozenset(
    (
        "attack-pattern",
        "campaign",
        "course-of-action",
        "grouping",
        "identity",
        "incident",
        "indicator",
        "infrastructure",
        "intrusion-set",
        "location",
        "malware",
        "malware-analysis",
        "note",
        "observed-data",
        "opinion",
        "report",
        "threat-actor",
        "tool",
        "vulnerability",
        "relationship",
        "sighting",
        "language-content",
        "marking-definition",
        "extension-definition",
        "artifact",
        "autonomous-system",
        "directory",
        "domain-name",
        "email-addr",
        "email-message",
        "file",
        "ipv4-addr",
        "ipv6-addr",
        "mac-addr",
        "mutex",
        "network-traffic",
        "process",
        "software",
        "url",
        "user-account",
        "windows-registry-key",
        "x509-certificate",
    )
)
"""The types of STIX 2.1."""
ID = re.compile(
    r"([a-z][a-z0-9]*(?:-[a-z0-9]+)*)--[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z"
)
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z\Z")
MOMENTS = ("created", "modified", "valid_from", "valid_until", "first_seen", "last_seen", "published")
MOMENTS_AS_WELL = ("first_observed", "last_observed", "start_time", "stop_time")
ORDERED = (
    ("created", "modified", False),
    ("valid_from", "valid_until", True),
    ("first_seen", "last_seen", False),
    ("first_observed", "last_observed", False),
    ("start_time", "stop_time", False),
)
"""Two moments, and whether the later one must be strictly later."""
UNCHANGING = frozenset({"marking-definition"})
LEAST = 1970
"""No earlier year is believed."""


def faults(item: Mapping[str, Any], limits: Limits) -> Iterator[str]:
    """Yield what is wrong with an object that is within bounds."""
    kind, name = item.get("type"), item.get("id")
    if not isinstance(kind, str) or kind not in TYPES:
        yield "its type is none of STIX 2.1"
        return
    found = ID.match(name) if isinstance(name, str) else None
    if not found or found[1] != kind:
        yield "its id is not its type, two hyphens and a UUID"
        return
    if item.get("spec_version", "2.1") != "2.1":
        yield "its spec_version is not 2.1"
    if kind == "observed-data" and "objects" in item:
        yield "observed-data with `objects` of its own is of an older form"
    yield from _moments(item)
    yield from _confidence(item)
    yield from _references(item)
    yield from _pattern(item, limits)


def _moments(item: Mapping[str, Any]) -> Iterator[str]:
    read: dict[str, datetime] = {}
    for name in (*MOMENTS, *MOMENTS_AS_WELL):
        if name in item:
            moment = moment_of(item[name])
            if moment is None:
                yield f"{name} is no time in UTC that exists"
            else:
                read[name] = moment
    for first, last, strictly in ORDERED:
        if first in read and last in read:
            wrong = read[last] <= read[first] if strictly else read[last] < read[first]
            if wrong:
                yield f"{last} is before {first}"


def moment_of(text: Any) -> datetime | None:
    """Return a STIX timestamp as a time; None if it is none, or not since 1970."""
    if not isinstance(text, str) or not MOMENT.match(text):
        return None
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None
    return moment if moment.year >= LEAST else None


def _confidence(item: Mapping[str, Any]) -> Iterator[str]:
    value = item.get("confidence", 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        yield "confidence is not an integer from 0 to 100"


def _references(item: Mapping[str, Any]) -> Iterator[str]:
    for name, value in item.items():
        if name.endswith("_ref") and not (isinstance(value, str) and ID.match(value)):
            yield f"{name} is no id"
        if name.endswith("_refs") and not (
            isinstance(value, list | tuple) and all(isinstance(one, str) and ID.match(one) for one in value)
        ):
            yield f"{name} is no list of ids"
    if (
        item["id"] in (item.get("created_by_ref"), item.get("sighting_of_ref"), item.get("source_ref"))
        and item["type"] != "identity"
    ):
        yield "it refers to itself"


def _pattern(item: Mapping[str, Any], limits: Limits) -> Iterator[str]:
    if item["type"] != "indicator":
        return
    pattern = item.get("pattern")
    if not isinstance(pattern, str) or not pattern:
        yield "its pattern is no text"
    elif len(pattern) > limits.pattern:
        yield f"its pattern is longer than {limits.pattern} characters"
    else:
        why = hostile(pattern, str(item.get("pattern_type")))
        if why:
            yield why
