"""The name under which an account is kept: its id, or a pseudonym of that. Imports nothing heavy, since a
gateway asks it of each request.
"""

from __future__ import annotations

import hashlib
import hmac
import re

RAW_KEY = re.compile(
    r"^\s*(?:(?:bearer|basic|token)\s+\S|(?:sk|rk|pk|ak)[-_][A-Za-z0-9]|xai-|gsk_|AIza|hf_[A-Za-z0-9]{8}|gh[pousr]_|AKIA|ya29\.|eyJ[A-Za-z0-9_-]+\.)",
    re.IGNORECASE,
)
NO_KEY = b"stillwatch: raw API keys without a key file, version 1"
"""A key with full entropy cannot be guessed from its hash, even under a public key."""


def is_raw_key(account: str) -> bool:
    """Return whether an account id looks like a credential."""
    return RAW_KEY.match(account) is not None


def pseudonym(value: str, key: bytes | None) -> str:
    """Return the value's keyed hash: the first 16 hex digits of HMAC-SHA256 (RFC 2104)."""
    bare = re.sub(r"^\s*(?:bearer|basic|token)\s+", "", value, flags=re.IGNORECASE)
    return hmac.new(key or NO_KEY, bare.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:16]


def account_name(value: str, key: bytes | None) -> str:
    """Return the account id to keep: the id itself, or its pseudonym.

    It is the pseudonym if a key file was given or the id is a credential.
    """
    if key is not None:
        return pseudonym(value, key)
    return f"key-{pseudonym(value, None)}" if is_raw_key(value) else value
