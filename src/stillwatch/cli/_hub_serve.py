"""The commands of `stillwatch hub` for who runs one: init, serve, status, purge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stillwatch.cli._hub_store import DB, FILE, JSON, SETTINGS, opened
from stillwatch.cli._json import print_json
from stillwatch.errors import SettingError
from stillwatch.plain import plain

LOOPBACK = "127.0.0.1"


@click.command()
@click.option(
    "--origin", required=True, metavar="NAME", help="Name of the log: a domain of yours, as hub.example."
)
@DB
@SETTINGS
@JSON
def init(origin: str, db: str, settings_file: Path | None, as_json: bool) -> None:
    """Make a hub, and the key of its log.

    Give the key that is printed to each member by another way than the hub: members check by it that the hub
    shows all of them one log. Keep a copy of the key's file; who has it can sign another log.
    """
    from stillwatch.cases.database import Database
    from stillwatch.intel.hub.hub import init as made
    from stillwatch.intel.hub.hub import key_path
    from stillwatch.settings import load

    settings = load(settings_file).hub
    with Database(db) as database:
        hub = made(database, origin, key_path(database, settings.signing_key))
        if as_json:
            print_json({"origin": hub.origin, "log_key": hub.verifier.written()})
            return
        click.echo(plain(f"the hub {hub.origin} is made; the key of its log:"))
        click.echo(hub.verifier.written())


@click.command()
@DB
@SETTINGS
@click.option("--host", default=LOOPBACK, show_default=True, help="Address to listen on.")
@click.option("--port", default=8710, show_default=True, type=click.IntRange(1, 65_535), help="Port.")
@click.option("--tls-cert", type=FILE, help="Certificate for TLS, PEM.")
@click.option("--tls-key", type=FILE, help="Its private key, PEM.")
@click.option(
    "--behind-proxy",
    is_flag=True,
    help="A proxy of yours ends TLS before it; set hub.public_url and hub.trusted_proxies.",
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes.")
def serve(
    db: str,
    settings_file: Path | None,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    behind_proxy: bool,
    workers: int,
) -> None:
    """Serve a hub to its members.

    It listens on this machine only, unless TLS is given or a proxy ends it. Nobody gets in without a member's
    signature or token. What is past the retention of its agreement is purged while it runs.
    """
    from stillwatch.cases.database import Database
    from stillwatch.intel.hub.hub import key_path, open_hub
    from stillwatch.intel.hub.serving import Serving, must_be_safe, site_of
    from stillwatch.intel.hub.serving import serve as served
    from stillwatch.settings import load

    settings = load(settings_file).hub
    if bool(tls_cert) != bool(tls_key):
        raise SettingError("TLS needs both", where="--tls-cert, --tls-key", do="give both")
    must_be_safe(host, tls=bool(tls_cert), behind_proxy=behind_proxy, public_url=settings.public_url)
    site = site_of(host, port, settings.public_url, tls=bool(tls_cert))
    with Database(db) as database:
        key = key_path(database, settings.signing_key)
        open_hub(database, key)
    click.echo(f"The hub is at {site.url}/; end it with Ctrl-C.")
    served(Serving(host, port, site, db, key, settings, workers, tls_cert, tls_key))


@click.command()
@DB
@SETTINGS
@JSON
def status(db: str, settings_file: Path | None, as_json: bool) -> None:
    """Say how many members, agreements and entries a hub has, and how far its members cosigned the log."""
    from stillwatch.intel.hub.log import size_of
    from stillwatch.intel.hub.log_pages import newest_cosigned
    from stillwatch.intel.hub.members import members
    from stillwatch.intel.hub.notes import read_note
    from stillwatch.intel.hub.retention import limits

    with opened(db, settings_file) as hub, hub.database.reading() as session:
        present = [one.name for one in members(session) if one.removed is None]
        cosigned = {
            one["member"]: read_note(one["note"].encode(), "store").checkpoint.size
            for one in newest_cosigned(session)
        }
        document: dict[str, Any] = {
            "origin": hub.origin,
            "log_key": hub.verifier.written(),
            "entries": size_of(session),
            "members": present,
            "cosigned": cosigned,
            "retention_days": {channel.value: days for channel, days in limits(session).items()},
        }
    if as_json:
        print_json(document)
        return
    click.echo(plain(f"{hub.origin}: {len(present)} members, {document['entries']:,} entries of the log"))
    for name in present:
        seen = f"cosigned up to entry {cosigned[name]:,}" if name in cosigned else "cosigned nothing yet"
        click.echo(plain(f"  {name}: {seen}"))
    for channel, days in document["retention_days"].items():
        click.echo(f"  {channel} is kept {days} days")


@click.command()
@DB
@SETTINGS
@JSON
def purge(db: str, settings_file: Path | None, as_json: bool) -> None:
    """Purge now what is past the retention of its agreement; a hub that runs does so by itself."""
    from stillwatch.intel.hub.parts import PARTS
    from stillwatch.intel.hub.retention import purge as purged

    with opened(db, settings_file) as hub:
        gone = purged(hub.database, [part.purge for part in PARTS if part.purge is not None])
    if as_json:
        print_json({channel.value: count for channel, count in gone.items()})
    else:
        for channel, count in gone.items():
            click.echo(f"{channel.value}: {count:,} things purged")
        if not gone:
            click.echo("nothing is past its retention")


VERBS = (init, serve, status, purge)
