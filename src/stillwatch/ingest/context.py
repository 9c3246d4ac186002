"""What reading a row needs besides the row: settings, pseudonyms, networks, and the newest accepted time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stillwatch.ingest.networks import NetworkBook
from stillwatch.schema.keyed import secret_of
from stillwatch.settings import IngestSettings
from stillwatch.toml_file import LATEST

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DOUBTED = 1_000
"""Of so many late rows, one is left out of what says how late a log may be."""


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
    """The newest time that is believed of a row, by the clock alone: now plus ingest.max_future_hours."""
    return now + timedelta(hours=settings.max_future_hours)


def newest_seen(late: Mapping[int, int], rows: int, settings: IngestSettings) -> datetime | None:
    """The newest time that is believed of a row of a log that runs ahead of the clock as a whole; None where it
    does not: then the clock alone decides.

    late: rows later than the clock allows, by the hour since 1970 (UTC) that they are dated in; rows: all rows
    with a time. Fewer than half of all rows change nothing, whatever their dates: who writes the times of some
    rows cannot move the limit. Else the newest of the late rows counts, one in a thousand of them (at least one)
    left out, to the end of its hour, plus ingest.max_future_hours. The clock plays no part in that, so the same
    log has the same limit on another day.
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
    """The key of the pseudonyms from a file. Raises SettingError as `schema.keyed.secret_of` does."""
    return secret_of(path)
