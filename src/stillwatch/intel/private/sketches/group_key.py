"""The key of a group's sketches: one secret of the members, another key in each epoch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stillwatch.intel.private.epoch import Epoch
from stillwatch.intel.private.token import PURPOSE
from stillwatch.key_file import secret_of


@dataclass(frozen=True)
class SketchKey:
    """The key of one epoch."""

    epoch: str
    """The epoch."""
    key: bytes = field(repr=False)
    """32 bytes, derived by HKDF (RFC 5869)."""

    @property
    def name(self) -> str:
        """8 hexadecimal digits by which two members see that they have the same key."""
        return hashlib.blake2b(self.key, digest_size=4, person=b"stillwatch-name").hexdigest()

    @staticmethod
    def of(secret: bytes, epoch: Epoch) -> SketchKey:
        """The key of an epoch."""
        info = f"stillwatch template sketches 1 {PURPOSE} {epoch.name}".encode()
        return SketchKey(epoch.name, HKDF(SHA256(), 32, None, info).derive(secret))

    @staticmethod
    def from_file(path: Path, epoch: Epoch) -> SketchKey:
        """The key of an epoch from the group's secret in a file. Raises SettingError as `secret_of`."""
        return SketchKey.of(secret_of(path), epoch)
