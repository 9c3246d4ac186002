"""Make the tables of the server, and what it signs with."""

from __future__ import annotations

import secrets

from sqlalchemy.orm import Session

from stillwatch.errors import IntelError
from stillwatch.intel.taxii.server.models import Base, SchemaRow, SecretRow

PIECE = "taxii"
VERSION = 1
CURSORS = "cursors"


def make_tables(session: Session) -> None:
    """Make the tables where they are not yet, within a writing session. Raises IntelError where a newer
    Stillwatch made them.
    """
    Base.metadata.create_all(session.connection(), checkfirst=True)
    known = session.get(SchemaRow, PIECE)
    if known is None:
        session.add(SchemaRow(piece=PIECE, version=VERSION))
    elif known.version > VERSION:
        raise IntelError(
            f"the tables of the TAXII server are of version {known.version}; this one knows up to {VERSION}",
            where="table intel_schema",
            do="use the Stillwatch that made them, or a newer one",
        )
    if session.get(SecretRow, CURSORS) is None:
        session.add(SecretRow(name=CURSORS, value=secrets.token_bytes(32)))
    session.flush()


def secret_of(session: Session) -> bytes:
    """Return what cursors are signed with. Raises IntelError where the tables were never made."""
    row = session.get(SecretRow, CURSORS)
    if row is None:
        raise IntelError(
            "the TAXII server has no tables yet", where="table taxii_secrets", do="make them: make_tables"
        )
    return row.value
