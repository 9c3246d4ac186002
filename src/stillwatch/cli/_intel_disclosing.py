"""The commands of `stillwatch intel` about an authority: disclose, permission."""

from __future__ import annotations

import time
from typing import Any

import click

from stillwatch.cli._intel_sharing import CASES, TLP, _level, the_source
from stillwatch.cli._intel_store import NUMBER, changes, tell, the_gate
from stillwatch.cli._json import print_json


@click.command()
@click.argument("source", metavar="RUN|case")
@click.argument("campaign", metavar="CAMPAIGN")
@click.option("--owner", required=True, metavar="NAME", help="Who is asked to permit that it is given.")
@TLP
@CASES
@changes
def disclose(
    source: str, campaign: str, owner: str, tlp: str, cases: str, by: str, as_json: bool, **where: Any
) -> None:
    """Make a campaign card for an authority, without customers, and let it wait.

    Each field says how secret it is. It leaves once its owner has permitted it and a second person has
    approved it.
    """
    from stillwatch.intel.gate.disclosure import disclose as made

    facts, watched = the_source(source, campaign, cases)
    with the_gate(**where) as gate:
        tell(made(gate, facts, watched, owner=owner, by=by, level=_level(tlp), now=time.time()), as_json)


@click.command()
@NUMBER
@click.option("--granted/--refused", required=True, help="What the owner answered.")
@changes
def permission(number: int, granted: bool, by: str, as_json: bool, **where: Any) -> None:
    """Write down what the owner of a card answered."""
    from stillwatch.intel.gate.disclosure import answer

    with the_gate(**where) as gate:
        found = answer(gate, number, granted=granted, by=by, now=time.time())
    if as_json:
        print_json(found.document())
    else:
        click.echo(f"export {number}: its owner {'permitted' if granted else 'refused'} it")


VERBS = (disclose, permission)
