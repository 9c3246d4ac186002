"""The schema of a store: which revision it has, and how it comes to the one that this version needs."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

from stillwatch.cases.database import Database
from stillwatch.errors import CaseError

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Every revision, the oldest first."""
NEWEST = REVISIONS[-1]
SCRIPTS = Path(__file__).parent / "migrations"


def revision_of(session: Session) -> str | None:
    """Return the revision of a store; None where there is none."""
    if not sa.inspect(session.connection()).has_table("alembic_version"):
        return None
    found = session.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all()
    return str(found[0]) if found else None


def must_be_current(database: Database) -> None:
    """Raise CaseError unless there is a store of the newest revision."""
    if not database.exists():
        raise no_store(database)
    with database.reading() as session:
        found = revision_of(session)
    if found is None:
        raise no_store(database)
    if found not in REVISIONS:
        raise CaseError(
            f"the store of cases was made by a newer version of Stillwatch (revision {found})",
            where=database.shown,
            do="use that version; this one must not touch it",
        )
    if found != NEWEST:
        raise CaseError(
            f"the store of cases is of an older version (revision {found}, and {NEWEST} is needed)",
            where=database.shown,
            do=f"run `stillwatch case upgrade --db {database.shown}`, which makes a backup first",
        )


def no_store(database: Database) -> CaseError:
    """Return the error for a place where no cases are."""
    return CaseError(
        "there are no cases here",
        where=database.shown,
        do="check --db, or make them: `stillwatch case sync RUN --db …`",
    )


def bring_to(session: Session, wanted: str) -> None:
    """Change the schema, up or down, within a session that writes. wanted: a revision, or base."""
    script = ScriptDirectory(str(SCRIPTS))
    connection = session.connection()
    here = revision_of(session)
    down = wanted == "base" or (here in REVISIONS and REVISIONS.index(wanted) < REVISIONS.index(here or ""))

    def steps(revision: object, _context: object) -> object:
        plan = script._downgrade_revs if down else script._upgrade_revs
        return plan(wanted, revision)  # type: ignore[arg-type]

    with EnvironmentContext(_config(), script, fn=steps, destination_rev=wanted) as environment:  # type: ignore[arg-type]
        environment.configure(connection=connection, transactional_ddl=False)
        environment.run_migrations()
    session.flush()


def _config() -> object:
    from alembic.config import Config

    return Config()
