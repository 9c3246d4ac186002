"""Writes a snapshot: `snapshot_format` says how it looks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.errors import naming
from stillwatch.guard.snapshot_format import CONTEXT, FORMAT, MAGIC, SIGNATURE_BYTES, START
from stillwatch.guard.state_keys import Signer
from stillwatch.run.durable import placed

RECORD_TYPE = np.dtype(
    [
        ("organisation", "<u8"),
        ("since", "<f8"),
        ("created", "<u4"),
        ("campaign", "<u4"),
        ("permits", "<u4"),
        ("cleared", "<u4"),
        ("plan", "<u2"),
        ("verification", "<u2"),
        ("tier", "u1"),
        ("pad", "V3"),
    ]
)
KEY_TYPE = np.dtype("<u8")


def write_snapshot(
    path: Path, header: Mapping[str, Any], sections: Mapping[str, bytes | np.ndarray], signer: Signer
) -> str:
    """Write a snapshot aside, let it reach the disk, and give it its name; returns its digest.

    header: without places and hashes of the sections, which are added. Raises OSError, naming the file, and
    then leaves nothing behind.
    """
    views = {name: _bytes_of(part) for name, part in sections.items()}
    hashes = {name: hashlib.sha256(view).hexdigest() for name, view in views.items()}
    begun, places = _head(header, views, hashes)
    signed = CONTEXT + begun
    with naming(path), placed(path) as file:
        file.write(begun + signer.sign(signed))
        for name, view in views.items():
            file.write(b"\0" * (places[name] - file.tell()))
            file.write(view)
    return hashlib.sha256(signed).hexdigest()


def _bytes_of(part: bytes | np.ndarray) -> memoryview:
    return memoryview(part) if isinstance(part, bytes) else np.ascontiguousarray(part).view(np.uint8).data


def _head(
    header: Mapping[str, Any], views: Mapping[str, memoryview], hashes: Mapping[str, str]
) -> tuple[bytes, dict[str, int]]:
    """The bytes before the signature, and where each section stands.

    Where sections stand depends on the header's length, and that on where they stand; places are written
    with a fixed width, so one round is enough.
    """
    length = len(_written(header, dict.fromkeys(views, 0), views, hashes))
    places: dict[str, int] = {}
    end = START.size + length + SIGNATURE_BYTES
    for name, view in views.items():
        places[name] = (end + 7) & ~7
        end = places[name] + view.nbytes
    text = _written(header, places, views, hashes)
    return START.pack(MAGIC, FORMAT, len(text)) + text, places


def _written(
    header: Mapping[str, Any],
    places: Mapping[str, int],
    views: Mapping[str, memoryview],
    hashes: Mapping[str, str],
) -> bytes:
    listed = {
        name: {"at": f"{places[name]:016d}", "bytes": view.nbytes, "sha256": hashes[name]}
        for name, view in views.items()
    }
    return json.dumps({**header, "sections": listed}, sort_keys=True).encode("ascii")
