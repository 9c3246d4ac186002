"""The database of cases: SQLite in one file, or PostgreSQL by its address."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.orm import Session

from stillwatch.errors import CaseError, MissingExtra, without_passwords
from stillwatch.run.private_file import make_private

PATIENCE_S = 30.0
"""Seconds to wait for another writer."""
LOCK = 0x5717_1CA5_E5
"""Number of the lock that writers take in PostgreSQL: the chain of events has one end."""
SQLITE_HEAD = b"SQLite format 3\0"


class Database:
    """Where cases are kept. Threads may share it."""

    def __init__(self, place: str | Path) -> None:
        """place: path of a SQLite file, or postgresql://… Raises CaseError for another address."""
        self.place = str(place)
        self.file = None if "://" in self.place else Path(place)
        self.engine = _sqlite(self.file) if self.file else _postgresql(self.place)

    @property
    def shown(self) -> str:
        """Where it is, without a password."""
        return without_passwords(self.place)

    @property
    def sqlite(self) -> bool:
        """Whether it is a SQLite file."""
        return self.file is not None

    def exists(self) -> bool:
        """Return whether there may be something: a file that is not there holds nothing."""
        return self.file is None or self.file.exists()

    def make_file(self) -> None:
        """Make the file, private from the start. Raises CaseError where it cannot be made, or is another
        thing.
        """
        if self.file is None:
            return
        try:
            make_private(self.file)
        except OSError as error:
            raise CaseError(
                f"the file of cases cannot be made: {error.strerror}",
                where=self.shown,
                do="choose a folder in which you may write, and a file that is no link",
            ) from error

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one moment. Raises CaseError where the database cannot be used."""
        options = {} if self.sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._told(), self._session(options) as session:
            yield session

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Session]:
        """The session of the only writer: all of it is written, or nothing. durable: whether to wait until it
        is on the disk; without it, a loss of power may lose it, and a killed process does not. Raises
        CaseError as `reading` does.
        """
        with self._told(), self._session({"writes": True}, durable=durable) as session:
            if not self.sqlite:
                session.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
                if not durable:
                    session.execute(sa.text("SET LOCAL synchronous_commit = off"))
            yield session
            session.commit()

    @contextmanager
    def _session(self, options: dict[str, Any], *, durable: bool = True) -> Iterator[Session]:
        with (
            self.engine.connect().execution_options(**options) as connection,
            Session(connection, expire_on_commit=False) as session,
        ):
            raw = connection.connection.dbapi_connection
            if self.sqlite and not durable and raw is not None:
                # On the connection itself: within a transaction it would change nothing.
                raw.cursor().execute("PRAGMA synchronous=NORMAL")
            yield session

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Let what the database says be an error for a person, without the values of a statement."""
        try:
            yield
        except exc.DBAPIError as error:
            said = " ".join(str(error.orig).split())[:300]
            raise CaseError(
                f"the store of cases cannot be used: {said}; nothing was written",
                where=self.shown,
                do="check that it is one, that it can be reached and written, and that there is room",
            ) from error

    def close(self) -> None:
        """Give its connections back."""
        self.engine.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _sqlite(file: Path) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite+pysqlite", database=str(file)),
        connect_args={"timeout": PATIENCE_S, "check_same_thread": False},
        poolclass=sa.NullPool,
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # Python's own transactions begin late and end before a change of the schema.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={int(PATIENCE_S * 1000)}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "trusted_schema=OFF",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(place: str) -> sa.Engine:
    try:
        url = sa.make_url(place)
    except exc.ArgumentError as error:
        raise _no_place(place) from error
    if url.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise _no_place(place)
    try:
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg"), pool_pre_ping=True, connect_args={"connect_timeout": 10}
        )
    except ImportError as error:
        raise MissingExtra(
            "cases in PostgreSQL need psycopg", do="pip install 'stillwatch[cases,cases-postgresql]'"
        ) from error


def _no_place(place: str) -> CaseError:
    return CaseError(
        "cases cannot be kept there", where=place, do="give the path of a file, or postgresql://HOST/DATABASE"
    )
