"""Read an envelope that a member posts: every object ready to be kept, or refused with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from stillwatch.intel.member import Member
from stillwatch.intel.taxii.moment import micros
from stillwatch.intel.taxii.server.asked import ID
from stillwatch.intel.taxii.server.brought_by_all import DEFINES, is_common, why_forged
from stillwatch.intel.taxii.server.collection import Collection
from stillwatch.intel.taxii.server.fault import TaxiiFault
from stillwatch.intel.taxii.server.settings import TaxiiSettings
from stillwatch.intel.tlp import Tlp

SHOWN = 200
"""Characters of an id that a status repeats."""


class Refused(Protocol):
    """An object that does not hold, as `intel.stix.checking` tells it."""

    @property
    def place(self) -> int:
        """Its place among the objects."""

    @property
    def why(self) -> str:
        """The reason."""


class Checked(Protocol):
    """Objects, checked."""

    @property
    def refused(self) -> Sequence[Refused]:
        """Those that do not hold."""


Check = Callable[[Sequence[Any]], Checked]
"""Whether objects are STIX 2.1 that can be used."""
LevelOf = Callable[[Mapping[str, Any]], Tlp]
"""How far an object may go."""


@dataclass(frozen=True)
class Prepared:
    """One object, ready to be kept."""

    id: str
    """Its id."""
    type: str
    """Its type."""
    creator: str
    """Who made it, as it says; empty: it does not."""
    version: int | None
    """Its version, in microseconds; None: the moment at which it is added."""
    version_text: str
    """Its version, as its creator wrote it."""
    level: int
    """How far it may go."""
    public: bool
    """Whether it is somebody else's public word, which several members may bring."""
    revoked: bool
    """Whether it revokes."""
    content: bytes
    """It, as JSON."""
    sha256: bytes
    """Digest of its canonical JSON."""


@dataclass(frozen=True)
class Envelope:
    """What was posted."""

    total: int
    """Objects in it."""
    good: tuple[Prepared, ...]
    """Those that may be kept."""
    refused: tuple[dict[str, str], ...]
    """The others, as a status tells them."""


def objects_of(data: bytes, settings: TaxiiSettings) -> list[Any]:
    """Return the objects of an envelope. Raises TaxiiFault 422 for another body, 413 for too many objects."""
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise TaxiiFault(422, "the body is not JSON, or is nested too deeply") from error
    objects = body.get("objects") if isinstance(body, dict) else None
    if not isinstance(objects, list) or not objects:
        raise TaxiiFault(422, 'the body is no envelope: it has no list "objects" with objects in it')
    if len(objects) > settings.envelope_objects:
        raise TaxiiFault(
            413,
            f"the envelope has {len(objects)} objects; send {settings.envelope_objects} at a time at most",
        )
    return objects


def envelope_of(
    objects: Sequence[Any],
    collection: Collection,
    member: Member,
    settings: TaxiiSettings,
    check: Check,
    level_of: LevelOf,
) -> Envelope:
    """Look at each object by itself. Never raises for what an object is."""
    reasons = {one.place: one.why for one in check(objects).refused}
    good: list[Prepared] = []
    refused: list[dict[str, str]] = []
    for place, item in enumerate(objects):
        why = reasons.get(place) or _why_not(item, collection, member, settings, level_of)
        made = None if why else _prepared(item, level_of, settings)
        if isinstance(made, Prepared):
            good.append(made)
        else:
            refused.append(_told(item, place, why or str(made)))
    return Envelope(len(objects), tuple(good), tuple(refused))


def _why_not(
    item: Any, collection: Collection, member: Member, settings: TaxiiSettings, level_of: LevelOf
) -> str:
    """The reason why a member may not bring an object to a collection; empty: it may."""
    if not isinstance(item, Mapping) or not isinstance(item.get("id"), str) or not ID.fullmatch(item["id"]):
        return "it is no object with a STIX id"
    kind = item.get("type")
    if not isinstance(kind, str) or item["id"].partition("--")[0] != kind:
        return "its type is not that of its id"
    why = _not_its_own(item, kind, member, settings)
    if why:
        return why
    level = _level(item, kind, level_of, settings)
    if level > collection.ceiling:
        return f"{level.label} goes beyond the ceiling of this collection, {collection.ceiling.label}"
    if level > member.clearance:
        return f"{level.label} is above your clearance, {member.clearance.label}"
    return ""


def _not_its_own(item: Mapping[str, Any], kind: str, member: Member, settings: TaxiiSettings) -> str:
    creator = item.get("created_by_ref")
    if is_common(item, settings):
        return why_forged(item)
    if creator == member.identity:
        return ""
    if kind == "identity" and creator is None and item["id"] == member.identity:
        return ""
    if creator is None:
        return "it does not say who made it: created_by_ref must be your own identity"
    return "created_by_ref must be your own identity: nobody shares in another's name"


def _level(item: Mapping[str, Any], kind: str, level_of: LevelOf, settings: TaxiiSettings) -> Tlp:
    """The level; an object that only defines a word, or a public technique, is public without a marking. A
    technique of a member's own is not.
    """
    public = kind in DEFINES or (kind == "attack-pattern" and is_common(item, settings))
    if public and not item.get("object_marking_refs") and not item.get("granular_markings"):
        return Tlp.CLEAR
    return level_of(item)


def _prepared(item: Mapping[str, Any], level_of: LevelOf, settings: TaxiiSettings) -> Prepared | str:
    kind = str(item["type"])
    text = item.get("modified", item.get("created"))
    version: int | None = None
    if text is not None:
        try:
            version = micros(str(text), exact=True)
        except ValueError as error:
            return f"its version cannot be used: {error}"
    try:
        content = orjson.dumps(item)
        canonical = orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError):
        return "it cannot be written as JSON"
    return Prepared(
        id=str(item["id"]),
        type=kind,
        creator=str(item.get("created_by_ref", "")),
        version=version,
        version_text=str(text) if version is not None else "",
        level=int(_level(item, kind, level_of, settings)),
        public=is_common(item, settings),
        revoked=item.get("revoked") is True,
        content=content,
        sha256=hashlib.sha256(canonical).digest(),
    )


def _told(item: Any, place: int, why: str) -> dict[str, str]:
    """A refused object, as a status tells it. What a stranger wrote is repeated only where it is an id."""
    found = item.get("id") if isinstance(item, Mapping) else None
    named = found if isinstance(found, str) and len(found) <= SHOWN and ID.fullmatch(found) else ""
    told = {"id": named or f"objects[{place}]", "message": why[:500]}
    text = item.get("modified", item.get("created")) if named and isinstance(item, Mapping) else None
    try:
        micros(str(text))
    except ValueError:
        return told
    return {**told, "version": str(text)[:40]}
