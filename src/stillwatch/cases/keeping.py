"""Copies of a store, and its way to a newer schema: never without a copy."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from stillwatch.cases.audit import rebuilt
from stillwatch.cases.database import Database
from stillwatch.cases.schema import NEWEST, REVISIONS, bring_to, no_store, revision_of
from stillwatch.cases.store import Store
from stillwatch.errors import CaseError
from stillwatch.run.durable import FILE, sync

DUMP = "pg_dump --format=custom --file=cases.dump DATABASE"


@dataclass(frozen=True)
class Upgraded:
    """What an upgrade did."""

    before: str
    """The revision that the store had."""
    now: str
    """The one it has."""
    backup: str
    """The copy that was made first; empty where none was."""


def backup(database: Database, out: Path) -> Path:
    """Copy a file of cases while others write it (SQLite's online backup). Raises CaseError where the target
    exists, and for PostgreSQL, which has a tool of its own.
    """
    if database.file is None:
        raise CaseError("a PostgreSQL is copied with its own tool", where=database.shown, do=f"run `{DUMP}`")
    if not database.file.exists():
        raise no_store(database)
    if out.exists():
        raise CaseError("the file exists already", where=str(out), do="choose another name")
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE))
        with closing(sqlite3.connect(database.file)) as source, closing(sqlite3.connect(part)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
        sync(part)
        os.link(part, out)
        sync(out.parent)
    except FileExistsError as error:
        raise CaseError("the file exists already", where=str(out), do="choose another name") from error
    except (OSError, sqlite3.Error) as error:
        raise CaseError(
            f"the copy cannot be made: {error}", where=str(out), do="check free space and permissions"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return out


def upgrade(database: Database, *, backed_up: bool = False) -> Upgraded:
    """Bring a store to the newest schema, after a copy of it; all of it, or on any error nothing.

    backed_up: of PostgreSQL, that its operator has made one. Raises CaseError where there is no store, where
    a newer version made it, and where there is no copy.
    """
    if not database.exists():
        raise no_store(database)
    with database.reading() as session:
        here = revision_of(session)
    if here is None:
        raise no_store(database)
    if here not in REVISIONS:
        raise CaseError(
            f"the store was made by a newer version of Stillwatch (revision {here})",
            where=database.shown,
            do="use that version; this one must not touch it",
        )
    if here == NEWEST:
        return Upgraded(here, here, "")
    copy = ""
    if database.file is not None:
        copy = str(backup(database, _free(database.file)))
    elif not backed_up:
        raise CaseError(
            "the store must be copied before its schema changes",
            where=database.shown,
            do=f"run `{DUMP}`, then this again with --backed-up",
        )
    with database.writing() as session:
        if revision_of(session) == here:
            bring_to(session, NEWEST)
            rebuilt(Store(session), write=True)
    return Upgraded(here, NEWEST, copy)


def _free(file: Path) -> Path:
    """A name beside the file that no copy has."""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    first = file.with_name(f"{file.name}.before-{NEWEST}-{moment}")
    places = (first, *(first.with_name(f"{first.name}-{number}") for number in range(2, 100)))
    return next((place for place in places if not place.exists()), first)


def make(database: Database) -> None:
    """Make a store of the newest schema where there is none. Raises CaseError for a file of another kind."""
    database.make_file()
    with database.writing() as session:
        if revision_of(session) is None:
            there = set(sa.inspect(session.connection()).get_table_names()) - {"alembic_version"}
            if database.sqlite and there:
                raise CaseError(
                    "the file is a database of another kind",
                    where=database.shown,
                    do="give the path of a file of cases, or of none yet",
                )
            bring_to(session, NEWEST)
