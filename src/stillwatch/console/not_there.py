"""What was asked for is not there."""

from __future__ import annotations

from stillwatch.errors import StillwatchError


class NotThere(StillwatchError):
    """There is no such thing; the page says so with status 404."""
