"""A few hundred calls of a few customers, as the systems of docs/howto would have logged them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

ACCOUNTS = tuple(f"cust{n:02d}" for n in range(12))
BEGIN = datetime(2026, 2, 1, tzinfo=UTC)
TOPICS = ("reefs", "tides", "kelp", "sand", "gulls", "fog", "moons")
AGENT = "OpenAI/Python 2.11.0"


@dataclass(frozen=True)
class Call:
    """One call of a model."""

    number: int
    """Its place among the calls."""
    account: str
    """Who called."""
    start: datetime
    """When, UTC."""

    @property
    def id(self) -> str:
        """Return the request's id at the edge, of the form that nginx gives."""
        return f"{self.number:032x}"

    @property
    def end(self) -> datetime:
        """Return when it ended."""
        return self.start + timedelta(seconds=2)

    @property
    def address(self) -> str:
        """Return the client's address, a public one: each customer has its own."""
        return f"93.184.{self.number % len(ACCOUNTS)}.7"

    @property
    def words(self) -> str:
        """Return the prompt."""
        return f"tell me about {TOPICS[self.number % 7]} on day {self.start:%d}, question {self.number}"


CALLS = tuple(Call(n, ACCOUNTS[n % len(ACCOUNTS)], BEGIN + timedelta(minutes=37 * n)) for n in range(240))


def iso(time: datetime) -> str:
    """Write a time as RFC 3339 in UTC."""
    return time.isoformat().replace("+00:00", "Z")


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows as JSON lines; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))


def write_table(path: Path, header: str, rows: list[tuple[str, ...]]) -> None:
    """Write a CSV without quotes."""
    lines = [header, *(",".join(row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
