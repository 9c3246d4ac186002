"""Objects as the bytes of a bundle, and bytes as objects of the library."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

NAMESPACE = uuid.UUID("8d8a1c0e-1b7d-5d55-9b0d-2f0a4a3f6c11")
"""Namespace of the ids of bundles, which have no meaning beyond the transport."""


def bundle_bytes(objects: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a bundle: equal objects in equal order give equal bytes, and `again` gives them back."""
    content = [canonical(one) for one in objects]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8")).hexdigest()
    name = f"bundle--{uuid.uuid5(NAMESPACE, digest)}"
    return (json.dumps({"type": "bundle", "id": name, "objects": content}, ensure_ascii=True) + "\n").encode()


def again(data: bytes) -> bytes:
    """Return a bundle read by `stix2` and written again: what it drops or changes shows as other bytes.
    data: a bundle that was checked.
    """
    told = json.loads(data)
    return bundle_bytes([json.loads(parsed(one).serialize()) for one in told["objects"]])


def parsed(item: Mapping[str, Any]) -> Any:
    """Return an object as one of `stix2`. Raises its errors for what it does not take."""
    import stix2

    return stix2.parse(dict(item), allow_custom=True)


def canonical(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object as the library writes it: its order of properties, its form of times."""
    written: dict[str, Any] = json.loads(parsed(item).serialize())
    return written
