"""`stillwatch serve`: the console."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

import click

from stillwatch.cli._case_delivering import CHANNELS
from stillwatch.cli._case_door import KEY, STATE
from stillwatch.cli._case_store import DB, SETTINGS
from stillwatch.errors import SettingError

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
LOOPBACK = "127.0.0.1"


@click.command()
@click.option(
    "--runs",
    multiple=True,
    type=FOLDER,
    metavar="FOLDER",
    help="A run, or a folder of runs; may be repeated.",
)
@STATE
@DB
@SETTINGS
@CHANNELS
@KEY
@click.option(
    "--sharing",
    envvar="STILLWATCH_SHARING",
    default="",
    metavar="FILE|URL",
    help="Where shared intelligence is kept; also $STILLWATCH_SHARING.  [default: with the cases]",
)
@click.option("--host", default=LOOPBACK, show_default=True, help="Address to listen on.")
@click.option("--port", default=8700, show_default=True, type=click.IntRange(1, 65_535), help="Port.")
@click.option("--tls-cert", type=FILE, help="Certificate for TLS, PEM.")
@click.option("--tls-key", type=FILE, help="Its private key, PEM.")
@click.option(
    "--behind-proxy",
    is_flag=True,
    help="A proxy of yours ends TLS before it; set console.public_url and console.trusted_proxies.",
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option(
    "--first-user", default="admin", show_default=True, metavar="NAME", help="Who is made at the first start."
)
def command(
    runs: tuple[Path, ...],
    state: Path | None,
    db: str,
    settings_file: Path | None,
    channels_file: Path | None,
    appeal_key: Path | None,
    sharing: str,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    behind_proxy: bool,
    workers: int,
    first_user: str,
) -> None:
    """Open the console: overview, cases, campaigns, audit, for people who sign in.

    The first start makes the store of cases if there is none, and one user with the role admin, whose
    one-time link is printed. It listens on this machine only, unless TLS is given or a proxy ends it. What a
    killed server had begun is ended; with --channels, messages are delivered while it runs.
    """
    from stillwatch.cases.outbox.channels_file import read_channels
    from stillwatch.console.access.secrets import fresh
    from stillwatch.console.serving import Serving, provider_of, serve
    from stillwatch.console.site import site_of
    from stillwatch.console.start import first_link
    from stillwatch.settings import load

    settings = load(settings_file)
    if bool(tls_cert) != bool(tls_key):
        raise SettingError("TLS needs both", where="--tls-cert, --tls-key", do="give both")
    _must_be_safe(host, bool(tls_cert), behind_proxy, settings.console.public_url)
    site = site_of(
        host,
        port,
        settings.console.public_url,
        tls=bool(tls_cert),
        behind_proxy=behind_proxy,
        proxies=settings.console.trusted_proxies,
        appeal_url=settings.cases.appeal_url,
    )
    provider_of(settings.console)
    read_channels(channels_file)
    link = first_link(db, settings, first_user)
    if link:
        hours = f"{settings.console.link_hours:g} hours"
        click.echo(f"Set the password of {first_user} within {hours}: {site.origin}/welcome/{link}")
    click.echo(f"The console is at {site.origin}/; end it with Ctrl-C.")
    given = (db, runs, state, settings, fresh(), workers, tls_cert, tls_key, channels_file, appeal_key)
    serve(Serving(host, port, site, *given, sharing))


def _must_be_safe(host: str, tls: bool, behind_proxy: bool, public_url: str) -> None:
    """Raise SettingError for an address that others reach without TLS."""
    try:
        loops = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loops = False
    if not loops and not tls and not behind_proxy:
        raise SettingError(
            "passwords and sessions would go over the network unencrypted",
            where=f"--host {host}",
            do="give --tls-cert and --tls-key, or --behind-proxy where a proxy of yours ends TLS",
        )
    parts = urlsplit(public_url)
    if public_url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/")):
        raise SettingError(
            "this is no address of a site",
            where=f"console.public_url: {public_url[:120]}",
            do='write scheme and host alone, as "https://stillwatch.example"',
        )
    if behind_proxy and not public_url.startswith("https://"):
        raise SettingError(
            "behind a proxy the console must know its own address",
            where="console.public_url",
            do='set public_url = "https://…" under [console]',
        )
