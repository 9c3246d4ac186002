"""A hub's database and the key of its log, opened together."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.cases.database import Database
from stillwatch.errors import IntelError
from stillwatch.intel.hub.keys import make_key, read_key
from stillwatch.intel.hub.log import checkpointed, witness
from stillwatch.intel.hub.notes import LOG, Note, Verifier
from stillwatch.intel.hub.tables import AboutRow, make_tables, version_of

ORIGIN = re.compile(r"[a-z0-9][a-z0-9./-]{0,99}")


@dataclass(frozen=True)
class Hub:
    """A hub that is open."""

    database: Database
    """Its database."""
    origin: str
    """Name of its log."""
    key: Ed25519PrivateKey
    """What signs its checkpoints."""

    @property
    def verifier(self) -> Verifier:
        """The key of the log, as members know it."""
        return Verifier(self.origin, LOG, self.key.public_key().public_bytes_raw())

    def checkpoint(self) -> Note:
        """Return the checkpoint of now; it is on the disk first."""
        with self.database.writing() as session:
            return checkpointed(session, self.origin, self.key)


def key_path(database: Database, chosen: str) -> Path:
    """Return where the key of checkpoints is. Raises IntelError for PostgreSQL where none is named."""
    if chosen:
        return Path(chosen)
    if database.file is None:
        raise IntelError(
            "beside a database in PostgreSQL there is no place for the key of checkpoints",
            where="hub.signing_key",
            do='set signing_key = "FILE" under [hub]',
        )
    return database.file.with_name(f"{database.file.name}.key")


def init(database: Database, origin: str, key_file: Path) -> Hub:
    """Make a hub. Raises IntelError where one is there, or its key is."""
    if not ORIGIN.fullmatch(origin):
        raise IntelError(
            "this is no name of a log",
            where=origin[:100],
            do="use a domain of yours, as hub.example, in lower case",
        )
    database.make_file()
    with database.reading() as session:
        if version_of(session) is not None:
            raise IntelError(
                "a hub is there already", where=database.shown, do="use it, or choose another --db"
            )
    key = read_key(key_file) if key_file.exists() else make_key(key_file)
    public = key.public_key().public_bytes_raw()
    with database.writing() as session:
        make_tables(session)
        session.add(AboutRow(id=1, origin=origin, public=public, made=time.time()))
        session.flush()
        witness(session, "hub.made", None, {"origin": origin})
    return Hub(database, origin, key)


def open_hub(database: Database, key_file: Path) -> Hub:
    """Open a hub. Raises IntelError where there is none, or its key is another."""
    if not database.exists():
        raise _none(database)
    with database.reading() as session:
        version = version_of(session)
        about = session.get(AboutRow, 1) if version is not None else None
    if about is None:
        raise _none(database)
    with database.writing() as session:
        make_tables(session)
    key = read_key(key_file)
    if key.public_key().public_bytes_raw() != bytes(about.public):
        raise IntelError(
            "this is not the key that signed this hub's checkpoints",
            where=str(key_file),
            do="restore the key from a copy; members refuse checkpoints of another one",
        )
    return Hub(database, about.origin, key)


def _none(database: Database) -> IntelError:
    return IntelError(
        "there is no hub here", where=database.shown, do="check --db, or make one: `stillwatch hub init`"
    )
