"""How the model server is told of a decision: by headers that name no campaign. Imports nothing heavy."""

from __future__ import annotations

import hashlib

OURS = b"x-stillwatch-"
"""Beginning of the headers by which the guard speaks to the server. A client's own ones are taken out."""
COHORT_HEADER = b"x-stillwatch-cohort"
"""MARK: the cohort, for the server's own watermark of answers."""
REASONING_HEADER = b"x-stillwatch-reasoning"
"""SUMMARISE: `summary`; the server is to withhold reasoning, or to hand over a summary of it."""


def cohort(name: str, key: bytes) -> str:
    """The cohort as the server is told it: 64 bits of keyed BLAKE2b (RFC 7693), so that a header in a log
    names no campaign.
    """
    return hashlib.blake2b(name.encode("utf-8", "replace"), key=key[:64], digest_size=8).hexdigest()
