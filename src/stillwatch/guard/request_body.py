"""A request's body, read whole: never more than its bound, and never a wait without an end."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

from stillwatch.guard.asgi_types import Message, Receive
from stillwatch.guard.callers import Headers
from stillwatch.guard.refusals import CROWDED, HEADERS_TOO_LARGE, TOO_LARGE, TOO_SLOW, Fault

PASSED_BY = 8
"""Times its bound that a body too large may be sent to its end before it is answered."""


class BodyRefused(Exception):
    """The body is not read to its end."""

    def __init__(self, fault: Fault, *, more: bool = False) -> None:
        """more: whether some of it is still to come, and may be let go by."""
        super().__init__(fault.code)
        self.fault, self.more = fault, more


class ClientGone(Exception):
    """The client closed the connection before the body was whole."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one request may cost before it is decided."""

    body_bytes: int = 32 << 20
    """The longest body; a longer one is answered 413."""
    body_seconds: float = 30.0
    """Seconds until the body must be whole; then it is answered 408."""
    together_bytes: int = 512 << 20
    """Bytes of all bodies that are being read at one time; beyond them 503 is answered."""
    headers: int = 256
    """The most headers; more are answered 431."""
    header_bytes: int = 64 << 10
    """Bytes of all names and values of headers."""

    def measure(self, size: int, *, more: bool = False) -> None:
        """Raises BodyRefused for a body that is too large. more: whether some of it is still to come."""
        if size > self.body_bytes:
            raise BodyRefused(TOO_LARGE, more=more)

    def check(self, headers: Headers) -> None:
        """Raises BodyRefused for headers that are too many or too large, or tell of a body that is."""
        if len(headers) > self.headers:
            raise BodyRefused(HEADERS_TOO_LARGE)
        size = 0
        for name, value in headers:
            size += len(name) + len(value)
            if name == b"content-length" and value.isdigit():
                self.measure(int(value[:18]), more=True)
        if size > self.header_bytes:
            raise BodyRefused(HEADERS_TOO_LARGE)


class BodyReader:
    """Reads bodies within bounds."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self.held = 0
        """Bytes of bodies that are being read."""

    async def read(self, receive: Receive, headers: Headers) -> bytes:
        """Return the whole body. Raises BodyRefused and ClientGone."""
        try:
            self._bounds.check(headers)
            async with asyncio.timeout(self._bounds.body_seconds):
                message = await receive()
                if message["type"] == "http.request" and not message.get("more_body", False):
                    body = bytes(message.get("body", b""))
                    self._measure(len(body), more=False)
                    return body
                return await self._pieces(receive, message)
        except TimeoutError:
            raise BodyRefused(TOO_SLOW) from None
        except BodyRefused as refused:
            if refused.more:
                await self._let_go_by(receive)
            raise

    async def _let_go_by(self, receive: Receive) -> None:
        """Take the rest of a body and keep nothing of it. Most clients send all before they read the answer;
        they would see a broken connection, and send it again.
        """
        left = PASSED_BY * self._bounds.body_bytes
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._bounds.body_seconds):
                while left > 0:
                    message = await receive()
                    if message["type"] != "http.request" or not message.get("more_body", False):
                        return
                    left -= len(message.get("body", b""))

    async def _pieces(self, receive: Receive, message: Message) -> bytes:
        whole = bytearray()
        try:
            while True:
                if message["type"] != "http.request":
                    raise ClientGone
                piece = bytes(message.get("body", b""))
                self.held += len(piece)
                whole += piece
                self._measure(len(whole), more=message.get("more_body", False))
                if self.held > self._bounds.together_bytes:
                    raise BodyRefused(CROWDED)
                if not message.get("more_body", False):
                    return bytes(whole)
                message = await receive()
        finally:
            self.held -= len(whole)

    def _measure(self, size: int, *, more: bool) -> None:
        self._bounds.measure(size, more=more)
