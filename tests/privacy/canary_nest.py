"""Canaries: invented words, one or two for each place of a log, and what is shown by design."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
CONSONANTS, VOWELS = "bcdfghjklmnpqrstvwxz", "aeiou"
FRAME = "please weigh this curious reed against the other reed and answer kindly"
AGENT, COMPANY, PLAN, MODEL, DOMAIN = (
    "ShownAgent/7.1",
    "Shown Company",
    "shownplan",
    "shownmodel",
    "shown-mail.example",
)
SHOWN = (
    AGENT,
    COMPANY,
    PLAN,
    MODEL,
    DOMAIN,
    "shownrequest",
    "203.0.113.77",
    "canary_openai.jsonl",
    "lang=shownlang",
    "shownaccount",
    "temperature=0.25",
)
"""What is shown by design: where the search does not find these, it finds nothing."""

PASSED_ON = {
    *(
        "request_id",
        "id",
        "account_id",
        "user",
        "user_id",
        "userId",
        "model",
        "model_group",
        "provided_model_name",
        "user_agent",
    ),
    *("gen_ai.response.id", "user.id", "gen_ai.request.model", "user_agent.original"),
    *(f"attributes.{name}" for name in ("user.id", "llm.model_name", "user_agent.original")),
    *("SpanId", "TraceId", "spanID", "traceID", "traceId", "context.span_id", "context.trace_id"),
}
"""Fields whose text is shown as it is: whatever an operator has there is shown."""


@dataclass
class Nest:
    """Every canary that was planted, and where."""

    words: dict[str, str] = field(default_factory=dict)
    """Canary to place."""

    def __call__(self, place: str) -> str:
        """Two invented words that stand nowhere else, for one place of a log."""
        made = [self._word(f"{place}/{part}") for part in range(2)]
        return " ".join(made)

    def id(self, place: str) -> str:
        """One invented word, for a place that takes a name."""
        return self._word(place)

    def at(self, name: str) -> tuple[Callable[[str], str], Callable[[str], str]]:
        """For the places of one row: what makes two words, and what makes a single one."""
        return lambda place: self(f"{name} {place}"), lambda place: self.id(f"{name} {place}")

    def number(self, place: str, start: str, digits: int) -> str:
        """A number that stands nowhere else."""
        made = (
            start
            + str(int.from_bytes(hashlib.blake2b(place.encode(), digest_size=8).digest(), "big"))[:digits]
        )
        self.words[made] = place
        return made

    def _word(self, place: str) -> str:
        digest = hashlib.blake2b(place.encode(), digest_size=12).digest()
        word = "zq" + "".join(
            (CONSONANTS if i % 2 else VOWELS)[byte % (20 if i % 2 else 5)] for i, byte in enumerate(digest)
        )
        self.words[word] = place
        return word
