"""A channel: where messages go, and which of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stillwatch.cases.outbox.severity import LEVELS, at_least

WEBHOOK, SLACK, MAIL = "webhook", "slack", "mail"
FORMS = (WEBHOOK, SLACK, MAIL)


@dataclass(frozen=True)
class Address:
    """Where an HTTP channel is."""

    host: str
    """Its name or number."""
    port: int
    """Its port."""
    tls: bool
    """Whether it is https."""
    path: str = field(repr=False)
    """Path and query; of a Slack-compatible channel they are a secret."""
    local_only: bool = False
    """Whether it must be on this machine: plain HTTP, and no setting allows that over a network."""


@dataclass(frozen=True)
class Post:
    """A mail server, and who writes to whom."""

    host: str
    """Its name or number."""
    port: int
    """Its port."""
    security: str
    """starttls, tls, or none."""
    sender: str
    """Address that mail is from."""
    to: tuple[str, ...]
    """Addresses that it goes to."""
    user: str = ""
    """Who signs in; empty: nobody does."""
    password: str = field(default="", repr=False)
    """With what."""
    local_only: bool = False
    """Whether the server must be on this machine: no encryption, and no setting allows that."""


@dataclass(frozen=True)
class Channel:
    """One channel of the file."""

    name: str
    """Its name: small letters, digits, dashes."""
    form: str
    """webhook, slack or mail."""
    at: Address | Post
    """Where it is."""
    topics: tuple[str, ...] = ("*",)
    """Topics that go there: a topic, the beginning of some as case.*, or * for all."""
    least: str = LEVELS[0]
    """Messages less grave than this do not."""
    kinds: tuple[str, ...] = ()
    """Kinds of cases that go there; empty: all, and messages about no case."""
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    """Keys that a webhook is signed with: the new one first, while receivers change to it."""
    ca_file: str = ""
    """Certificates that are trusted instead of the system's."""

    def wants(self, topic: str, body: Mapping[str, Any]) -> bool:
        """Return whether a message goes there."""
        if not any(_covers(pattern, topic) for pattern in self.topics):
            return False
        kind = body.get("kind")
        return at_least(body.get("severity"), self.least) and (not self.kinds or kind in self.kinds)

    @property
    def shown(self) -> str:
        """What it is, without a secret."""
        return f"{self.name}: {self.form} at {self.at.host}:{self.at.port}"


def _covers(pattern: str, topic: str) -> bool:
    if pattern == "*":
        return True
    return topic.startswith(pattern[:-1]) if pattern.endswith(".*") else topic == pattern
