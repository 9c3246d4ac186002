"""One request on its way through the server: what is sent is passed on at once, and its counts are read."""

from __future__ import annotations

from stillwatch.guard.answer_seen import AnswerSeen
from stillwatch.guard.asgi_types import Message, Receive, Send


class Passing:
    """Stands between a server and its application for one request."""

    __slots__ = ("_body", "_receive", "_send", "seen")

    def __init__(self, body: bytes, receive: Receive, send: Send) -> None:
        """body: the one that the application gets."""
        self._body: bytes | None = body
        self._receive, self._send = receive, send
        self.seen = AnswerSeen()
        """What is known of the answer."""

    async def receive(self) -> Message:
        """The body once, and then what the server says."""
        body, self._body = self._body, None
        if body is not None:
            return {"type": "http.request", "body": body, "more_body": False}
        message = await self._receive()
        if message["type"] == "http.disconnect" and not self.seen.complete:
            self.seen.gone = True
        return message

    async def send(self, message: Message) -> None:
        """Pass a message on, and then look at it."""
        await self._send(message)
        try:
            self._look(message)
        except Exception:  # an answer is never broken off by what reads it
            self.seen.usage, self.seen.failed = None, True

    def _look(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.seen.feed(bytes(message.get("body", b"")))
            if not message.get("more_body", False):
                self.seen.complete = True
        elif message["type"] == "http.response.start":
            kind = next((value for name, value in message.get("headers", ()) if name == b"content-type"), b"")
            self.seen.begins(int(message["status"]), kind)
