"""A time given to an option."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

BARE_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Moment(click.ParamType[float]):
    """A time in ISO 8601, as POSIX seconds; without a zone it is UTC. ends: whether a bare date means the
    moment at which that day ends.
    """

    name = "time"

    def __init__(self, *, ends: bool) -> None:
        self._ends = ends

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the time. Fails for what is none."""
        if isinstance(value, float):
            return value
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-12-31T00:00:00Z or 2026-12-31", param, ctx)
        if self._ends and BARE_DATE.fullmatch(str(value)):
            found += timedelta(days=1)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
