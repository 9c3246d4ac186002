"""What an act did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stillwatch.console.shown import Shown


@dataclass(frozen=True)
class Done:
    """What an act did: a browser is sent to `see` (303), a program gets `result` as JSON."""

    see: str
    """Path of the page to look at next."""
    said: str
    """One sentence about what was done; the next page shows it once."""
    result: Mapping[str, Any] = field(default_factory=dict)
    """What the API answers beside the sentence."""
    once: Mapping[str, str] = field(default_factory=dict)
    """Secrets that are shown now and never again: the browser gets them as a page of its own."""
    shown: Shown | None = None
    """A page that a browser gets now instead of being sent on: what may be shown to this call only."""
    signed_out: bool = False
    """Whether the session has ended with it."""
