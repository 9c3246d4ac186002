"""How commands that ask a server say who asks: by a member's key, or by a name with its secret."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from stillwatch.errors import IntelError, MissingExtra

if TYPE_CHECKING:
    import httpx2

F = TypeVar("F", bound=Callable[..., Any])
MOST_SECRET = 4_096
"""Bytes of a file with a secret."""
SIDE = click.option(
    "--side",
    "side_folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="STILLWATCH_SIDE",
    help="Folder of your side of the hub, as `stillwatch hub join` made it: it signs requests with your key; "
    "also $STILLWATCH_SIDE.",
)
CREDENTIALS = click.option(
    "--credentials",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="STILLWATCH_HUB_CREDENTIALS",
    help="Instead of --side: file with NAME:SECRET of your membership; also $STILLWATCH_HUB_CREDENTIALS.",
)


@dataclass(frozen=True)
class SignedIn:
    """What a client needs to be known by a server."""

    auth: httpx2.Auth | tuple[str, str]
    """Goes with each request."""
    verify: Any
    """How the server's certificate is checked: an SSL context, or True."""
    hub: str
    """Address of the hub that a member's side knows; empty where there is none."""


def signs_in(function: F) -> F:
    """Add the options by which a server knows who asks."""
    return SIDE(CREDENTIALS(function))


def signed_in(side_folder: Path | None, credentials: Path | None, url: str = "") -> SignedIn:
    """Return what the options say. url: the server that is asked; a member's key signs for its own hub only,
    and a server elsewhere gets credentials. Raises IntelError for both options, none, or another server.
    """
    if (side_folder is None) == (credentials is None):
        raise IntelError(
            "nothing says who asks" if side_folder is None else "--side and --credentials exclude each other",
            where="--side",
            do="give --side FOLDER (or $STILLWATCH_SIDE), or --credentials FILE, and not both",
        )
    if side_folder is None:
        assert credentials is not None, "BUG: one of the two is there"
        return SignedIn(name_and_secret(credentials), True, "")
    try:
        from stillwatch.intel.hub.client import open_sharing
    except ImportError as error:
        raise MissingExtra("this needs httpx2", do="pip install 'stillwatch[sharing]'") from error
    side = open_sharing(side_folder)
    if url and urlsplit(url)[:2] != urlsplit(side.hub)[:2]:
        raise IntelError(
            "your side knows another hub than this server",
            where=url[:200],
            do=f"ask {side.hub}, or give --credentials of a member of that server",
        )
    return SignedIn(side.auth(), side.verify(), side.hub)


def name_and_secret(path: Path) -> tuple[str, str]:
    """Return name and secret of a file of credentials. Raises IntelError for a file of none."""
    from stillwatch.small_file import read_small

    data = read_small(
        path, MOST_SECRET, what="file of credentials", error=IntelError, do="give the file with NAME:SECRET"
    )
    name, colon, secret = data.decode("utf-8", "replace").strip().partition(":")
    if not (name and colon and secret):
        raise IntelError(
            "the file of credentials is none", where=str(path), do="write NAME:SECRET on one line"
        )
    return name, secret
