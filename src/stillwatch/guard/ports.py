"""What the core needs from its parts; each part is a file of its own, and the tests use the real ones."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from stillwatch.guard.request import Decision, Request
from stillwatch.response.known import Known


class State(Protocol):
    """The newest snapshot and the journal over it."""

    @property
    def digest(self) -> str:
        """Of the snapshot in use; empty if there is none."""
        ...

    def known(self, account: str, model: str, now: float) -> Known | None:
        """Return what is known; None if neither snapshot nor journal has the account. now: POSIX seconds."""
        ...

    def fresh(self, now: float) -> bool:
        """Return whether the snapshot is readable and not past its expiry, and the journal is reachable."""
        ...


@dataclass(frozen=True, slots=True)
class Reserved:
    """The answer of the budgets."""

    granted: bool
    """Whether the tokens are reserved."""
    retry_after_s: float = 0.0
    """If not: seconds until they might be."""
    account_today: int = 0
    """Tokens of the account since midnight (UTC)."""
    campaign_today: int = 0
    """Tokens of the campaign since midnight (UTC)."""


class Budgets(Protocol):
    """Token buckets of accounts and, pooled, of campaigns. A rate is in tokens a minute; a bucket holds one
    minute's worth; 0 is no limit.
    """

    def reserve(
        self, account: int, campaign: str, tokens: int, account_rate: int, campaign_rate: int, now: float
    ) -> Reserved:
        """Reserve in both buckets or in neither."""
        ...

    def settle(self, account: int, campaign: str, reserved: int, used: int, now: float) -> None:
        """Give back what was reserved and not used, or take what was used beyond."""
        ...

    def used(self, account: int, campaign: str, now: float) -> tuple[int, int]:
        """Return the tokens since midnight (UTC): of the account, of the campaign."""
        ...


class Recorded(StrEnum):
    """What became of a record."""

    WRITTEN = "written"
    """It is with the operating system: the end of this process does not lose it."""
    SOON = "soon"
    """It will be in a moment."""
    UNWRITTEN = "unwritten"
    """It cannot be written now. It is kept in memory and tried again, but a crash would lose it."""


class Records(Protocol):
    """Where decisions go."""

    def decided(self, request: Request, decision: Decision, now: float) -> Recorded:
        """Record a decision; one that acts is written before anything is done."""
        ...


class Served(Protocol):
    """What is told of each exchange once it is in the guard's own log, to commit to what was served."""

    def committed(self, line: bytes) -> None:
        """Take the line as it stands in the log, with its end."""
        ...
