"""`stillwatch intel`: share what was learnt with other providers, and use what they share."""

from __future__ import annotations

import click

from stillwatch.cli import _intel_desk, _intel_values
from stillwatch.cli._group import Whole


@click.group(cls=Whole)
def command() -> None:
    """Share what was learnt about campaigns with other providers, and use what they share."""


for _command in (*_intel_desk.COMMANDS, *_intel_values.VERBS):
    command.add_command(_command)
