"""Tables that only grow: triggers that refuse to change or delete a row, in both databases."""

from __future__ import annotations

from alembic import op

SQLITE, POSTGRESQL = "sqlite", "postgresql"


def let_only_grow(table: str) -> None:
    """Make the triggers of a table."""
    if op.get_bind().dialect.name == SQLITE:
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'table {table} only grows'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_only_grow() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION 'table {table} only grows'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_only_grow()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_delete BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_only_grow()"
    )


def let_go(table: str) -> None:
    """Drop the triggers of a table, before it is dropped itself."""
    for verb in ("update", "delete"):
        on = "" if op.get_bind().dialect.name == SQLITE else f" ON {table}"
        op.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}{on}")
    if op.get_bind().dialect.name != SQLITE:
        op.execute(f"DROP FUNCTION IF EXISTS {table}_only_grow()")
