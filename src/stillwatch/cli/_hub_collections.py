"""`stillwatch hub collection`: where members put what they share."""

from __future__ import annotations

from pathlib import Path

import click

from stillwatch.cli._group import Whole
from stillwatch.cli._hub_members import LEVELS
from stillwatch.cli._hub_store import DB, JSON, SETTINGS, opened
from stillwatch.cli._json import print_json
from stillwatch.plain import plain

CHANNELS = ("information", "incident-report", "incident-response")


@click.group(cls=Whole)
def collection() -> None:
    """Set up collections of the hub's TAXII server, and list them."""


@collection.command()
@click.argument("alias", metavar="NAME")
@click.option("--title", default="", help="Its title.  [default: the name]")
@click.option("--root", default="sharing", show_default=True, help="Its API root; one that is new is made.")
@click.option(
    "--channel", type=click.Choice(CHANNELS), default="information", show_default=True, help="Its channel."
)
@click.option(
    "--ceiling",
    type=click.Choice(LEVELS),
    default="AMBER",
    show_default=True,
    help="The strictest TLP level that it takes.",
)
@click.option(
    "--for", "names", multiple=True, metavar="MEMBER", help="A member that it is for; may be repeated."
)
@DB
@SETTINGS
@JSON
def add(
    alias: str,
    title: str,
    root: str,
    channel: str,
    ceiling: str,
    names: tuple[str, ...],
    db: str,
    settings_file: Path | None,
    as_json: bool,
) -> None:
    """Set up a collection. Without --for it is for every member that has its channel.

    A collection of the channel incident-response is for named members, so that one incident's parties do not
    read another's.
    """
    from stillwatch.errors import IntelError
    from stillwatch.intel.hub.agreements import LABELS
    from stillwatch.intel.hub.app import set_up
    from stillwatch.intel.hub.log import witness
    from stillwatch.intel.hub.members import listed
    from stillwatch.intel.hub.parts import PARTS
    from stillwatch.intel.member import Channel
    from stillwatch.intel.taxii.server.collection import Collection, Root, add_collection, add_root

    if channel == Channel.RESPONSE and not names:
        raise IntelError("a response to an incident has named parties", where="--for", do="name each of them")
    with opened(db, settings_file) as hub:
        set_up(hub, PARTS)
        with hub.database.writing() as session:
            named = frozenset(listed(session, name).identity for name in names)
            add_root(session, Root(root, root))
            wanted = Collection(
                title or alias, root, Channel(channel), LABELS[ceiling], alias=alias, named=named
            )
            made = add_collection(session, wanted)
            facts = {"collection": made.id, "channel": channel, "parties": " ".join(sorted(named))}
            witness(session, "collection.added", None, facts)
    if as_json:
        print_json({"id": made.id, "root": root, "alias": alias, "channel": channel})
    else:
        click.echo(plain(f"{root}/{alias} is made: {made.id}"))


@collection.command("list")
@DB
@SETTINGS
@JSON
def list_(db: str, settings_file: Path | None, as_json: bool) -> None:
    """List all collections."""
    from stillwatch.intel.hub.app import set_up
    from stillwatch.intel.hub.parts import PARTS
    from stillwatch.intel.taxii.server.collection import every

    with opened(db, settings_file) as hub:
        set_up(hub, PARTS)
        with hub.database.reading() as session:
            found = every(session)
    if as_json:
        print_json(
            [
                {
                    "id": one.id,
                    "root": one.root,
                    "alias": one.alias,
                    "title": one.title,
                    "channel": one.channel.value,
                    "ceiling": one.ceiling.label,
                    "named": sorted(one.named),
                }
                for one in found
            ]
        )
        return
    for one in found:
        whom = f"{len(one.named)} named members" if one.named else "all that have the channel"
        click.echo(
            plain(f"{one.root}/{one.alias}: {one.channel.value}, {one.ceiling.label}, for {whom}; {one.id}")
        )
