"""A token: what stands for a value among members, and tells nothing about it without the service's key."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stillwatch.errors import IntelError
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.private.epoch import Epoch

SCHEME = "voprf-ristretto255-sha512"
"""RFC 9497 in its verifiable mode, over ristretto255 with SHA-512."""
PURPOSE = "adversarial-distillation"
"""What tokens are for. It is in each input: tokens of another purpose never match."""
SIZE = 32
"""Bytes of a token: the first half of the function's output."""
PATTERN = re.compile(r"token:v1:([a-z_]{1,32}):([0-9W-]{8,10}):([0-9a-f]{64})")


@dataclass(frozen=True)
class Token:
    """What stands for one value in one epoch."""

    value: bytes
    """32 bytes."""
    kind: IndicatorKind
    """What the value is about."""
    epoch: str
    """Name of the epoch whose key made it."""
    scheme: str = SCHEME
    """How it was made."""

    @property
    def pattern(self) -> str:
        """It as the pattern of an indicator of pattern type `stillwatch-token`."""
        return f"token:v1:{self.kind}:{self.epoch}:{self.value.hex()}"

    @staticmethod
    def parse(pattern: str) -> Token:
        """The token of a pattern. Raises IntelError for another text."""
        found = PATTERN.fullmatch(pattern)
        if found is None or found[1] not in set(IndicatorKind):
            raise IntelError(
                "a token cannot be read",
                where=repr(pattern[:60]),
                do="a token is token:v1:KIND:EPOCH:64 hexadecimal digits",
            )
        return Token(bytes.fromhex(found[3]), IndicatorKind(found[1]), Epoch.named(found[2]).name)


def input_bytes(kind: IndicatorKind, epoch: str, value: str) -> bytes:
    """What the function is asked for: scheme, purpose, kind, epoch and value, each behind its length.

    value: normalised. The lengths make it unambiguous: no two lists of parts give the same bytes.
    """
    parts = [part.encode("utf-8") for part in (SCHEME, PURPOSE, kind.value, epoch, value)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
