"""One answer as it passes: its status, its counts, and whether it came to its end."""

from __future__ import annotations

from typing import Any

from stillwatch.guard.answer_usage import AnswerUsage
from stillwatch.guard.decide import BYTES_A_TOKEN
from stillwatch.guard.request import Decision
from stillwatch.response.inputs import RequestFacts

BROKEN, GONE = 500, 499
"""Statuses of exchanges without an answer: the server failed; the client went first (nginx's code)."""
STREAM = b"text/event-stream"


class AnswerSeen:
    """What is known of one answer so far. An answer is never broken off by what reads it."""

    __slots__ = ("complete", "failed", "gone", "status", "usage")

    def __init__(self) -> None:
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

    def begins(self, status: int, kind: bytes) -> None:
        """Take its status and its content type."""
        self.status = status
        self.usage = AnswerUsage(stream=STREAM in kind)

    def feed(self, piece: bytes) -> None:
        """Look at a piece."""
        if self.usage is None or not piece:
            return
        try:
            self.usage.feed(piece)
        except Exception:
            self.usage, self.failed = None, True

    def used(self, decision: Decision, facts: RequestFacts) -> int:
        """The tokens to settle: as the answer told, or else as far as is known.

        An answer that ended early counts what was sent: an event of a stream is about a token. Where nothing
        is known of an answer that was given, all that was reserved is taken as used.
        """
        if self.usage is None:
            return decision.reserved if self.failed else 0
        told, events = self.usage.tokens(), self.usage.events
        if told is not None:
            return told if self.complete else told + events
        if self.status >= 400:
            return 0
        return (
            min(decision.reserved, facts.input_bytes // BYTES_A_TOKEN + events)
            if events
            else decision.reserved
        )

    def document(self) -> dict[str, Any]:
        """The answer for the log: its counts, id and model."""
        return self.usage.document() if self.usage is not None else {}

    def outcome(self) -> int:
        """The status for the log."""
        return self.status or (GONE if self.gone else BROKEN)
