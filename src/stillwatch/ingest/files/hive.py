"""Columns that a path names, as Hive and Spark write them: `day=2026-02-01/part-0.parquet`."""

from __future__ import annotations

import re
from urllib.parse import unquote

ABSENT = "__HIVE_DEFAULT_PARTITION__"
PART = re.compile(r"([A-Za-z_][A-Za-z0-9_.\-]{0,127})=(.{0,1024})")
Partitions = tuple[tuple[str, str], ...]


def partitions_of(name: str) -> Partitions:
    """Return the columns that the folders of a path name, with their values, without absent ones."""
    found: dict[str, str] = {}
    for part in name.split("/")[:-1]:
        match = PART.fullmatch(part)
        if match and match[2] and match[2] != ABSENT:
            found[unquote(match[1])] = unquote(match[2])
    return tuple(found.items())
