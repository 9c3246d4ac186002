"""Which version of its tables each piece of sharing made in a database: table `intel_schema`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TABLE = "intel_schema"


def version_of(session: Session, piece: str) -> int | None:
    """Return the version of a piece's tables, None where it has none; make the table of versions."""
    import sqlalchemy as sa

    session.execute(
        sa.text(
            f"CREATE TABLE IF NOT EXISTS {TABLE} (piece VARCHAR(64) PRIMARY KEY, version INTEGER NOT NULL)"
        )
    )
    found = session.scalar(sa.text(f"SELECT version FROM {TABLE} WHERE piece = :piece"), {"piece": piece})
    return None if found is None else int(found)


def keep_version(session: Session, piece: str, version: int) -> None:
    """Write down the version of a piece that made its tables for the first time."""
    import sqlalchemy as sa

    session.execute(
        sa.text(f"INSERT INTO {TABLE} (piece, version) VALUES (:piece, :version)"),
        {"piece": piece, "version": version},
    )
