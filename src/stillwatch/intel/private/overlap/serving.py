"""Answers one other provider over HTTP: one agreement, one set of tokens, one name with its secret."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp

from stillwatch.cases.database import Database
from stillwatch.errors import IntelError
from stillwatch.intel.member import Channel, Member
from stillwatch.intel.private.overlap.agreement import Agreement
from stillwatch.intel.private.overlap.service import overlap_app
from stillwatch.intel.private.token import Token
from stillwatch.intel.tlp import Tlp
from stillwatch.run.end_with_parent import end_with_parent
from stillwatch.run.http_server import http_server

LEAST_SECRET = 16
"""Characters of a secret at least: it may be tried over the network."""
LONGEST_HEADER = 1_000
"""Characters of an Authorization header that are read."""


@dataclass(frozen=True)
class Serving:
    """What is answered, and where."""

    host: str
    """Address that is listened on."""
    port: int
    """Port that is listened on."""
    db: str
    """Where the runs are counted."""
    agreement: Agreement
    """What was agreed on."""
    tokens: tuple[Token, ...]
    """What this side has."""
    name: str
    """Name of the member that asks."""
    secret: str
    """Its secret."""
    certificate: Path | None = None
    """Certificate for TLS, PEM."""
    tls_key: Path | None = None
    """Its key, PEM."""


def serve(serving: Serving) -> None:
    """Serve until SIGTERM or SIGINT. Raises IntelError for credentials of another member, with a secret that
    can be guessed, and where the port cannot be listened on.
    """
    if serving.name != serving.agreement.asks:
        raise IntelError(
            "the credentials are of another member than the one that asks",
            where=f"{serving.name[:64]}, the agreement says {serving.agreement.asks}",
            do="give the file with NAME:SECRET of who asks",
        )
    if len(serving.secret) < LEAST_SECRET:
        raise IntelError(
            f"the secret has fewer than {LEAST_SECRET} characters",
            where="--credentials",
            do="make one: head -c 32 /dev/urandom | base64",
        )
    server: Any = http_server(
        "stillwatch.intel.private.overlap.serving",
        serving.host,
        serving.port,
        certificate=serving.certificate,
        key=serving.tls_key,
    )
    try:
        server.serve(target_loader=partial(loaded, serving), wrap_loader=False)
    except (OSError, RuntimeError) as error:
        raise IntelError(
            f"it cannot listen: {error}",
            where=f"{serving.host}, port {serving.port}",
            do="choose another --port",
        ) from error


def loaded(serving: Serving) -> ASGIApp:
    """Return the application of the process."""
    end_with_parent()
    database = Database(serving.db)
    return overlap_app(
        database,
        lambda reference, asks: serving.agreement if reference == serving.agreement.investigation else None,
        lambda agreement: serving.tokens,
        knows(serving.name, serving.secret),
    )


def knows(name: str, secret: str) -> Callable[[Request], Awaitable[Member | None]]:
    """Return what knows one member by HTTP Basic; both parts are compared in constant time."""
    member = Member("", name, Tlp.AMBER, frozenset({Channel.RESPONSE}), writes=False)
    wanted = f"{name}:{secret}".encode()

    async def who(request: Request) -> Member | None:
        scheme, _, given = request.headers.get("authorization", "")[:LONGEST_HEADER].partition(" ")
        try:
            told = base64.b64decode(given.strip(), validate=True)
        except (binascii.Error, ValueError):
            told = b""
        good = hmac.compare_digest(told, wanted)
        return member if good and scheme.lower() == "basic" else None

    return who
