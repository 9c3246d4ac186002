"""What reading a row needs besides the row: settings, pseudonyms, networks, and the newest accepted time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stillwatch.errors import SettingError
from stillwatch.ingest.networks import NetworkBook
from stillwatch.settings import IngestSettings


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


def newest_allowed(paths: Sequence[Path], settings: IngestSettings) -> datetime:
    """Return the time of the newest file plus ingest.max_future_hours."""
    stamps = [path.stat().st_mtime for path in paths]
    return datetime.fromtimestamp(max(stamps, default=0.0), UTC) + timedelta(hours=settings.max_future_hours)


def pseudonym_key(path: Path) -> bytes:
    """Read the key of the pseudonyms from a file.

    Raises SettingError if it is unreadable or shorter than 16 bytes.
    """
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise SettingError(
            f"the key file cannot be read: {error.strerror}",
            where=str(path),
            do="check the path given to --key-file",
        ) from error
    if len(key) < 16:
        raise SettingError(
            "the key file holds fewer than 16 bytes",
            where=str(path),
            do="make one: head -c 32 /dev/urandom | base64 > key",
        )
    return key
