"""Secrets that people and programs carry: made here, and kept by their hash only."""

from __future__ import annotations

import hashlib
import hmac
import secrets

BYTES = 32
"""Bytes of a secret: 256 bits, so that a plain hash of it cannot be turned around."""


def fresh() -> str:
    """Return a new secret, in letters that are safe in an address."""
    return secrets.token_urlsafe(BYTES)


def hashed(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def derived(secret: str, purpose: str) -> str:
    """Return another secret that follows from one, for one purpose, and does not tell it."""
    return hmac.new(secret.encode("utf-8", "replace"), purpose.encode(), hashlib.sha256).hexdigest()


def same(given: str, wanted: str) -> bool:
    """Return whether two texts are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode("utf-8", "replace"))
