"""The file format of a snapshot, version 1.

Little-endian: 8 bytes MAGIC, 4 bytes version of the format, 4 bytes length of the header, the header (JSON in
ASCII), 64 bytes Ed25519 signature (RFC 8032) over CONTEXT and everything before it, then the sections, each
at a multiple of 8 bytes. The header holds place, size and SHA-256 of each section, so the signature covers
them. The digest of a snapshot is the SHA-256 of what is signed.

Sections: `campaigns`, `permits` and `texts` are JSON; `keys` holds the accounts' keys, sorted; `records` one
record for each key, in the same order.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.guard.state_keys import Verifier

MAGIC = b"STILLSNP"
FORMAT = 1
CONTEXT = b"stillwatch snapshot 1\n"
"""Stands before what is signed, so that a signature of a snapshot can never pass for one of anything else."""
START = struct.Struct("<8sII")
SIGNATURE_BYTES = 64
LARGEST_HEADER = 1 << 16
SECTIONS = ("campaigns", "permits", "texts", "keys", "records")
RECORD = struct.Struct("<QdIIIIHHB3x")
"""One account: key of its organisation, since, created, campaign, permit set, cleared by, plan, verification,
tier. `since` has fractions of a second, `created` whole seconds. Numbers of campaigns and sets count from 1;
0 is none.
"""
KEY_BYTES = 8
"""Bytes of a key."""
TIERS = ("", "near", "present", "named")
"""By their number in a record; a larger one comes before a smaller one."""


class Refused(Exception):
    """A file is no snapshot that may be used. Its first argument is the kind, a word; its second says why."""

    @property
    def kind(self) -> str:
        """A word for metrics."""
        return str(self.args[0])


@dataclass(frozen=True)
class Layout:
    """What the header of a file says, once its signature holds."""

    header: dict[str, Any]
    """The header."""
    digest: str
    """The snapshot's digest."""


def read_layout(data: memoryview, verifier: Verifier) -> Layout:
    """Check a file's signature, size and hashes. Raises Refused, with a word for the kind of fault."""
    if len(data) < START.size:
        raise Refused("short", "the file is shorter than any snapshot")
    magic, version, length = START.unpack_from(data)
    if magic != MAGIC:
        raise Refused("no-snapshot", "the file is no snapshot")
    if version != FORMAT:
        raise Refused("other-format", f"the file has format {version}, this version reads {FORMAT}")
    begun = START.size + length
    if length > LARGEST_HEADER or begun + SIGNATURE_BYTES > len(data):
        raise Refused("short", "the header is cut off, or its length is not true")
    signed = CONTEXT + bytes(data[:begun])
    if not verifier.holds(bytes(data[begun : begun + SIGNATURE_BYTES]), signed):
        raise Refused("signature", "the signature is not that of the state's key")
    header: dict[str, Any] = json.loads(bytes(data[START.size : begun]))
    for name in SECTIONS:
        part = section(data, header, name)
        if hashlib.sha256(part).hexdigest() != header["sections"][name]["sha256"]:
            raise Refused("changed", f"section {name} is not what was signed")
    return Layout(header, hashlib.sha256(signed).hexdigest())


def section(data: memoryview, header: Mapping[str, Any], name: str) -> memoryview:
    """Return a section. Raises Refused where the file ends before it does."""
    told = header["sections"][name]
    start, size = int(told["at"]), int(told["bytes"])
    if start + size > len(data):
        raise Refused("short", f"the file ends inside section {name}")
    return data[start : start + size]
