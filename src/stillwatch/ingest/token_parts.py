"""Counts that a log keeps in fields of their own, made to agree: the whole is never less than its parts."""

from __future__ import annotations

from typing import Any

import pyarrow.compute

from stillwatch.ingest.quarantine import Quarantine
from stillwatch.ingest.request import Request

pc: Any = pyarrow.compute

PARTS = {
    "input_tokens": ("cached_tokens", "cache_written_tokens"),
    "output_tokens": ("reasoning_tokens",),
}
"""Each count, and the parts that it includes."""
ADDED = {
    "input_tokens": "less than its cached tokens, so they were counted apart: added",
    "output_tokens": "less than its reasoning tokens, so they were counted apart: added",
}


def with_parts(columns: dict[str, Any], quarantine: Quarantine) -> None:
    """Add the parts to counts that cannot include them, in columns of int64. Those that can stay."""
    for name, names in PARTS.items():
        parts = [columns[part] for part in names if part in columns]
        if name not in columns or not parts:
            continue
        total = pc.fill_null(parts[0], 0)
        for part in parts[1:]:
            total = pc.add(total, pc.fill_null(part, 0))
        apart = pc.fill_null(pc.less(columns[name], total), False)
        if apart.true_count:
            quarantine.mend(name, ADDED[name], apart.true_count)
            columns[name] = pc.if_else(apart, pc.add(columns[name], total), columns[name])


def parts_of(request: Request) -> list[tuple[str, Any]]:
    """Return the counts of one request that change so, with their columns; its counts must be valid."""
    changed = []
    for name, names in PARTS.items():
        count, total = getattr(request, name), sum(getattr(request, part) or 0 for part in names)
        if count is not None and count < total:
            changed.append((name, count + total))
    return changed
