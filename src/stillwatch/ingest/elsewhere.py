"""What other rows say of a row's calls, looked up by a key such as the trace id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

REMEMBERED = 1_000_000
"""Spans with a call inside that are remembered while a file is read."""


@dataclass(frozen=True)
class Wanting:
    """A row whose calls need what other rows say; a format yields it alone, and gets the row again."""

    keys: tuple[str, ...]
    """What to look for: keys of the format's facts."""
    all_of_them: bool = False
    """Whether all facts of these keys are wanted; else those that settle the account are enough."""


@dataclass
class Elsewhere:
    """What is known from other rows while one is read."""

    known: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Facts by key and name."""
    looked: bool = True
    """Whether a look for them was had, or none is had; else a format may ask for it by Wanting."""
    _inside: dict[tuple[str, str], Any] = field(default_factory=dict)

    def saw_inside(self, trace: str, parent: str, fact: Any) -> None:
        """Remember that a call was read inside this span, and what it said."""
        if len(self._inside) >= REMEMBERED:
            for old in list(self._inside)[: REMEMBERED // 2]:
                del self._inside[old]
        self._inside[trace, parent] = fact

    def inside(self, trace: str, span: str) -> Any:
        """Return what a call said that was read before, inside this span; None where there was none."""
        return self._inside.get((trace, span))
