"""`stillwatch report`: write a run's page again."""

from __future__ import annotations

from pathlib import Path

import click

from stillwatch.cli._json import print_json
from stillwatch.errors import naming
from stillwatch.plain import plain


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the campaigns and the page's path as JSON.")
def command(run: Path, as_json: bool) -> None:
    """Write RUN/report.html again from the tables of RUN: one file that needs no network."""
    from stillwatch import report
    from stillwatch.run.lock import writing

    with naming(run), writing(run):
        path = report.write(run)
    if as_json:
        print_json({"report": str(path), **report.summary_document(run)})
    else:
        click.echo(plain(f"the report is at {path}"))
