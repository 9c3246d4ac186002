"""What misp-stix has no object of STIX for: fingerprints of clients (JA3, JA4, JARM), chats without text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stillwatch.intel.forms.carried import Lost
from stillwatch.intel.forms.misp_words import moment
from stillwatch.intel.forms.values import pattern_of
from stillwatch.intel.kinds import IndicatorKind

OF_ATTRIBUTES = ("ja3-fingerprint-md5", "jarm-fingerprint", "hassh-md5")
"""Types of attributes that are fingerprints of clients."""
OF_OBJECTS = {"ja4-plus": ("ja4-fingerprint",), "ja3": ("ja3-fingerprint-md5",)}
"""Objects of MISP, and their attributes that are fingerprints of clients."""
CHAT = "ai-chat-prompt"
SAID = ("model", "role", "act-as")
"""What of a chat is no text of a user."""
MOST_SAID = 200
Made = dict[str, Any]


def fingerprints(whole: Made, lost: list[Lost]) -> Iterator[Made]:
    """Yield indicators of fingerprints, and notes of chats. whole: an event that pymisp has read."""
    for one in whole["Attribute"]:
        if one.get("type") in OF_ATTRIBUTES:
            yield _indicator(whole, one, str(one["uuid"]), str(one["value"]))
    for one in whole["Object"]:
        name = str(one.get("name"))
        wanted = OF_OBJECTS.get(name, ())
        found = [it for it in one["Attribute"] if it.get("object_relation") in wanted]
        for it in found:
            uuid = str(one["uuid"]) if len(found) == 1 else str(it["uuid"])
            yield _indicator(whole, {**one, **it}, uuid, str(it["value"]))
            rest = [other for other in one["Attribute"] if other.get("object_relation") not in wanted]
            if rest:
                lost.append(Lost(f"{name} {one['uuid']}", "only its fingerprint is taken"))
        if name == CHAT:
            yield _note(whole, one)


def _indicator(whole: Made, one: Made, uuid: str, value: str) -> Made:
    how, pattern = pattern_of(IndicatorKind.TLS_FINGERPRINT, value, "")
    when = moment(one.get("timestamp")) or moment(whole["timestamp"])
    ends = moment(one.get("last_seen", ""))
    starts = moment(one.get("first_seen", "")) or when
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid}",
        **_maker(whole),
        "created": when,
        "modified": when,
        "pattern_type": how,
        "pattern": pattern,
        "valid_from": starts,
        **({"valid_until": ends} if ends > starts else {}),
    }


def _note(whole: Made, one: Made) -> Made:
    """A chat with a model, without what was said: which model, and in which role."""
    when = moment(one.get("timestamp")) or moment(whole["timestamp"])
    parts = [
        f"{it['object_relation']}: {str(it['value'])[:MOST_SAID]}"
        for it in one["Attribute"]
        if it.get("object_relation") in SAID
    ]
    return {
        "type": "note",
        "spec_version": "2.1",
        "id": f"note--{one['uuid']}",
        **_maker(whole),
        "created": when,
        "modified": when,
        "abstract": "A chat with a model, without its text",
        "content": "\n".join(parts) or "nothing but its text",
        "object_refs": [f"grouping--{whole['uuid']}"],
    }


def _maker(whole: Made) -> Made:
    maker = whole.get("Orgc")
    uuid = maker.get("uuid") if isinstance(maker, dict) else None
    return {"created_by_ref": f"identity--{uuid}"} if isinstance(uuid, str) else {}
