"""Ed25519 keys in files that only their owner may read, and public keys as people pass them on."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.errors import IntelError
from stillwatch.run.durable import FILE, FOLDER, sync
from stillwatch.small_file import read_small

KEY_BYTES = 32
PREFIX = "ed25519:"
"""Before a public key in Base64."""
SMALL_ORDER = frozenset(
    bytes.fromhex(one)
    for one in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    )
)
"""Points of small order: under such a key one signature fits many messages."""


def make_key(path: Path) -> Ed25519PrivateKey:
    """Make a key in a new file. Raises IntelError where one is there, or none can be written."""
    try:
        path.parent.mkdir(mode=FOLDER, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, FILE)
    except FileExistsError as error:
        raise IntelError(
            "a key is there already, and was not touched",
            where=str(path),
            do="use it, or give another file; who loses a key needs a new one at every hub",
        ) from error
    except OSError as error:
        raise IntelError(
            f"the key cannot be made: {error.strerror}",
            where=str(path),
            do="choose a folder in which you may write",
        ) from error
    key = Ed25519PrivateKey.generate()
    with os.fdopen(handle, "wb") as file:
        file.write(key.private_bytes_raw())
        file.flush()
        os.fsync(handle)
    sync(path.parent)
    return key


def read_key(path: Path) -> Ed25519PrivateKey:
    """Return the key of a file. Raises IntelError where it is none, or where others may read it."""
    data = read_small(path, KEY_BYTES, what="key", error=IntelError, do="restore it, or make one")
    if len(data) != KEY_BYTES:
        raise IntelError(
            f"the key is not {KEY_BYTES} bytes long", where=str(path), do="restore it from a copy"
        )
    if path.stat().st_mode & 0o077:
        raise IntelError(
            "others may read this key",
            where=str(path),
            do=f"run `chmod 600 {path}`; if somebody may have read it, make a new key and rotate",
        )
    return Ed25519PrivateKey.from_private_bytes(data)


def public_text(public: bytes) -> str:
    """Return a public key as people pass it on."""
    return PREFIX + base64.b64encode(public).decode()


def read_public(text: str, where: str) -> bytes:
    """Return the 32 bytes of a public key. Raises IntelError for another text, and for a weak key."""
    try:
        found = base64.b64decode(text.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != KEY_BYTES or found in SMALL_ORDER:
        raise IntelError(
            "this is no public key of a member",
            where=where,
            do=f"give the line that `stillwatch hub key` printed: {PREFIX}…",
        )
    return found


def key_id(public: bytes) -> str:
    """Return the id of a public key: its SHA-256."""
    return hashlib.sha256(public).hexdigest()
