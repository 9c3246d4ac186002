"""`stillwatch report`: write a run's page again."""

from __future__ import annotations

import json
from pathlib import Path

import click

from stillwatch import report
from stillwatch.plain import plain
from stillwatch.run.lock import writing


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the campaigns and the page's path as JSON.")
def command(run: Path, as_json: bool) -> None:
    """Write RUN/report.html again from the tables of RUN: one file that needs no network."""
    with writing(run):
        path = report.write(run)
    if as_json:
        click.echo(json.dumps({"report": str(path), **report.summary_document(run)}))
    else:
        click.echo(plain(f"the report is at {path}"))
