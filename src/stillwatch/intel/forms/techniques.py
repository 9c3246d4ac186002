"""Which techniques an indicator stands for, and what says so in STIX."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from stillwatch.intel.forms.carried import Object
from stillwatch.intel.stix.atlas import atlas
from stillwatch.intel.stix.making import technique_id
from stillwatch.intel.stix.project import own_techniques

NAMESPACE = uuid.UUID("4f0f1a26-7a5f-5b84-9a77-5f9f7f0d2c31")
"""Of the ids of relationships and indicators that a form has no id for."""


def named(*parts: str) -> str:
    """Return the UUID of what has no id of its own in STIX: the same for the same parts."""
    return str(uuid.uuid5(NAMESPACE, " ".join(parts)))


def technique_of(reference: str) -> str:
    """Return the name of the technique that an id of an attack pattern stands for; empty for another id."""
    if reference in own_techniques():
        return reference
    return _names().get(reference, "")


def known(name: str) -> bool:
    """Return whether there is such a technique, in the table of ATLAS or of our own."""
    return name in atlas().techniques or name in own_techniques()


def techniques_of(objects: Iterable[Object]) -> Mapping[str, tuple[str, ...]]:
    """Return for each indicator the techniques that it, or a campaign that it indicates, is said to use."""
    indicates: dict[str, set[str]] = {}
    uses: dict[str, set[str]] = {}
    for one in objects:
        if one.get("type") == "relationship":
            where = {"indicates": indicates, "uses": uses}.get(str(one.get("relationship_type")))
            if where is not None:
                where.setdefault(str(one["source_ref"]), set()).add(str(one["target_ref"]))
    found: dict[str, tuple[str, ...]] = {}
    for name, targets in indicates.items():
        reached = targets.union(*(uses.get(target, set()) for target in targets))
        found[name] = tuple(sorted({technique_of(one) for one in reached} - {""}))
    return found


def relations_of(indicator: Object, techniques: Iterable[str]) -> list[dict[str, Any]]:
    """Return what says in STIX that an indicator stands for techniques."""
    kept = ("spec_version", "created_by_ref", "created", "modified", "object_marking_refs")
    head = {name: indicator[name] for name in kept if name in indicator}
    return [
        {
            **head,
            "type": "relationship",
            "id": f"relationship--{named(str(indicator['id']), name)}",
            "modified": indicator["created"],
            "relationship_type": "indicates",
            "source_ref": indicator["id"],
            "target_ref": technique_id(name),
        }
        for name in techniques
    ]


@cache
def _names() -> Mapping[str, str]:
    return {one.stix_id: name for name, one in atlas().techniques.items()}
