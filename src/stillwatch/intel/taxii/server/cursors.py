"""Cursors: where the next page begins, in a text that only the server can make.

A cursor carries a position, and a code over the position, the filters, the collection, the endpoint and the
member. So it needs no row in the database, outlives a restart, and fits nothing but what it was made for.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from stillwatch.intel.taxii.server.fault import TaxiiFault

CODE = 20
"""Bytes of the code."""
LONGEST = 64
"""Characters of a cursor at most."""


def cursor(secret: bytes, position: int, *bound: str) -> str:
    """Return the cursor of a position, in microseconds, bound to some texts."""
    place = position.to_bytes(8, "big")
    return base64.urlsafe_b64encode(place + _code(secret, place, bound)).decode().rstrip("=")


def position_of(secret: bytes, text: str, *bound: str) -> int:
    """Return the position of a cursor. Raises TaxiiFault 400 where it was not made for these texts."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        data = b""
    place, code = data[:8], data[8:]
    if (
        len(text) > LONGEST
        or len(data) != 8 + CODE
        or not hmac.compare_digest(code, _code(secret, place, bound))
    ):
        raise TaxiiFault(
            400,
            "next does not belong to this request: send it with the same collection and filters that it came "
            "with, or begin again without it",
        )
    return int.from_bytes(place, "big")


def _code(secret: bytes, place: bytes, bound: tuple[str, ...]) -> bytes:
    told = b"".join(
        len(part).to_bytes(8, "big") + part for part in (place, *(text.encode() for text in bound))
    )
    return hmac.new(secret, told, hashlib.sha256).digest()[:CODE]
