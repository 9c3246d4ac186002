"""The commands of `stillwatch case` that hand cases on: export, metrics."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from stillwatch.cli._case_store import DB, FILE, opened
from stillwatch.plain import plain


@click.command()
@click.argument("numbers", type=click.IntRange(min=1), metavar="CASE…", nargs=-1, required=True)
@DB
@click.option(
    "--format",
    "form",
    type=click.Choice(["ocsf", "ecs"]),
    required=True,
    help="ocsf: Detection Finding of OCSF 1.5.0; ecs: alert of the Elastic Common Schema.",
)
@click.option("--accounts", is_flag=True, help="Name their accounts too, as the run shows them.")
@click.option("--out", type=FILE, help="File to write.  [default: standard output]")
def export(numbers: tuple[int, ...], db: str, form: str, accounts: bool, out: Path | None) -> None:
    """Write cases as JSON lines that security products read, one for each.

    They say kinds of evidence, and neither what a detector looks at nor a text of anybody.
    """
    from stillwatch.run.durable import write_text

    with opened(db) as cases:
        lines = [json.dumps(one) for one in cases.export(numbers, form, accounts=accounts)]
    if out is None:
        for line in lines:
            click.echo(line)
        return
    write_text(out, "".join(f"{line}\n" for line in lines))
    click.echo(plain(f"{out}: {len(lines)} {'case' if len(lines) == 1 else 'cases'}"))


@click.command()
@DB
def metrics(db: str) -> None:
    """Print figures of the cases for Prometheus: by state and kind, late, overturned, deliveries."""
    with opened(db) as cases:
        click.echo(cases.metrics(time.time()), nl=False)


VERBS = (export, metrics)
