"""Names of columns, folded: databases and people also write `startTime` as `starttime` or `Start Time`."""

from __future__ import annotations

import re
from collections.abc import Iterable

FILL = re.compile(r"[\s_\-.]+")


def folded(name: str) -> str:
    """Return a name without case, spaces, hyphens, dots and underscores."""
    return FILL.sub("", name).lower()


def respelled(given: Iterable[str], known: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return names of a file with the spelling that a format knows, where it knows no such name.

    A spelling that the file already has, or that two of its names would get, is left alone.
    """
    there = list(given)
    by_fold = {folded(name): name for name in reversed(list(known))}
    found: dict[str, str] = {}
    for name in there:
        wanted = by_fold.get(folded(name))
        if wanted is not None and wanted != name and wanted not in there and wanted not in found.values():
            found[name] = wanted
    return tuple(found.items())
