"""One request on its way through the server: what is sent is passed on at once, and its counts are read."""

from __future__ import annotations

from stillwatch.guard.answer_usage import AnswerUsage
from stillwatch.guard.asgi_types import Message, Receive, Send
from stillwatch.guard.decide import BYTES_A_TOKEN
from stillwatch.guard.request import Decision
from stillwatch.response.inputs import RequestFacts

BROKEN, GONE = 500, 499
"""Statuses of exchanges without an answer: the server failed; the client went first (nginx's code)."""


class Passing:
    """Stands between a server and its application for one request."""

    __slots__ = ("_body", "_receive", "_send", "complete", "failed", "gone", "status", "usage")

    def __init__(self, body: bytes, receive: Receive, send: Send) -> None:
        """body: the one that the application gets."""
        self._body: bytes | None = body
        self._receive, self._send = receive, send
        self.status = 0
        """Of the answer; 0 until it begins."""
        self.usage: AnswerUsage | None = None
        """Its counts; None until it begins."""
        self.complete = False
        """Whether the answer came to its end."""
        self.gone = False
        """Whether the client went."""
        self.failed = False
        """Whether reading the counts failed; the answer goes on."""

    async def receive(self) -> Message:
        """The body once, and then what the server says."""
        body, self._body = self._body, None
        if body is not None:
            return {"type": "http.request", "body": body, "more_body": False}
        message = await self._receive()
        if message["type"] == "http.disconnect" and not self.complete:
            self.gone = True
        return message

    async def send(self, message: Message) -> None:
        """Pass a message on, and then look at it."""
        await self._send(message)
        try:
            self._look(message)
        except Exception:  # an answer is never broken off by what reads it
            self.usage, self.failed = None, True

    def _look(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            if self.usage is not None and (piece := message.get("body")):
                self.usage.feed(bytes(piece))
            if not message.get("more_body", False):
                self.complete = True
        elif message["type"] == "http.response.start":
            self.status = int(message["status"])
            kind = next((value for name, value in message.get("headers", ()) if name == b"content-type"), b"")
            self.usage = AnswerUsage(stream=b"text/event-stream" in kind)

    def used(self, decision: Decision, facts: RequestFacts) -> int:
        """The tokens to settle: as the answer told, or else as far as is known.

        An answer that ended early counts what was sent: an event of a stream is about a token. Where nothing
        is known of an answer that was given, all that was reserved is taken as used. What was reserved is no
        bound where the request set no limit: then it is a guess, and a long answer would cost no more.
        """
        if self.usage is None:
            return decision.reserved if self.failed else 0
        told, events = self.usage.tokens(), self.usage.events
        if told is not None:
            return told if self.complete else told + events
        if self.status >= 400:
            return 0
        if not events:
            return decision.reserved
        seen = facts.input_bytes // BYTES_A_TOKEN + events
        return min(decision.reserved, seen) if decision.reserved and facts.max_tokens else seen

    def outcome(self) -> int:
        """The status for the log."""
        return self.status or (GONE if self.gone else BROKEN)
