"""Versions of an object: corrected, revoked, and which of several counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from stillwatch.errors import IntelError
from stillwatch.intel.stix.own_checks import moment_of

FIXED = ("type", "spec_version", "id", "created", "created_by_ref", "modified", "revoked")
"""Properties that no correction may set (STIX 2.1, 3.6)."""
UNVERSIONED = ("marking-definition",)


def stamp(moment: datetime) -> str:
    """Return a time as STIX writes it: UTC, milliseconds, cut and not rounded."""
    utc = moment.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}Z"


def corrected(item: Mapping[str, Any], changes: Mapping[str, Any], by: str, now: datetime) -> dict[str, Any]:
    """Return a new version of an object. changes: new values of properties; None takes one away. by: the
    identity that corrects. Raises IntelError for somebody else's object, for one that was revoked, for a
    property that does not change between versions, and where nothing changes.
    """
    _must_be_own(item, by)
    fixed = [name for name in changes if name in FIXED]
    if fixed:
        raise IntelError(
            f"{fixed[0]} is the same in all versions of an object",
            where=str(item["id"]),
            do="revoke it, and make a new object",
        )
    made = {name: value for name, value in {**item, **changes}.items() if value is not None}
    if made == dict(item):
        raise IntelError(
            "the correction changes nothing", where=str(item["id"]), do="say what is to be otherwise"
        )
    return {**made, "modified": _after(item, now)}


def revoked(item: Mapping[str, Any], by: str, now: datetime) -> dict[str, Any]:
    """Return the last version of an object, which says that it no longer holds. Raises IntelError as
    `corrected` does.
    """
    _must_be_own(item, by)
    return {**item, "revoked": True, "modified": _after(item, now)}


def newest(objects: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return of each id the version that counts, whatever order they came in: a revoked one before all
    others, then the one changed last; of two changed at once, the one whose text sorts first.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for one in objects:
        name = str(one["id"])
        if name not in found or _rank(one) > _rank(found[name]):
            found[name] = one
    return found


def _rank(item: Mapping[str, Any]) -> tuple[bool, datetime, list[int]]:
    moment = moment_of(item.get("modified", item.get("created"))) or datetime.min.replace(tzinfo=UTC)
    return bool(item.get("revoked")), moment, [-ord(letter) for letter in repr(sorted(item.items()))]


def _must_be_own(item: Mapping[str, Any], by: str) -> None:
    if item.get("type") in UNVERSIONED:
        raise IntelError(
            "a marking definition has no versions", where=str(item.get("id")), do="make another one"
        )
    if item.get("created_by_ref", item.get("id")) != by:
        raise IntelError(
            "only who made an object may correct or revoke it",
            where=str(item.get("id")),
            do="share an opinion, a note or a sighting about it",
        )
    if item.get("revoked"):
        raise IntelError(
            "it was revoked, which is its last version", where=str(item["id"]), do="make a new object"
        )


def _after(item: Mapping[str, Any], now: datetime) -> str:
    """The time of the new version: now, and later than the version before even if a clock went back."""
    before = moment_of(item.get("modified")) or datetime(1970, 1, 1, tzinfo=UTC)
    return stamp(max(now, before + timedelta(milliseconds=1)))
