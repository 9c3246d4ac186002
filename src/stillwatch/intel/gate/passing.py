"""Whether a bundle may leave: every reason why not. Deny by default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from stillwatch.intel.gate.forms import BEHAVIOURS, FORMS, NAME, leaves, not_allowed
from stillwatch.intel.gate.watched import Watched
from stillwatch.intel.stix import project
from stillwatch.intel.stix.atlas import atlas
from stillwatch.intel.stix.bundle import bundle_bytes
from stillwatch.intel.stix.checking import checked
from stillwatch.intel.stix.courses import course
from stillwatch.intel.stix.extension import NAMES_BEHAVIOURS
from stillwatch.intel.stix.making import KINDS_PATTERN
from stillwatch.intel.stix.marking import level_of_object
from stillwatch.intel.tlp import LEVELS, Tlp
from stillwatch.playbooks.shipped import NAMES as PLAYBOOKS


class Purpose(StrEnum):
    """What something is shared for; the receiver may use it for nothing else."""

    DETECTION = "detection"
    """So that others find the same operator in their own logs."""
    REPORT = "incident-report"
    """To tell others of an incident of our own."""
    RESPONSE = "incident-response"
    """To work on one incident together with those named."""
    VICTIMS = "victim-support"
    """So that customers whose keys were taken are helped."""
    DISCLOSURE = "disclosure"
    """To tell an authority."""
    CORRECTION = "correction"
    """To take back, or put right, what was shared."""


@dataclass(frozen=True)
class Passage:
    """What the gate is told of a bundle that is to leave."""

    identity: str
    """Id of the provider's identity: whoever made its own objects."""
    name: str
    """The provider's short name."""
    level: Tlp
    """The marking that it was made with."""
    clearance: Tlp
    """The clearance that every receiver has at least."""
    purpose: Purpose
    """What it is for."""
    accounts: int | None
    """Accounts of the campaign that it is about, exactly; None where it is about no campaign of ours."""
    least_accounts: int
    """Accounts that a campaign must have before it leaves."""
    count: int | None = None
    """The count that the ledger gave for a sighting; None: it gave none."""
    foreign: frozenset[str] = frozenset()
    """Ids of others' objects that it may refer to."""
    watched: Watched = field(default_factory=Watched)
    """What must not leave in any form, as far as it is known."""


def objections(objects: Sequence[Mapping[str, Any]], passage: Passage) -> list[str]:
    """Return why a bundle may not leave; empty: it may. No reason tells a value."""
    return list(_objections(objects, passage))


def _objections(objects: Sequence[Mapping[str, Any]], passage: Passage) -> Iterator[str]:
    if not NAME.match(passage.name):
        yield "the provider's name is not made of lower-case letters, digits and hyphens"
    if passage.accounts is not None and passage.accounts < passage.least_accounts:
        yield f"the campaign has fewer than {passage.least_accounts} accounts: it would be about single ones"
    if passage.clearance < passage.level:
        yield f"it is {passage.level.label}, and who receives it is cleared for {passage.clearance.label}"
    sound = checked(objects)
    yield from (f"object {one.place} is not sound: {one.why}" for one in sound.refused)
    if sound.refused:
        return
    ids = {str(one["id"]) for one in objects}
    public = public_objects()
    for place, one in enumerate(objects):
        if public.get(str(one["id"])) == one:
            continue
        where = f"object {place} ({one['type']})"
        yield from (f"{where}: {why}" for why in objections_to(one, passage, ids | set(public)))
    if passage.watched.found_in(bundle_bytes(objects)):
        yield "it holds something of the run's accounts, in clear or in a form that can be turned back"


def objections_to(item: Mapping[str, Any], passage: Passage, ids: set[str]) -> Iterator[str]:
    """Yield why one sound object of a provider's own may not leave. ids: those of the bundle, and of what is
    public.
    """
    forms = FORMS.get(str(item["type"]))
    if forms is None:
        yield "objects of this type do not leave"
        return
    yield from (f"{path} is not among what may leave" for path in not_allowed(item, forms))
    if item.get("created_by_ref") != passage.identity:
        yield "it does not name us as its maker"
    less = item["type"] == "identity" or passage.purpose is Purpose.CORRECTION
    level = level_of_object(item)
    if level > passage.level or (level < passage.level and not less):
        yield f"it is not marked {passage.level.label}"
    if passage.clearance < NAMES_BEHAVIOURS and any(path == BEHAVIOURS for path, _ in leaves(item)):
        yield "it names behaviours, and who receives it is not cleared for that"
    if item["type"] == "identity" and item["id"] == passage.identity and item.get("name") != passage.name:
        yield "it names us otherwise"
    if item["type"] == "identity" and item["id"] != passage.identity and NAME.match(str(item.get("name"))):
        yield "a reporter has no short name"
    if item["type"] == "indicator" and not ("valid_from" in item and "valid_until" in item):
        yield "it does not say from when until when it holds"
    if item["type"] == "indicator" and (
        (item.get("pattern_type") == KINDS_PATTERN) != str(item.get("pattern")).startswith("kinds:")
    ):
        yield "its pattern is of another type than it says"
    if item.get("count", 0) not in (0, passage.count):
        yield "its count is not one that the ledger gave"
    yield from _references(item, passage, ids)


def _references(item: Mapping[str, Any], passage: Passage, ids: set[str]) -> Iterator[str]:
    known = ids | passage.foreign | _mitre()
    for path, value in leaves(item):
        name = path.removesuffix("[]")
        if name.endswith(("_ref", "_refs")) and name != "object_marking_refs" and value not in known:
            yield f"{name} names an object that is neither with it nor known"
    short = str(item["id"])[-8:]
    if item["type"] in ("campaign", "intrusion-set") and not str(item.get("name")).endswith(short):
        yield "its name is not that of its id"


def _mitre() -> set[str]:
    return {one.stix_id for one in atlas().techniques.values()}


def public_objects() -> dict[str, Mapping[str, Any]]:
    """What is the project's, OASIS's or the package's own: it passes as it is, and only so."""
    made = [
        project.identity(),
        project.extension_definition(),
        *project.own_techniques().values(),
        *(project.tlp_definition(level) for level in LEVELS.values()),
        *(course(name) for name in PLAYBOOKS),
    ]
    return {str(one["id"]): one for one in made}
