"""`stillwatch hub`: run the hub of a group of providers that share intelligence."""

from __future__ import annotations

import click

from stillwatch.cli._group import Whole
from stillwatch.cli._hub_private import VERBS as PRIVATE


@click.group(cls=Whole)
def command() -> None:
    """Run the hub of a group of providers that share intelligence."""


for _verb in PRIVATE:
    command.add_command(_verb)
