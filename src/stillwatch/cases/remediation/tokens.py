"""Tokens of appeal links: made from a key and the notice, so that no table holds one."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from stillwatch.cases.database import Database
from stillwatch.errors import CaseError
from stillwatch.run.durable import sync, write_bytes
from stillwatch.small_file import read_small

CONTEXT = b"stillwatch appeal link 1\n"
"""Stands before what a token is made of, so that the key makes nothing else."""
KEY_BYTES = 32
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
"""256 bits in base64url (RFC 4648)."""


def key_path(database: Database, given: Path | None) -> Path:
    """Return where the key of appeal links is: beside a file of cases; of PostgreSQL it must be given. Raises
    CaseError where it is not.
    """
    if given is not None:
        return given
    if database.file is None:
        raise CaseError(
            "there is no place beside a PostgreSQL for the key of appeal links",
            where="--appeal-key",
            do="give a file; it is made at its first use",
        )
    return database.file.with_name(f"{database.file.name}.appeals.key")


def appeal_key(path: Path) -> bytes:
    """Return the key, made at its first use. Raises CaseError where it cannot be read."""
    if not path.exists():
        # Made aside and linked: of two that make it at once, the second takes the first one's.
        part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        write_bytes(part, secrets.token_bytes(KEY_BYTES))
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
        part.unlink()
        sync(path.parent)
    key = read_small(
        path, KEY_BYTES, what="key of appeal links", error=CaseError, do="restore it from a copy"
    )
    if len(key) != KEY_BYTES:
        raise CaseError(
            f"the key of appeal links is not {KEY_BYTES} bytes long",
            where=str(path),
            do="restore it from a copy",
        )
    return key


def token_of(key: bytes, notice: str, account: str) -> str:
    """Return the token of a notice: HMAC-SHA256 (RFC 2104) over its name and its account."""
    made = hmac.new(key, CONTEXT + f"{notice}\n{account}".encode("utf-8", "replace"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).decode("ascii").rstrip("=")


def hash_of(token: str) -> str:
    """Return what is stored of a token: 256 random-looking bits need no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def same(token: str, stored: str) -> bool:
    """Return whether a token is that of a stored hash, in constant time."""
    return hmac.compare_digest(hash_of(token), stored)
