"""Tables that only grow: triggers that refuse to change or delete a row, in both databases."""

from __future__ import annotations

import sqlalchemy as sa


def let_only_grow(connection: sa.Connection, table: str) -> None:
    """Make the triggers of a table. They stop a slip; against its own operator the checkpoints help."""
    if connection.dialect.name == "sqlite":
        for verb in ("update", "delete"):
            connection.exec_driver_sql(
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'table {table} only grows'); END"
            )
        return
    connection.exec_driver_sql(
        f"CREATE FUNCTION {table}_only_grow() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION 'table {table} only grows'; END $$"
    )
    connection.exec_driver_sql(
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_only_grow()"
    )
    connection.exec_driver_sql(
        f"CREATE TRIGGER {table}_no_delete BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_only_grow()"
    )
