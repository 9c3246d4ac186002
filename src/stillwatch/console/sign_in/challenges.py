"""Challenges that are kept by nobody: signed, for minutes, and taken once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.access_models import SpentRow
from stillwatch.console.access.secrets import hashed

MINUTES = 5.0
"""Minutes for which a challenge may be answered."""
NONCE, TIME, SEAL = 16, 8, 32
"""Bytes of its parts."""


def challenge(secret: str, purpose: str, now: float) -> bytes:
    """Return a new challenge for a purpose, which may name a user."""
    head = secrets.token_bytes(NONCE) + struct.pack(">d", now + MINUTES * 60)
    return head + _seal(secret, purpose, head)


def ours(secret: str, purpose: str, given: bytes, now: float) -> bool:
    """Return whether a challenge is one of ours for this purpose, and not too old."""
    head, seal = given[: NONCE + TIME], given[NONCE + TIME :]
    if len(head) != NONCE + TIME or not hmac.compare_digest(seal, _seal(secret, purpose, head)):
        return False
    return bool(struct.unpack(">d", head[NONCE:])[0] >= now)


def spend(session: Session, given: bytes, now: float) -> bool:
    """Use a challenge up; return whether it was unused. Rows are written for right answers alone, so
    strangers cannot fill the table.
    """
    name = hashed(base64.b64encode(given).decode())
    session.execute(sa.delete(SpentRow).where(SpentRow.expires < now))
    if session.get(SpentRow, name) is not None:
        return False
    session.execute(sa.insert(SpentRow).values(hash=name, expires=now + MINUTES * 60))
    return True


def _seal(secret: str, purpose: str, head: bytes) -> bytes:
    return hmac.new(secret.encode(), purpose.encode() + b"\0" + head, hashlib.sha256).digest()
