"""Keep for each version of an object the clearances for which it is the last, and the first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.intel.taxii.server.models import NONE_ABOVE, ObjectRow

CHUNK = 500
"""Ids of one question to the database."""


def span_again(session: Session, collection: int, ids: Iterable[str]) -> None:
    """Compute `last_below` and `first_below` of all versions of some objects of a collection."""
    wanted = sorted(ids)
    row = ObjectRow
    for start in range(0, len(wanted), CHUNK):
        found: defaultdict[str, list[tuple[int, int, int, int]]] = defaultdict(list)
        query = (
            sa.select(row.object_id, row.added, row.level, row.last_below, row.first_below)
            .where(row.collection == collection, row.object_id.in_(wanted[start : start + CHUNK]))
            .order_by(row.object_id, row.version)
        )
        for object_id, *version in session.execute(query):
            found[object_id].append((version[0], version[1], version[2], version[3]))
        changed = [change for versions in found.values() for change in _changes(collection, versions)]
        if changed:
            session.execute(sa.update(row), changed)


def _changes(collection: int, versions: list[tuple[int, int, int, int]]) -> list[dict[str, int]]:
    levels = [level for _, level, _, _ in versions]
    changes: list[dict[str, int]] = []
    first = NONE_ABOVE
    lasts = [NONE_ABOVE] * len(levels)
    for place in range(len(levels) - 2, -1, -1):
        lasts[place] = min(lasts[place + 1], levels[place + 1])
    for place, (added, level, old_last, old_first) in enumerate(versions):
        if (old_last, old_first) != (lasts[place], first):
            changes.append(
                {
                    "collection": collection,
                    "added": added,
                    "last_below": lasts[place],
                    "first_below": first,
                }
            )
        first = min(first, level)
    return changes
