"""What reading a row needs besides the row: settings, pseudonyms, networks, and the newest accepted time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stillwatch.ingest.networks import NetworkBook
from stillwatch.key_file import secret_of
from stillwatch.settings import IngestSettings
from stillwatch.toml_file import LATEST

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DOUBTED = 1_000
"""One in so many late rows is left out when the limit of a late log is computed."""


@dataclass(frozen=True)
class IngestContext:
    """It is sent to every worker, so it holds values only."""

    settings: IngestSettings
    """How logs become exchanges."""
    pseudonym_key: bytes | None = None
    """Key of the pseudonyms; None: account ids are kept as they are, except credentials."""
    networks: NetworkBook | None = None
    """The operator's own table of networks."""
    newest: datetime | None = None
    """A row dated after this goes to quarantine; None: nothing is too late."""


def newest_allowed(now: datetime, settings: IngestSettings) -> datetime:
    """Return the newest accepted time of a row, by the clock alone: now plus ingest.max_future_hours."""
    return now + timedelta(hours=settings.max_future_hours)


def newest_seen(late: Mapping[int, int], rows: int, settings: IngestSettings) -> datetime | None:
    """Return the newest accepted time of a row, for a log that as a whole is ahead of the clock.

    None for any other log: then the clock alone decides. late: rows later than the clock allows, by the hour
    of their time since 1970 (UTC). rows: number of all rows with a time. Fewer than half of all rows change
    nothing, whatever their times: someone who writes the times of some rows cannot move the limit. Otherwise
    the limit is the newest of the late rows, without one in a thousand of them (at least one), to the end of
    its hour, plus ingest.max_future_hours. It does not depend on the clock, so the same log has the same
    limit on another day.
    """
    many = sum(late.values())
    if 2 * many <= rows:
        return None
    doubted = max(1, many // DOUBTED)
    for hour in sorted(late, reverse=True):
        doubted -= late[hour]
        if doubted < 0:
            return EPOCH + min(timedelta(hours=hour + 1 + settings.max_future_hours), LATEST - EPOCH)
    return None


def pseudonym_key(path: Path) -> bytes:
    """Read the key of the pseudonyms from a file. Raises SettingError as `key_file.secret_of` does."""
    return secret_of(path)
