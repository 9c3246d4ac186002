"""Who Stillwatch is in STIX, and what it defines: one extension, and two techniques that ATLAS lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.intel import tlp
from stillwatch.intel.tlp import Tlp

IDENTITY = "identity--37ae1f0d-dc63-55ff-afba-6c5695a85bab"
"""Stillwatch itself; it made the playbooks too."""
EXTENSION = "extension-definition--6b6f9b39-2ad4-4d0a-9a2f-3f0f7d1c8e55"
"""The property extension `adversarial-distillation`."""
SCHEMA_VERSION = "1.0"
MADE = "2026-11-30T00:00:00.000Z"
SIGNATURE_REPLAY = "attack-pattern--0f4d7e36-7a58-4c7b-8f0b-9b1d1f0c5a21"
LIVE_RELAY = "attack-pattern--c2b0a0fd-54b1-4c1e-9d0a-51f3fb1e2d77"


def marked(made: dict[str, Any], level: Tlp) -> dict[str, Any]:
    """Return an object with the marking of a level."""
    return {**made, "object_marking_refs": [level.id]}


def identity() -> dict[str, Any]:
    """Return the identity of Stillwatch; what the project defines is public."""
    return _public("identity", IDENTITY, {"name": "Stillwatch", "identity_class": "system"})


def extension_definition() -> dict[str, Any]:
    """Return the definition of the extension."""
    told = {
        "name": "adversarial-distillation",
        "description": (
            "What a detector of adversarial distillation says of an object: the detector and its rule set, "
            "kinds of evidence with classes of strength, token scheme and epoch, digest of the run, state of "
            "review, and role. It holds no value of a customer and no threshold."
        ),
        "schema": "docs/sharing.md in the repository of Stillwatch",
        "version": "1.0.0",
        "extension_types": ["property-extension"],
    }
    return _public("extension-definition", EXTENSION, told)


def own_techniques() -> Mapping[str, dict[str, Any]]:
    """Return the attack patterns that ATLAS has no technique for, by id."""
    replay = {
        "name": "Reasoning signature replay",
        "description": (
            "Signed reasoning that one account or conversation was given is sent back from another one, "
            "so that the model goes on from, or reveals, reasoning that its provider hides."
        ),
    }
    relay = {
        "name": "Live relay",
        "description": (
            "A service passes the conversations of its own users on to accounts that it holds, moves a "
            "conversation from account to account, and keeps what the model answers."
        ),
    }
    pairs = ((SIGNATURE_REPLAY, replay), (LIVE_RELAY, relay))
    return {name: _public("attack-pattern", name, told) for name, told in pairs}


def tlp_definition(level: Tlp) -> dict[str, Any]:
    """Return the marking definition of a level, as OASIS wrote it."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": level.id,
        "created": tlp.CREATED,
        "name": level.label,
        "extensions": {
            tlp.EXTENSION: {
                "extension_type": "property-extension",
                "tlp_2_0": level.label.removeprefix("TLP:").lower(),
            }
        },
    }


def _public(kind: str, name: str, told: dict[str, Any]) -> dict[str, Any]:
    head = {"type": kind, "spec_version": "2.1", "id": name, "created_by_ref": IDENTITY}
    return marked({**head, "created": MADE, "modified": MADE, **told}, Tlp.CLEAR)
