"""`stillwatch hub member`: who is in the group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stillwatch.cli._group import Whole
from stillwatch.cli._hub_store import DB, JSON, SETTINGS, opened
from stillwatch.cli._json import print_json
from stillwatch.plain import plain

NAME = click.argument("name", metavar="NAME")
PUBLIC = click.option(
    "--key", "public", required=True, metavar="KEY", help="The line that `stillwatch hub key` printed."
)
LEVELS = ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")


@click.group(cls=Whole)
def member() -> None:
    """Let members join, give them keys and tokens, and remove them."""


@member.command()
@NAME
@PUBLIC
@click.option("--identity", default="", metavar="ID", help="Id of its STIX identity.  [default: a new one]")
@click.option("--title", default="", help="Its name in full.")
@click.option(
    "--clearance",
    type=click.Choice(LEVELS),
    default="AMBER",
    show_default=True,
    help="The strictest TLP level that it may read; an agreement can only lower it.",
)
@click.option("--reads-only", is_flag=True, help="It may read and add nothing.")
@click.option("--coordinator", is_flag=True, help="It runs the group: it sees members and the whole log.")
@DB
@SETTINGS
@JSON
def add(
    name: str,
    public: str,
    identity: str,
    title: str,
    clearance: str,
    reads_only: bool,
    coordinator: bool,
    db: str,
    settings_file: Path | None,
    as_json: bool,
) -> None:
    """Let a member join by its public key. It gets nothing until it accepts an agreement."""
    from stillwatch.intel.hub.agreements import LABELS
    from stillwatch.intel.hub.keys import read_public
    from stillwatch.intel.hub.members import Joining
    from stillwatch.intel.hub.members import add as joined

    key = read_public(public, "--key")
    who = Joining(name, key, LABELS[clearance], not reads_only, coordinator, identity, title)
    with opened(db, settings_file) as hub, hub.database.writing() as session:
        made = joined(session, who)
        document = {"name": made.name, "identity": made.identity, "log_key": hub.verifier.written()}
    if as_json:
        print_json(document)
        return
    click.echo(plain(f"{made.name} is a member; tell it its identity and the key of the log:"))
    click.echo(f"  {made.identity}")
    click.echo(f"  {document['log_key']}")


@member.command()
@NAME
@DB
@SETTINGS
@JSON
def remove(name: str, db: str, settings_file: Path | None, as_json: bool) -> None:
    """Remove a member; its key and its tokens end now."""
    from stillwatch.intel.hub.members import remove as removed

    with opened(db, settings_file) as hub, hub.database.writing() as session:
        removed(session, name)
    print_json({"removed": name}) if as_json else click.echo(plain(f"{name} is no member any more"))


@member.command()
@NAME
@PUBLIC
@DB
@SETTINGS
@JSON
def rotate(name: str, public: str, db: str, settings_file: Path | None, as_json: bool) -> None:
    """Give a member a new key; its old one and its tokens end now.

    Use it where the old key is lost or stolen. A member that has it rotates by itself: `stillwatch hub key
    --rotate`.
    """
    from stillwatch.intel.hub.keys import read_public
    from stillwatch.intel.hub.members import rotate as rotated

    with opened(db, settings_file) as hub, hub.database.writing() as session:
        tokens = rotated(session, name, read_public(public, "--key"))
    if as_json:
        print_json({"rotated": name, "tokens_ended": tokens})
    else:
        click.echo(plain(f"{name} has a new key; {tokens} tokens ended with the old one"))


@member.command("list")
@DB
@SETTINGS
@JSON
def list_(db: str, settings_file: Path | None, as_json: bool) -> None:
    """List all members, with their keys, and the tokens that work."""
    from stillwatch.intel.hub.keys import public_text
    from stillwatch.intel.hub.members import members, tokens

    with opened(db, settings_file) as hub, hub.database.reading() as session:
        rows: list[dict[str, Any]] = [
            {
                "name": one.name,
                "identity": one.identity,
                "title": one.title,
                "key": public_text(one.public) if one.public else None,
                "clearance": one.clearance.label,
                "writes": one.writes,
                "coordinator": one.coordinator,
                "removed": one.removed is not None,
                "tokens": [{"id": number, "label": label} for number, label in tokens(session, one.name)],
            }
            for one in members(session)
        ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        does = "removed" if row["removed"] else "coordinator" if row["coordinator"] else "member"
        click.echo(
            plain(f"{row['name']}: {does}, {row['clearance']}, {row['identity']}, {row['key'] or 'no key'}")
        )
        for token in row["tokens"]:
            click.echo(plain(f"  token {token['id']} {token['label']}"))


@member.command()
@NAME
@click.option("--label", default="", help="What it is for, as OpenCTI.")
@click.option(
    "--days", type=click.FloatRange(0.001, 3_650), help="Days that it works.  [default: hub.token_days]"
)
@DB
@SETTINGS
@JSON
def token(
    name: str, label: str, days: float | None, db: str, settings_file: Path | None, as_json: bool
) -> None:
    """Make a token for a member's clients that cannot sign, such as MISP and OpenCTI.

    It is shown once: the hub keeps its hash. Clients send it as a bearer token, or as the password of HTTP
    Basic with the member's name.
    """
    from stillwatch.intel.hub.members import issue_token
    from stillwatch.settings import load

    lasts = load(settings_file).hub.token_days if days is None else days
    with opened(db, settings_file) as hub, hub.database.writing() as session:
        made = issue_token(session, name, label, lasts)
    print_json({"name": name, "token": made, "days": lasts}) if as_json else click.echo(made)


@member.command()
@click.argument("number", metavar="TOKEN")
@DB
@SETTINGS
@JSON
def revoke(number: str, db: str, settings_file: Path | None, as_json: bool) -> None:
    """End a token now. TOKEN is its id, the part after swh_."""
    from stillwatch.intel.hub.members import revoke_token

    with opened(db, settings_file) as hub, hub.database.writing() as session:
        revoke_token(session, number)
    print_json({"revoked": number}) if as_json else click.echo(plain(f"token {number} ended"))
