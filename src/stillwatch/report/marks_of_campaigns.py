"""Keys of an account that hardly anyone carries but the accounts of one listed campaign."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute

from stillwatch.report import formatting
from stillwatch.run.reading import Row, Run

pc: Any = pyarrow.compute
LEAST, MOSTLY = 3, 0.5
"""Other carriers, and the share of them in one campaign, from which a key is told."""
MOST = 5
"""Keys told."""


def marks_of_campaigns(run: Run, account: int) -> list[str]:
    """The keys in sentences, the clearest first; none where the run keeps no traces."""
    own = {
        row["key"]: row["facet"]
        for batch in run.batches("traces", ["account", "key", "facet"])
        for row in batch.filter(pc.equal(batch.column("account"), account)).to_pylist()
    }
    if not own:
        return []
    listed = {row["group"]: row["campaign"] for row in run.rows("campaigns") if row["listed"]}
    where = {row["account"]: listed[row["group"]] for row in _members(run) if row["group"] in listed}
    keys = pa.array(sorted(own), pa.int64())
    carriers: Counter[int] = Counter()
    inside: Counter[tuple[int, str]] = Counter()
    for batch in run.batches("traces", ["account", "key"]):
        for row in batch.filter(pc.is_in(batch.column("key"), value_set=keys)).to_pylist():
            if row["account"] != account:
                carriers[row["key"]] += 1
                if row["account"] in where:
                    inside[row["key"], where[row["account"]]] += 1
    told = [
        (theirs / carriers[key], theirs, own[key], campaign, key)
        for (key, campaign), theirs in inside.items()
        if carriers[key] >= LEAST and theirs >= MOSTLY * carriers[key]
    ]
    told.sort(key=lambda one: (-one[0], -one[1], one[2], one[4]))
    return [
        f"Its {formatting.named(facet)} {formatting.key(key)[:8]} is carried by "
        f"{formatting.plural(carriers[key], 'other account')}, {formatting.count(theirs)} of them in "
        f"{campaign}."
        for _share, theirs, facet, campaign, key in told[:MOST]
    ]


def _members(run: Run) -> list[Row]:
    rows: list[Row] = run.table("members").select(["group", "account"]).to_pylist()
    return rows
