"""The commands of `stillwatch case` that keep the store: upgrade, backup."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from stillwatch.cli._case_store import DB, FILE, JSON
from stillwatch.cli._json import print_json
from stillwatch.plain import plain


@click.command()
@DB
@click.option("--backed-up", is_flag=True, help="Of PostgreSQL: you have made a copy with pg_dump.")
@JSON
def upgrade(db: str, backed_up: bool, as_json: bool) -> None:
    """Bring a store of an older version to the schema of this one; a file is copied first."""
    from stillwatch.cases.database import Database
    from stillwatch.cases.keeping import upgrade as upgraded

    with Database(db) as database:
        done = upgraded(database, backed_up=backed_up)
    if as_json:
        print_json(asdict(done))
    elif done.before == done.now:
        click.echo(f"the store is of revision {done.now} already")
    else:
        copy = f"; the copy from before is {done.backup}" if done.backup else ""
        click.echo(plain(f"the store went from revision {done.before} to {done.now}{copy}"))


@click.command()
@click.argument("out", type=FILE)
@DB
@JSON
def backup(out: Path, db: str, as_json: bool) -> None:
    """Copy a file of cases to OUT, while others may write it. PostgreSQL is copied with pg_dump."""
    from stillwatch.cases.database import Database
    from stillwatch.cases.keeping import backup as copied

    with Database(db) as database:
        path = copied(database, out)
    if as_json:
        print_json({"backup": str(path), "bytes": path.stat().st_size})
    else:
        click.echo(plain(f"{path}: {path.stat().st_size:,} bytes"))


VERBS = (upgrade, backup)
