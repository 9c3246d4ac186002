"""The secret in a key file. Imports nothing heavy, since a gateway reads one too."""

from __future__ import annotations

from pathlib import Path

from stillwatch.errors import SettingError
from stillwatch.small_file import read_small

LARGEST_SECRET = 2**16
"""Bytes of a key file: far more than any key has, but a limit for an endless device."""


def secret_of(path: Path) -> bytes:
    """Read the secret in a key file.

    Raises SettingError if it is shorter than 16 bytes, larger than a key, or cannot be read.
    """
    secret = read_small(
        path,
        LARGEST_SECRET,
        what="key file",
        error=SettingError,
        do="check the path, named with --key-file or $STILLWATCH_KEY_FILE",
    ).strip()
    if len(secret) < 16:
        raise SettingError(
            "the key file holds fewer than 16 bytes",
            where=str(path),
            do="make one: head -c 32 /dev/urandom | base64 > key",
        )
    return secret
