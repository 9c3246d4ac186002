"""`stillwatch hub log`: what was shared with whom, and whether the hub shows everybody the same."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from stillwatch.cli._group import Whole
from stillwatch.cli._hub_store import DB, FILE, JSON, SETTINGS, SIDE, opened
from stillwatch.cli._json import print_json
from stillwatch.errors import EXIT_CHANGED
from stillwatch.plain import plain


@click.group(cls=Whole)
def log() -> None:
    """Show, check, sign and cosign the log of what was shared with whom."""


@log.command()
@click.option("--start", default=0, show_default=True, type=click.IntRange(0), help="The first entry.")
@click.option("--count", default=100, show_default=True, type=click.IntRange(1, 1_000), help="How many.")
@click.option("--mine", is_flag=True, help="As a member, from the hub: the entries that concern you, proved.")
@SIDE
@DB
@SETTINGS
@JSON
def show(
    start: int, count: int, mine: bool, side_folder: Path, db: str, settings_file: Path | None, as_json: bool
) -> None:
    """Show entries: all of them on the hub, or with --mine those that concern a member.

    Each entry of --mine is proved against the checkpoint that the member saw last.
    """
    import json
    from itertools import islice

    if mine:
        from stillwatch.intel.hub.client import open_sharing
        from stillwatch.intel.hub.watching import Watching

        side = open_sharing(side_folder)
        with side.client() as client:
            rows = [one.content for one in islice(Watching(side, client).entries(start), count)]
    else:
        from stillwatch.intel.hub.log import entries

        with opened(db, settings_file) as hub, hub.database.reading() as session:
            rows = [json.loads(one.content or "{}") for one in entries(session, start, count, None)]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        facts = ", ".join(f"{name} {value}" for name, value in dict(row.get("facts") or {}).items())
        who = row.get("member") or "the hub"
        click.echo(plain(f"{row.get('index')} {row.get('time')} {row.get('kind')} by {who}: {facts}"))


@log.command()
@click.option("--note", "notes", type=FILE, multiple=True, help="A checkpoint that was kept elsewhere.")
@click.option(
    "--mine", is_flag=True, help="As a member, from the hub: recount all hashes under the checkpoint."
)
@SIDE
@DB
@SETTINGS
@JSON
@click.pass_context
def verify(
    context: click.Context,
    notes: tuple[Path, ...],
    mine: bool,
    side_folder: Path,
    db: str,
    settings_file: Path | None,
    as_json: bool,
) -> None:
    """Check the whole log, and name each row that was changed, lost or put in.

    The exit code is 0 where all holds, else 5. That somebody wrote the whole log anew shows only against a
    checkpoint from elsewhere: --note, or what members keep.
    """
    if mine:
        from stillwatch.intel.hub.client import open_sharing
        from stillwatch.intel.hub.watching import Watching

        side = open_sharing(side_folder)
        with side.client() as client:
            counted = Watching(side, client).recount()
        print_json({"entries": counted, "holds": True}) if as_json else click.echo(
            f"{counted:,} entries hold"
        )
        return
    from stillwatch.intel.hub.log_check import checked
    from stillwatch.intel.hub.notes import read_note
    from stillwatch.intel.hub.watching import read_other

    with opened(db, settings_file) as hub:
        outside = [(where, read_note(data, where)) for where, data in map(read_other, notes)]
        found = checked(hub, outside)
    if as_json:
        print_json({**asdict(found), "root": found.root.hex(), "holds": not found.faults})
    else:
        counts = f"{found.entries:,} entries, {found.checkpoints:,} checkpoints"
        counts += f", {found.cosignatures:,} cosignatures"
        click.echo(f"{counts}: {'faults:' if found.faults else 'all hold'}")
        for fault in found.faults:
            click.echo(plain(f"  {fault.where}: {fault.what}"))
    context.exit(EXIT_CHANGED if found.faults else 0)


@log.command()
@click.option("--out", type=FILE, help="Write it to this file too; keep that elsewhere.")
@DB
@SETTINGS
@JSON
def checkpoint(out: Path | None, db: str, settings_file: Path | None, as_json: bool) -> None:
    """Sign what the log is now, as the hub does for each member that asks."""
    from stillwatch.run.durable import write_text

    with opened(db, settings_file) as hub:
        note = hub.checkpoint()
    if out is not None:
        write_text(out, note.written())
    if as_json:
        print_json({"size": note.checkpoint.size, "root": note.checkpoint.root.hex(), "note": note.written()})
    else:
        click.echo(note.written(), nl=False)


@log.command()
@SIDE
@click.option(
    "--other", "others", type=FILE, multiple=True, help="A checkpoint that another member gave you."
)
@click.option("--out", type=FILE, help="Write yours, cosigned, to this file: give it to other members.")
@JSON
def cosign(side_folder: Path, others: tuple[Path, ...], out: Path | None, as_json: bool) -> None:
    """As a member: check that the log goes on from what you saw last, cosign it, and compare with others.

    The exit code is 5 where the hub changed what it said before, or tells others another story; the folder
    `evidence` then keeps what proves it. Compare through --other now and then: what comes through the hub, a
    hub that lies can hold back.
    """
    from stillwatch.intel.hub.client import open_sharing
    from stillwatch.intel.hub.watching import Watching, read_other
    from stillwatch.run.durable import write_text

    side = open_sharing(side_folder)
    with side.client() as client:
        found = Watching(side, client).look([read_other(path) for path in others])
    if out is not None:
        write_text(out, found.note.written())
    point = found.note.checkpoint
    if as_json:
        print_json({"size": point.size, "before": found.before, "compared": found.compared})
        return
    since = "the first look" if found.before is None else f"{point.size - found.before:,} since the last look"
    click.echo(
        plain(f"{point.origin}: {point.size:,} entries, {since}; the same as {', '.join(found.compared)} saw")
    )
