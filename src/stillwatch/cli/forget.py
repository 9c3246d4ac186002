"""`stillwatch forget`: delete accounts from a run folder."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from stillwatch.cli._json import print_json
from stillwatch.cli._progress import progress
from stillwatch.errors import naming


@click.command()
@click.argument("accounts", metavar="ACCOUNT...", nargs=-1, required=True)
@click.option("--run", required=True, type=click.Path(path_type=Path), help="Run folder to take them out of.")
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the run shows pseudonyms: its key file, to give the provider's own ids.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was forgotten, in numbers, as JSON.")
def command(accounts: tuple[str, ...], run: Path, key_file: Path | None, as_json: bool) -> None:
    """Delete every row of the ACCOUNTs (ids as the run shows them) and find the campaigns of the others
    again.

    The run is changed as a whole or not at all. Copies of it, and the logs, are not touched.
    """
    from stillwatch.pipeline.forget import forget
    from stillwatch.pipeline.logged import Logged

    with naming(run), progress() as move, Logged(move) as logged:
        done = forget(run, accounts, logged, key_file)
    if as_json:
        print_json({"forgotten": asdict(done), "run": str(run)})
    else:
        counts = ((done.accounts, "account"), (done.exchanges, "exchange"), (done.labels, "label"))
        click.echo("forgotten: " + ", ".join(f"{n:,} {name}{'' if n == 1 else 's'}" for n, name in counts))
