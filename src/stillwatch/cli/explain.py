"""`stillwatch explain`: one campaign or one account on a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console

from stillwatch import report


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("name", metavar="CAMPAIGN|ACCOUNT")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON document.")
def command(run: Path, name: str, as_json: bool) -> None:
    """Say why a campaign (C001) is one, or what is held against an account (its id as shown, or its key) and
    what would clear it.
    """
    if as_json:
        click.echo(json.dumps(report.explain_document(run, name)))
    else:
        Console(highlight=False).print(report.explain(run, name))
