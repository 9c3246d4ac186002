"""The commands of `stillwatch hub` for a member: key, join."""

from __future__ import annotations

from pathlib import Path

import click

from stillwatch.cli._hub_store import FILE, JSON, SIDE
from stillwatch.cli._json import print_json
from stillwatch.plain import plain


@click.command()
@SIDE
@click.option(
    "--rotate", is_flag=True, help="Make a new key and tell the hub; the old one and all tokens end."
)
@JSON
def key(side_folder: Path, rotate: bool, as_json: bool) -> None:
    """As a member: make your key, or show the public part of the one that is there.

    Give the line that is printed to the hub's coordinator. The key's file stays with you, readable by its
    owner only.
    """
    from stillwatch.intel.hub.client import KEY, new_key, open_sharing
    from stillwatch.intel.hub.keys import public_text, read_key
    from stillwatch.intel.hub.rotating import rotated

    if rotate:
        shown = rotated(open_sharing(side_folder))
    elif (side_folder / KEY).exists():
        shown = public_text(read_key(side_folder / KEY).public_key().public_bytes_raw())
    else:
        shown = new_key(side_folder)
    print_json({"key": shown}) if as_json else click.echo(shown)


@click.command()
@SIDE
@click.option(
    "--hub", "address", required=True, metavar="URL", help="Address of the hub: https://hub.example."
)
@click.option("--name", required=True, help="Your name at the hub.")
@click.option(
    "--identity", required=True, metavar="ID", help="Your STIX identity, as the coordinator told it."
)
@click.option(
    "--log-key", required=True, metavar="KEY", help="The key of the log, as the coordinator told it."
)
@click.option("--ca", type=FILE, help="Certificates of authorities for the hub's TLS, PEM.")
@JSON
def join(
    side_folder: Path, address: str, name: str, identity: str, log_key: str, ca: Path | None, as_json: bool
) -> None:
    """As a member: write down what you know of the hub. Nothing is sent."""
    from stillwatch.intel.hub.client import join as joined

    found = joined(side_folder, address, name, identity, log_key, ca)
    if as_json:
        print_json({"hub": found.hub, "name": found.name, "folder": found.folder})
    else:
        click.echo(plain(f"{found.folder} knows {found.hub}; look at its log: `stillwatch hub log cosign`"))


VERBS = (key, join)
