"""Make the tables of the desk."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.database import Database
from stillwatch.errors import IntelError
from stillwatch.intel.desk.models import Base

PIECE = "desk"
VERSION = 1


def make_tables(session: Session) -> None:
    """Make what is missing. Raises IntelError where a newer Stillwatch made the tables."""
    connection = session.connection()
    connection.execute(
        sa.text(
            "CREATE TABLE IF NOT EXISTS intel_schema "
            "(piece VARCHAR(64) PRIMARY KEY, version INTEGER NOT NULL)"
        )
    )
    asked = sa.text("SELECT version FROM intel_schema WHERE piece = :piece")
    found = connection.execute(asked, {"piece": PIECE}).scalar()
    if found is not None and found > VERSION:
        raise IntelError(
            "the tables of shared intelligence were made by a newer Stillwatch",
            where=f"tables {PIECE}_…: version {found}, known is {VERSION}",
            do="use that version, or another database",
        )
    if found is None:
        Base.metadata.create_all(connection, checkfirst=True)
        connection.execute(
            sa.text("INSERT INTO intel_schema (piece, version) VALUES (:piece, :version)"),
            {"piece": PIECE, "version": VERSION},
        )


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
