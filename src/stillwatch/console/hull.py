"""What every call passes: its host is ours, it has an id, every answer has the headers that keep it safe."""

from __future__ import annotations

import asyncio
import logging
import secrets
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stillwatch.console.site import Site

LOG = logging.getLogger("stillwatch.console")
LONGEST_S = 30.0
"""Seconds after which a call that has not been answered is given up."""
LONGEST_PATH = 2_000
"""Characters of a path. Python refuses to read numbers of more than 4,300 digits."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
"""Content-Security-Policy: nothing inline, nothing from elsewhere, no frame."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With no-referrer, browsers send `Origin: null` with forms, and no form could be checked.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
APPEAL = "/appeal/"
"""Below it is the customers' own page, and nothing else."""
OF_APPEALS = {
    **HEADERS,
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    # The link is a secret: no other site learns it, and its form needs no check of where it comes from.
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
HSTS = "max-age=31536000"


class Hull:
    """The outermost layer of the console."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app, self._site = app, site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1003})
            return
        number = secrets.token_hex(6)
        scope["state"] = {**scope.get("state", {}), "number": number}
        begun = False

        async def sealed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                self._seal(message, scope["path"])
            await send(message)

        try:
            if len(scope["path"]) > LONGEST_PATH:
                await PlainTextResponse("The address is too long.\n", 414)(scope, receive, sealed)
            elif self._known_host(scope):
                async with asyncio.timeout(LONGEST_S):
                    await self._app(scope, receive, sealed)
            else:
                text = (
                    "The console does not go by this name; set console.public_url to the one that it has.\n"
                )
                await PlainTextResponse(text, 421)(scope, receive, sealed)
        except TimeoutError:
            await _plain(begun, 503, f"The call took too long; id {number}.\n", scope, receive, sealed)
        except Exception as error:
            # What an exception says may hold a customer's words, so only its kind and place are logged.
            LOG.error(
                "a call failed", extra={"id": number, "kind": type(error).__name__, "at": _place(error)}
            )
            text = f"A fault of Stillwatch itself; its id is {number}.\n"
            await _plain(begun, 500, text, scope, receive, sealed)

    def _known_host(self, scope: Scope) -> bool:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1:
            return False
        host = hosts[0].decode("latin-1").lower()
        customers = host == self._site.appeal_host and scope["path"].startswith(APPEAL)
        return customers or host in self._site.hosts

    def _seal(self, message: Message, path: str) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in (OF_APPEALS if path.startswith(APPEAL) else HEADERS).items():
            headers[name] = value
        if self._site.https:
            headers["Strict-Transport-Security"] = HSTS
        headers.setdefault("Cache-Control", "no-store")


async def _plain(
    begun: bool,
    status: int,
    text: str,
    scope: Scope,
    receive: Receive,
    send: Callable[[Any], Awaitable[None]],
) -> None:
    """Answer in plain text, unless an answer has begun: then breaking off is all that can be done."""
    if begun:
        raise ConnectionError("the answer was broken off")
    await PlainTextResponse(text, status)(scope, receive, send)


def _place(error: BaseException) -> str:
    """Where in the code it was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename.rpartition('stillwatch/')[2]}:{last.lineno}"
