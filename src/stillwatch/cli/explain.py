"""`stillwatch explain`: one campaign or one account on a terminal."""

from __future__ import annotations

from pathlib import Path

import click

from stillwatch.cli._json import print_json
from stillwatch.schema.sections import SECTIONS, SHORT


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("name", metavar="CAMPAIGN|ACCOUNT")
@click.option(
    "--short", is_flag=True, help="Only the verdict, who it is, what to do first, and how sure it is."
)
@click.option(
    "--section",
    "sections",
    multiple=True,
    type=click.Choice(SECTIONS),
    help="Only this section below the verdict; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON document.")
def command(run: Path, name: str, short: bool, sections: tuple[str, ...], as_json: bool) -> None:
    """Say why a campaign (C001) is one, or what is held against an account (its id as shown, or its key) and
    what would clear it.
    """
    if as_json and (short or sections):
        raise click.UsageError("--json prints everything; leave out --short and --section")
    from rich.console import Console

    from stillwatch import report

    if as_json:
        print_json(report.explain_document(run, name))
    else:
        wanted = (*sections, *(SHORT if short else ()))
        Console(highlight=False).print(report.explain(run, name, wanted))
