"""Names that last: an identity for a campaign that no earlier run knows."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

PREFIX = "camp-"
BYTES = 10
"""Bytes of the digest that make the name: a million campaigns share one by chance in one of 10^12 cases."""


def new_identity(kind: str, accounts: Iterable[int]) -> str:
    """The identity of a campaign that is seen for the first time, made from its kind and its accounts' keys:
    the same in every run that finds the same accounts.
    """
    told = f"{kind} {' '.join(map(str, sorted(accounts)))}"
    digest = hashlib.sha256(told.encode()).digest()[:BYTES]
    return PREFIX + base64.b32encode(digest).decode().lower()
