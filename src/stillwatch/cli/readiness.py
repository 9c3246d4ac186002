"""`stillwatch readiness`: what the operator has, and has not, of what AA26-251A recommends."""

from __future__ import annotations

from pathlib import Path

import click

from stillwatch.cli._case_store import JSON
from stillwatch.cli._json import print_json
from stillwatch.cli._playbook_options import opened_playbooks, places
from stillwatch.cli._playbook_shown import show_readiness
from stillwatch.errors import EXIT_MISSING


@click.command()
@click.option(
    "--db",
    envvar="STILLWATCH_CASES",
    metavar="FILE|URL",
    help="Where the cases are; there too is kept since when something is missing.  [default: none]",
)
@places
@JSON
@click.pass_context
def command(
    context: click.Context,
    db: str | None,
    run_folder: Path | None,
    state: Path | None,
    sharing: str | None,
    side: Path | None,
    settings_file: Path | None,
    as_json: bool,
) -> None:
    """Hold what is here against the recommendations of AA26-251A, point by point.

    Give the newest run, the guard's state, the cases, and what you share with others: what is not given
    cannot be told.

    The text of the advisory itself was not read for this, only summaries of it that others published.

    The exit code is 0 where every point is met or does not arise, else 7.
    """
    with opened_playbooks(db, run_folder, state, settings_file, sharing, side) as playbooks:
        found = playbooks.readiness()
    if as_json:
        print_json(found.document())
    else:
        show_readiness(found)
    context.exit(0 if found.ready else EXIT_MISSING)
