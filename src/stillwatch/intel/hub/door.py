"""The door of a hub: every request comes through it before any part of the hub sees it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stillwatch.client_addresses import ClientAddress
from stillwatch.errors import StillwatchError
from stillwatch.hub_settings import HubSettings
from stillwatch.intel.hub.limits import Allowance
from stillwatch.intel.hub.metrics import HubMetrics
from stillwatch.intel.hub.sign_in import Admitted, Refused, SignIn
from stillwatch.intel.hub.signatures import Target
from stillwatch.intel.hub.site import Site
from stillwatch.intel.member import Member

LOG = logging.getLogger("stillwatch.hub")
MEMBER = "stillwatch.member"
"""Where the scope of a request names its member."""
SIGNED = "stillwatch.signed"
"""Where the scope says whether the member's key signed the request; a token's request may hold any header."""
MEGABYTE = 10**6
BODY_S = 120.0
"""Seconds in which a signed body must have come."""
OPEN = ("/hub/health",)
"""Paths that need nobody."""
SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
STRICT = (b"strict-transport-security", b"max-age=31536000")
ONCE = ("authorization", "signature", "signature-input", "content-digest", "host", "content-length")
"""Headers that may stand once; a second one could be read by one side only."""


async def who(request: Request) -> Member | None:
    """Return the member that makes a request, as the door found out; None for a stranger."""
    found = request.scope.get(MEMBER)
    return found if isinstance(found, Member) else None


def signed(request: Request) -> bool:
    """Return whether the key of the member that makes a request signed it, as the door found out."""
    return request.scope.get(SIGNED) is True


class Turned(HTTPException):
    """A request that goes no further; a part of the hub that reads the body may answer it its own way."""

    def __init__(self, status: int, title: str, description: str, wait: float = 0.0) -> None:
        super().__init__(status, title, {"Retry-After": str(math.ceil(wait))} if wait else None)
        self.title, self.description, self.wait = title, description, wait


class Door:
    """Middleware that limits bodies, counts, admits members, and sets headers."""

    def __init__(
        self, app: ASGIApp, sign_in: SignIn, settings: HubSettings, site: Site, metrics: HubMetrics
    ) -> None:
        """app: what lies behind."""
        self._app = app
        self._sign_in = sign_in
        self._site = site
        self._metrics = metrics
        self._largest = settings.body_megabytes * MEGABYTE
        self._failures = Allowance(settings.failures_a_minute, 60)
        self._requests = Allowance(settings.requests_a_minute, 60)
        self._bytes = Allowance(float(settings.megabytes_a_day) * MEGABYTE, 86_400)
        self._client = ClientAddress(settings.trusted_proxies) if settings.trusted_proxies else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or turn it away."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                there = {name for name, _ in message["headers"]}
                more = [*SECURITY, *([STRICT] if self._site.scheme == "https" else [])]
                message["headers"] = [*message["headers"], *(one for one in more if one[0] not in there)]
            await send(message)

        try:
            scope[MEMBER], digest = await self._admitted(scope)
            scope[SIGNED] = digest is not None
            body = _Body(receive, self._largest, self._spend(scope[MEMBER]))
            if digest is not None:
                await body.read_whole(digest)
            await self._app(scope, body.receive, sent)
        except Turned as turned:
            if status:
                raise
            await sent_refusal(sent, turned)
        except StillwatchError as error:
            LOG.exception("a request failed")
            if status:
                raise
            await sent_refusal(sent, Turned(503, "The hub cannot answer now.", type(error).__name__, 5))
        finally:
            self._metrics.answered(scope["path"], scope["method"], status, time.perf_counter() - begun)

    async def _admitted(self, scope: Scope) -> tuple[Member | None, bytes | None]:
        """The member of a request, and the digest that its body must have. Raises Turned."""
        headers = _headers(scope)
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or len(length) > 18 or int(length) > self._largest:
            raise Turned(413, "The request is too large.", f"This hub takes {self._largest:,} bytes.")
        if scope["path"] in OPEN:
            return None, None
        address = self._address(scope, headers)
        wait = self._failures.wait(address)
        if wait:
            raise Turned(429, "Too many failed sign-ins.", "From this address.", wait)
        found = await run_in_threadpool(self._sign_in, self._target(scope), headers)
        if isinstance(found, Admitted):
            wait = self._requests.take(found.member.name)
            if wait:
                raise Turned(429, "Too many requests.", "Your allowance of a minute is used up.", wait)
            return found.member, found.digest
        if isinstance(found, Refused):
            self._failures.spend(address)
            self._metrics.refused()
            raise Turned(401, "You are not signed in.", found.why)
        return None, None

    def _spend(self, member: Member | None) -> _Spend:
        return _Spend(self._bytes, member.name) if member else _Spend(None, "")

    def _target(self, scope: Scope) -> Target:
        raw = scope.get("raw_path") or scope["path"].encode("utf-8")
        path = raw.partition(b"?")[0].decode("latin-1")
        query = scope.get("query_string", b"").decode("latin-1")
        return Target(scope["method"], self._site.authority, path, f"?{query}")

    def _address(self, scope: Scope, headers: Mapping[str, str]) -> str:
        peer = (scope.get("client") or ("", 0))[0]
        if self._client is None:
            return str(peer)
        return self._client(f"{headers.get('x-forwarded-for', '')}, {peer}".lstrip(", ")) or str(peer)


@dataclass(frozen=True)
class _Spend:
    """Whose allowance of bytes a body uses up."""

    allowance: Allowance | None
    name: str

    def take(self, size: int) -> None:
        """Take so many bytes. Raises Turned where too few are left."""
        wait = self.allowance.take(self.name, size) if self.allowance and size else 0.0
        if wait:
            raise Turned(429, "Too much was sent.", "Your allowance of a day is used up.", wait)


class _Body:
    """The body of a request, up to a limit."""

    def __init__(self, receive: Receive, most: int, spend: _Spend) -> None:
        self._receive = receive
        self._most = most
        self._spend = spend
        self._size = 0
        self._kept: bytes | None = None

    async def receive(self) -> Message:
        """Receive the next message; a body that was read whole comes in one."""
        if self._kept is not None:
            body, self._kept = self._kept, None
            return {"type": "http.request", "body": body, "more_body": False}
        return await self._next()

    async def read_whole(self, digest: bytes) -> None:
        """Read all of it and compare. Raises Turned where it is another body, too large or too slow."""
        pieces: list[bytes] = []
        more = True
        try:
            async with asyncio.timeout(BODY_S):
                while more:
                    message = await self._next()
                    if message["type"] != "http.request":
                        raise Turned(400, "The request broke off.", "Its body did not come whole.")
                    pieces.append(message.get("body", b""))
                    more = message.get("more_body", False)
        except TimeoutError as error:
            raise Turned(408, "The request came too slowly.", f"{BODY_S:g} seconds are allowed.") from error
        self._kept = b"".join(pieces)
        if not hmac.compare_digest(hashlib.sha256(self._kept).digest(), digest):
            raise Turned(400, "The body is not the one that was signed.", "Its SHA-256 is another.")

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            size = len(message.get("body", b""))
            self._size += size
            if self._size > self._most:
                raise Turned(413, "The request is too large.", f"This hub takes {self._most:,} bytes.")
            self._spend.take(size)
        return message


def _headers(scope: Scope) -> dict[str, str]:
    """The headers by name. Raises Turned where one that is signed or decides stands twice."""
    found: dict[str, str] = {}
    for raw, value in scope["headers"]:
        name = raw.decode("latin-1").lower()
        if name in found and name in ONCE:
            raise Turned(400, "A header stands twice.", name)
        text = value.decode("latin-1")
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


async def sent_refusal(send: Send, turned: Turned) -> None:
    """Answer a request that goes no further, in words that TAXII clients and people can read."""
    document: dict[str, Any] = {
        "title": turned.title,
        "description": turned.description,
        "http_status": str(turned.status_code),
    }
    body = json.dumps(document).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if turned.status_code == 401:
        headers += [(b"www-authenticate", b'Basic realm="stillwatch-hub"'), (b"www-authenticate", b"Bearer")]
    if turned.wait:
        headers.append((b"retry-after", str(math.ceil(turned.wait)).encode()))
    await send({"type": "http.response.start", "status": turned.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": body})
