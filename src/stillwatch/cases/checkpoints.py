"""Signed statements of what the last event was: kept elsewhere, they show that a chain was rewritten."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy.orm import Session

from stillwatch.cases.database import Database
from stillwatch.cases.event import canonical
from stillwatch.cases.models import CheckpointRow
from stillwatch.errors import CaseError
from stillwatch.guard.moments import seconds_of, told
from stillwatch.run.durable import FILE, sync
from stillwatch.small_file import read_small

CONTEXT = b"stillwatch cases checkpoint 1\n"
"""Stands before what is signed, so that a signature of a checkpoint passes for one of nothing else."""
KEY_BYTES = 32
LARGEST = 1 << 16


@dataclass(frozen=True)
class Checkpoint:
    """One statement."""

    seq: int
    """Number of the last event; 0 of an empty store."""
    hash: str
    """Its hash."""
    time: float
    """When it was signed, POSIX seconds."""
    key: str
    """The public key (Ed25519, RFC 8032), hexadecimal."""
    signature: str
    """The signature, hexadecimal."""

    def signed(self) -> bytes:
        """Return what is signed."""
        return CONTEXT + canonical([self.seq, self.hash, self.time]).encode("ascii")

    def holds(self) -> bool:
        """Return whether the signature is that of the key."""
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key))
            key.verify(bytes.fromhex(self.signature), self.signed())
        except (InvalidSignature, ValueError):
            return False
        return True

    def document(self) -> dict[str, Any]:
        """Return it as the document of a file."""
        return {
            "seq": self.seq,
            "hash": self.hash,
            "time": told(self.time),
            "key": self.key,
            "signature": self.signature,
        }


def key_path(database: Database, given: Path | None) -> Path:
    """Return where the signing key is: beside a file of cases; of PostgreSQL it must be given. Raises
    CaseError where it is not.
    """
    if given is not None:
        return given
    if database.file is None:
        raise CaseError(
            "there is no place beside a PostgreSQL for the key that signs checkpoints",
            where="--signing-key",
            do="give a file; it is made at its first use",
        )
    return database.file.with_name(f"{database.file.name}.key")


def signing_key(path: Path) -> Ed25519PrivateKey:
    """Return the key, made at its first use. Raises CaseError where it cannot be read or made."""
    if not path.exists():
        _make(path)
    data = read_small(
        path, KEY_BYTES, what="signing key", error=CaseError, do="restore it, or move it away for a new one"
    )
    if len(data) != KEY_BYTES:
        raise CaseError(
            f"the signing key is not {KEY_BYTES} bytes long", where=str(path), do="restore it from a copy"
        )
    return Ed25519PrivateKey.from_private_bytes(data)


def public_key(path: Path) -> str:
    """Return the public key of a signing key that is there, hexadecimal; empty where none is."""
    return signing_key(path).public_key().public_bytes_raw().hex() if path.exists() else ""


def checkpointed(session: Session, head: tuple[int, str], key: Ed25519PrivateKey) -> Checkpoint:
    """Sign the head, and keep the statement in the store too; within a session that writes."""
    made = _signed(head, key)
    number = (session.scalar(sa.select(sa.func.max(CheckpointRow.id))) or 0) + 1
    session.add(
        CheckpointRow(
            id=number, seq=made.seq, hash=made.hash, time=made.time, key=made.key, signature=made.signature
        )
    )
    session.flush()
    return made


def kept_checkpoints(session: Session, newest: int | None = None) -> list[tuple[int, Checkpoint]]:
    """Return the statements that the store holds, with their numbers. newest: so many, the newest first."""
    query = sa.select(CheckpointRow)
    rows = session.scalars(
        query.order_by(CheckpointRow.id)
        if newest is None
        else query.order_by(CheckpointRow.id.desc()).limit(newest)
    )
    return [(row.id, Checkpoint(row.seq, row.hash, row.time, row.key, row.signature)) for row in rows]


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a statement from a file. Raises CaseError for a file that holds none."""
    data = read_small(path, LARGEST, what="checkpoint", error=CaseError, do="check --checkpoint")
    try:
        row = json.loads(data.decode("utf-8"))
        found = Checkpoint(
            int(row["seq"]), str(row["hash"]), seconds_of(row["time"]), str(row["key"]), str(row["signature"])
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CaseError(
            "the file holds no checkpoint",
            where=str(path),
            do="give one that `stillwatch case audit checkpoint --out` wrote",
        ) from error
    return found


def _signed(head: tuple[int, str], key: Ed25519PrivateKey) -> Checkpoint:
    # Seconds to the microsecond come back the same from a file.
    moment = seconds_of(told(round(time.time(), 6)))
    bare = Checkpoint(head[0], head[1], moment, key.public_key().public_bytes_raw().hex(), "")
    return Checkpoint(*head, moment, bare.key, key.sign(bare.signed()).hex())


def _make(path: Path) -> None:
    """Write a new key; whoever comes second takes the first one's."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE)
        with os.fdopen(handle, "wb") as file:
            file.write(Ed25519PrivateKey.generate().private_bytes_raw())
            file.flush()
            os.fsync(handle)
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
        part.unlink()
        sync(path.parent)
    except OSError as error:
        raise CaseError(
            f"the signing key cannot be made: {error.strerror}",
            where=str(path),
            do="choose a folder in which you may write",
        ) from error
