"""Objects that are nobody's among the members: Stillwatch's own, OASIS's markings, MITRE's techniques."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from stillwatch.intel.stix import project
from stillwatch.intel.stix.atlas import atlas
from stillwatch.intel.stix.courses import course
from stillwatch.intel.taxii.server.settings import TaxiiSettings
from stillwatch.intel.tlp import Tlp
from stillwatch.playbooks.shipped import NAMES

DEFINES = frozenset({"marking-definition", "extension-definition"})
"""Types that say what a word means; anybody may bring them."""


def is_common(item: Mapping[str, Any], settings: TaxiiSettings) -> bool:
    """Whether any member may bring an object, whoever made it."""
    creator = item.get("created_by_ref")
    if item["type"] in DEFINES or creator == project.IDENTITY:
        return True
    return item["type"] == "attack-pattern" and creator in settings.others


def why_forged(item: Mapping[str, Any]) -> str:
    """The reason why a common object is not what its maker says; empty: nothing speaks against it."""
    known = _known().get(str(item["id"]))
    if known is not None and known != dict(item):
        return "it is not what Stillwatch ships under this id; the hub may be older or newer than you"
    if known is None and item.get("created_by_ref") == project.IDENTITY:
        return "Stillwatch made no such object, as far as this hub knows"
    name = _techniques().get(str(item["id"]))
    if name is not None and (item.get("name") != name or item.get("revoked")):
        return "it is not MITRE's technique of this id"
    return ""


@cache
def _known() -> Mapping[str, Mapping[str, Any]]:
    made = [
        project.identity(),
        project.extension_definition(),
        *project.own_techniques().values(),
        *(project.tlp_definition(level) for level in Tlp),
        *(course(name) for name in NAMES),
    ]
    return {str(one["id"]): one for one in made}


@cache
def _techniques() -> Mapping[str, str]:
    return {one.stix_id: one.name for one in atlas().techniques.values()}
