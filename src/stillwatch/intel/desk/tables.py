"""Make the tables of the desk."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.database import Database
from stillwatch.errors import IntelError
from stillwatch.intel.desk.models import Base
from stillwatch.intel.schema_versions import keep_version, version_of

PIECE = "desk"
VERSION = 1


def make_tables(session: Session) -> None:
    """Make what is missing. Raises IntelError where a newer Stillwatch made the tables."""
    connection = session.connection()
    found = version_of(session, PIECE)
    if found is not None and found > VERSION:
        raise IntelError(
            "the tables of shared intelligence were made by a newer Stillwatch",
            where=f"tables {PIECE}_…: version {found}, known is {VERSION}",
            do="use that version, or another database",
        )
    if found is None:
        Base.metadata.create_all(connection, checkfirst=True)
        keep_version(session, PIECE, VERSION)


def has_tables(session: Session) -> bool:
    """Whether a desk was ever used in this database."""
    return sa.inspect(session.connection()).has_table("desk_sources")


def opened(place: str, *, make: bool) -> Database:
    """Open the database of a desk; its tables are made where `make` says so. Raises IntelError where there is
    none to read.
    """
    database = Database(place)
    if make:
        database.make_file()
        with database.writing() as session:
            make_tables(session)
        return database
    there = database.exists()
    if there:
        with database.reading() as session:
            there = has_tables(session)
    if not there:
        raise IntelError(
            "nothing was ever received there", where=database.shown, do="`stillwatch intel receive` makes it"
        )
    return database
