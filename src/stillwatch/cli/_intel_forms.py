"""The command of `stillwatch intel` that changes the form of what is shared: convert."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli._intel_store import FILE, JSON, SETTINGS
from stillwatch.cli._json import print_json
from stillwatch.errors import EXIT_BAD_ROWS
from stillwatch.plain import plain

if TYPE_CHECKING:
    from stillwatch.intel.forms.convert import Converted

FORMS = click.Choice(["stix", "csv", "json", "misp", "opencti"])
SHOWN = 20


@click.command()
@click.argument("file", type=FILE)
@click.option("--to", required=True, type=FORMS, help="The form to write; json is JSON lines.")
@click.option("--from", "form", type=FORMS, help="The form of FILE.  [default: what it looks like]")
@click.option("--out", type=FILE, help="File to write.  [default: standard output]")
@click.option("--whole", is_flag=True, help="Write nothing if anything would be missing; exit with 3.")
@SETTINGS
@JSON
@click.pass_context
def convert(
    ctx: click.Context,
    file: Path,
    to: str,
    form: str | None,
    out: Path | None,
    whole: bool,
    settings_file: Path | None,
    as_json: bool,
) -> None:
    """Change the form of what is shared: a STIX bundle, CSV, JSON lines, an event of MISP, an OpenCTI bundle.

    FILE is checked like everything that comes in. What it holds and cannot be used, and what the other form
    has no place for, is said on standard error.
    """
    from dataclasses import replace

    from stillwatch.errors import IntelError
    from stillwatch.intel.forms.convert import Form
    from stillwatch.intel.forms.convert import convert as converted
    from stillwatch.intel.stix.limits import DEFAULT
    from stillwatch.run.durable import write_bytes
    from stillwatch.settings import load
    from stillwatch.small_file import read_small

    if as_json and out is None:
        raise click.UsageError("--json tells what was written: say where to, with --out")
    limits = replace(DEFAULT, bundle_bytes=load(settings_file).intel.bundle_mib * 2**20)
    data = read_small(
        file, limits.bundle_bytes, what="file", error=IntelError, do="give a file that is there"
    )
    made = converted(data, Form(to), Form(form) if form else None, limits, str(file))
    kept = not whole or made.whole
    if kept and out is not None:
        write_bytes(out, made.data)
    if kept and out is None:
        click.echo(made.data, nl=False)
    if as_json:
        print_json(_told(made, out if kept else None))
    else:
        _say(made, kept, out)
    if not kept:
        ctx.exit(EXIT_BAD_ROWS)


def _told(made: Converted, out: Path | None) -> dict[str, object]:
    return {
        "from": str(made.form),
        "out": out,
        "objects": made.objects,
        "refused": [{"place": one.place, "id": one.id, "why": one.why} for one in made.refused],
        "not_taken": [{"id": one.id, "why": one.why} for one in made.not_taken],
        "not_carried": [{"id": one.id, "why": one.why} for one in made.not_carried],
    }


def _say(made: Converted, kept: bool, out: Path | None) -> None:
    where = f" to {out}" if out else ""
    done = f"{made.objects} objects of {made.form} written{where}" if kept else "nothing was written"
    click.echo(plain(done), err=True)
    for one in made.refused[:SHOWN]:
        click.echo(plain(f"  refused: {one.place} {one.id}: {one.why}"), err=True)
    if len(made.refused) > SHOWN:
        click.echo(f"  refused: {len(made.refused) - SHOWN} more; --json lists all", err=True)
    for title, lost in (("not taken", made.not_taken), ("not carried", made.not_carried)):
        groups = Counter((one.id.partition("--")[0].partition(" ")[0], one.why) for one in lost)
        for (kind, why), number in sorted(groups.items())[:SHOWN]:
            click.echo(plain(f"  {title}: {number} {kind}: {why}"), err=True)
        if len(groups) > SHOWN:
            click.echo(f"  {title}: more; --json lists all", err=True)


VERBS = (convert,)
