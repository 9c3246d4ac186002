"""`stillwatch case audit`: whether the store is what people wrote into it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from stillwatch.cli._case_store import DB, FILE, JSON
from stillwatch.cli._group import Whole
from stillwatch.cli._json import print_json
from stillwatch.errors import EXIT_CHANGED
from stillwatch.plain import plain

KEY = click.option(
    "--signing-key", type=FILE, help="The key of checkpoints.  [default: beside the file of cases]"
)


@click.group(cls=Whole)
def audit() -> None:
    """Check the events and what they make of the cases, and sign what the last one is."""


@audit.command()
@DB
@click.option(
    "--checkpoint", "checkpoints", type=FILE, multiple=True, help="A checkpoint that was kept elsewhere."
)
@KEY
@JSON
@click.pass_context
def verify(
    context: click.Context, db: str, checkpoints: tuple[Path, ...], signing_key: Path | None, as_json: bool
) -> None:
    """Name every row that was edited, deleted, reordered or inserted.

    The exit code is 0 where all holds, else 5. That somebody rewrote the whole chain, or cut off its end,
    shows only against a checkpoint.
    """
    from stillwatch.cases import Cases
    from stillwatch.cases.checkpoints import read_checkpoint

    outside = [read_checkpoint(path) for path in checkpoints]
    with Cases(db, signing=signing_key) as cases:
        found = cases.verify(outside)
    if as_json:
        print_json({**asdict(found), "holds": not found.faults})
    else:
        click.echo(
            plain(
                f"{found.events:,} events of {found.cases:,} cases, {found.checkpoints:,} checkpoints hold; "
                f"the last event is {found.head}"
            )
        )
        for fault in found.faults:
            click.echo(plain(f"  {fault.where}: {fault.what}"))
    context.exit(EXIT_CHANGED if found.faults else 0)


@audit.command()
@DB
@click.option("--out", type=FILE, help="Write it to this file too; keep that elsewhere.")
@KEY
@JSON
def checkpoint(db: str, out: Path | None, signing_key: Path | None, as_json: bool) -> None:
    """Sign what the last event is. The key (Ed25519) is made at the first use."""
    import json

    from stillwatch.cases import Cases
    from stillwatch.run.durable import write_text

    with Cases(db, signing=signing_key) as cases:
        made = cases.checkpoint()
    if out is not None:
        write_text(out, json.dumps(made.document(), indent=1) + "\n")
    if as_json:
        print_json(made.document())
        return
    click.echo(plain(f"event {made.seq} signed with key {made.key[:16]}…: {out or 'kept in the store'}"))


@audit.command()
@DB
@click.option("--check", is_flag=True, help="Only compare, and write nothing.")
@JSON
@click.pass_context
def rebuild(context: click.Context, db: str, check: bool, as_json: bool) -> None:
    """Make all tables anew from the events, where these hold.

    The exit code is 5 where --check finds a difference, or where the events themselves do not hold; nothing
    is written then.
    """
    from stillwatch.cases import Cases

    with Cases(db) as cases:
        found = cases.rebuild(check=check)
        left = found if check or not found else cases.rebuild(check=True)
    if as_json:
        print_json({"found": [asdict(one) for one in found], "left": [asdict(one) for one in left]})
    else:
        for fault in found:
            click.echo(plain(f"  {fault.where}: {fault.what}"))
        end = "all tables are what the events make of them"
        click.echo(f"{len(left)} differences" if left else f"mended; {end}" if found else end)
    context.exit(EXIT_CHANGED if left else 0)
