"""`stillwatch hub pin`: what members pin of the look-up service."""

from __future__ import annotations

import click

from stillwatch.cli._case_store import JSON
from stillwatch.cli._json import print_json


@click.command()
@click.option(
    "--db",
    default="HUB.db",
    show_default=True,
    envvar="STILLWATCH_HUB",
    metavar="FILE|URL",
    help="Where the hub is: a file, or postgresql://HOST/DATABASE; also $STILLWATCH_HUB.",
)
@JSON
def pin(db: str, as_json: bool) -> None:
    """Show the key that signs the look-up service's list of keys; make it where there is none.

    Tell it to each member by another way than the hub. Its secret is in $STILLWATCH_LOOKUP_KEY, or beside the
    hub's file: who has it and the hub's database can guess what tokens stand for.
    """
    from stillwatch.cases.database import Database
    from stillwatch.intel.private.beside_hub import pin_of

    with Database(db) as database:
        found = pin_of(database)
    print_json({"pin": found}) if as_json else click.echo(found)


VERBS = (pin,)
