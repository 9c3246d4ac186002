"""The accounts of one group, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from stillwatch.console.large.kept import kept
from stillwatch.console.large.lookup import rows_with
from stillwatch.plain import plainly
from stillwatch.run.reading import Row, Run
from stillwatch.schema.codes import Tier

pc: Any = pyarrow.compute
TIERS = [*map(str, Tier)]


@dataclass(frozen=True)
class Wanted:
    """Which accounts; what is empty does not matter."""

    tier: str = ""
    """Of this tier."""
    reason: str = ""
    """With this reason."""
    text: str = ""
    """Whose id or owner holds this, whatever its case."""


@dataclass(frozen=True)
class Found:
    """Accounts that were found."""

    rows: tuple[Row, ...]
    """Those of this page, by tier, the most evidence first."""
    total: int
    """How many there are on all pages."""


def accounts_of(run: Run, group: int, wanted: Wanted, first: int, most: int) -> Found:
    """Return a page of the accounts that a group names, that are present in it, or near it."""
    table = people_of(run, group)
    if wanted.tier:
        table = table.filter(pc.equal(table["tier"], wanted.tier))
    if wanted.reason:
        table = table.filter(pc.equal(table["reason"], wanted.reason))
    if wanted.text:
        holds = [
            pc.match_substring(table[name], wanted.text, ignore_case=True) for name in ("account_id", "owner")
        ]
        table = table.filter(pc.or_(*holds))
    rows: list[Row] = table.slice(first, most).to_pylist()
    return Found(tuple(_plain(row) for row in rows), table.num_rows)


def people_of(run: Run, group: int) -> pa.Table:
    """Return members and bystanders of a group by tier, then the most evidence first; `member` says which."""

    def made() -> pa.Table:
        parts = []
        for name in ("members", "bystanders"):
            part = rows_with(run.folder, name, "group", [group])
            parts.append(part.append_column("member", pa.array(np.full(part.num_rows, name == "members"))))
        whole = pa.concat_tables(parts)
        tiers = pa.array(TIERS)
        rank = pc.fill_null(pc.index_in(whole["tier"], value_set=tiers), len(TIERS))
        by = [("rank", "ascending"), ("nats", "descending"), ("account_id", "ascending")]
        return whole.take(pc.sort_indices(whole.append_column("rank", rank), sort_keys=by))

    return kept(run, ("people", group), made)


def counts_of(run: Run, group: int, column: str) -> Mapping[str, int]:
    """Return how many accounts of a group have each value of `tier` or `reason`, the most first."""
    counted: Any = people_of(run, group)[column].value_counts()
    found: list[Row] = sorted(counted.to_pylist(), key=lambda row: -row["counts"])
    return {row["values"]: row["counts"] for row in found}


def _plain(row: Row) -> Row:
    # An id is what one looks up by, so it stays as it is; templates make it plain.
    return {name: value if name == "account_id" else plainly(value) for name, value in row.items()}
