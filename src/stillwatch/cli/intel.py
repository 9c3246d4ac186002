"""`stillwatch intel`: share what was learnt with other providers, and use what they share."""

from __future__ import annotations

import click

from stillwatch.cli import _intel_overlap, _intel_private
from stillwatch.cli._group import Whole


@click.group(cls=Whole)
def command() -> None:
    """Share what was learnt about campaigns with other providers, and use what they share."""


for verb in (*_intel_private.VERBS, *_intel_overlap.VERBS):
    command.add_command(verb)
