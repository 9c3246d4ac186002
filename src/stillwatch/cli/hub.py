"""`stillwatch hub`: run the hub of a group of providers that share intelligence."""

from __future__ import annotations

import click

from stillwatch.cli import _hub_member_side, _hub_serve
from stillwatch.cli._group import Whole
from stillwatch.cli._hub_agreements import agreement
from stillwatch.cli._hub_collections import collection
from stillwatch.cli._hub_log import log
from stillwatch.cli._hub_members import member
from stillwatch.cli._hub_private import VERBS as PRIVATE


@click.group(cls=Whole)
def command() -> None:
    """Run the hub of a group of providers that share intelligence, or take part in one."""


for verb in (*_hub_serve.VERBS, *_hub_member_side.VERBS, *PRIVATE, member, agreement, collection, log):
    command.add_command(verb)
