"""What goes over the wire: blinded inputs and evaluated outputs, binary or JSON. The service and the client
share it.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from collections.abc import Sequence

from stillwatch.errors import IntelError

BINARY, JSON = "application/octet-stream", "application/json"
ELEMENT, PROOF = 32, 64
"""Bytes of an element of the group, and of a proof for a whole batch."""
LEFT = "Stillwatch-Left"
"""Header that says how many inputs are left in the epoch."""


def largest_body(kind: str, inputs: int) -> int:
    """Bytes of a body with so many inputs."""
    return inputs * ELEMENT if kind == BINARY else inputs * 64 + 4_096


def inputs_of(body: bytes, kind: str, most: int) -> list[bytes]:
    """The blinded inputs of a body, each 32 bytes. Raises IntelError, with the reason."""
    try:
        found = _split(body) if kind == BINARY else _of_json(body)
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error):
        raise IntelError(
            "the batch cannot be read",
            where="body",
            do='send elements of 32 bytes one after another, or {"inputs": ["base64", …]}',
        ) from None
    if not 0 < len(found) <= most:
        raise IntelError(
            f"a batch has 1 to {most:,} inputs", where=f"body: {len(found):,}", do="send it in parts"
        )
    return found


def _split(body: bytes) -> list[bytes]:
    if len(body) % ELEMENT:
        raise ValueError
    return [body[at : at + ELEMENT] for at in range(0, len(body), ELEMENT)]


def _of_json(body: bytes) -> list[bytes]:
    given = json.loads(body)["inputs"]
    if not isinstance(given, list):
        raise TypeError
    found = [b64decode(text, validate=True) for text in given]
    if any(len(element) != ELEMENT for element in found):
        raise ValueError
    return found


def answer_body(evaluated: bytes, kind: str, left: int) -> bytes:
    """The body of an answer. evaluated: the proof, and the elements one after another."""
    if kind == BINARY:
        return evaluated
    elements = [b64encode(element).decode() for element in _split(evaluated[PROOF:])]
    proof = b64encode(evaluated[:PROOF]).decode()
    return json.dumps({"evaluated": elements, "proof": proof, "left": left}).encode()


def request_body(blinded: Sequence[bytes]) -> bytes:
    """The body of a request, binary."""
    return b"".join(blinded)
