"""What a provider tells others of a campaign that it names, as `detect --shared` takes it.

The searches of the study use the key that everybody knows, so a value has the same key at every provider. It
stands for the token of the value: both are equal where the values are, and this study is about what a match
brings. What tokens give away is measured by bench/sharing.py and on docs/leakage.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from coordination_study.days import rows_of
from stillwatch.intel.desk.judging import History
from stillwatch.run.layout import stored_days
from stillwatch.run.sketched import Sketched
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.shared import OF_ACCOUNTS, OF_EXCHANGES, SHARED_REPORTS

KINDS = {
    "asn": "asn",
    "subnet": "network_prefix",
    "address": "address",
    "ja4": "tls_fingerprint",
    "client": "client_shape",
    "stainless": "client_shape",
    "email_domain": "mail_domain",
    "mail_root": "mail_domain",
}
"""What a run shows of values, and so can match; instruments of payment and telephone numbers it does not."""
CARRIERS = 2
"""Named accounts that must carry a value before it is reported: the means of one account are its own."""
OWN = 0.5
"""Share of those who carry a value that must be named: what many customers have is no mark of an operator."""
CONFIDENCE = 0.85
"""Confidence of what people have confirmed."""
STRANGER = History()
"""A member of whose reports nothing was judged yet."""
ENDS = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, order=True)
class Value:
    """One value that a report names."""

    column: str
    """The column of a run that holds such values."""
    key: int
    """Its key."""


def values_of(run: Path) -> dict[Value, set[int]]:
    """Which accounts carry each value, by the key of the account."""
    found: dict[Value, set[int]] = {}
    for day in stored_days(run):
        table = pq.read_table(day, columns=["account", *OF_EXCHANGES])
        for column in set(OF_EXCHANGES) & set(KINDS):
            pairs = table.select(["account", column]).group_by(["account", column]).aggregate([])
            for account, value in zip(pairs["account"].to_pylist(), pairs[column].to_pylist(), strict=True):
                if value is not None:
                    found.setdefault(Value(column, value), set()).add(account)
    active = set().union(*found.values()) if found else set()
    for row in rows_of(run, "accounts"):
        for column in set(OF_ACCOUNTS) & set(KINDS):
            if row[column] is not None and row["account"] in active:
                found.setdefault(Value(column, row[column]), set()).add(row["account"])
    return found


def reported_of(run: Path, groups: Iterable[int]) -> list[Value]:
    """The values that mark the named accounts of some groups: several carry each, and few others do."""
    wanted = set(groups)
    named = {
        row["account"] for row in rows_of(run, "members") if row["group"] in wanted and row["tier"] == "named"
    }
    return sorted(
        value
        for value, carriers in values_of(run).items()
        if len(carriers & named) >= CARRIERS and len(carriers & named) >= OWN * len(carriers)
    )


def popular(run: Path, each: int) -> list[Value]:
    """The values that most accounts carry, `each` of every column: what a liar would report."""
    sizes = Counter({value: len(carriers) for value, carriers in values_of(run).items()})
    taken: Counter[str] = Counter()
    found = []
    for value, _ in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        if taken[value.column] < each:
            taken[value.column] += 1
            found.append(value)
    return found


def write_reports(
    path: Path,
    by: Mapping[str, Iterable[Value]],
    history: History = STRANGER,
    confidence: float = CONFIDENCE,
) -> int:
    """Write the fresh reports of some members, each of which is one origin; returns how many there are.

    history: what each of them has behind it at the receiver.
    """
    rows = [
        {
            "kind": KINDS[value.column],
            "column": value.column,
            "value": value.key,
            "report": f"indicator--{member}-{value.column}-{value.key}",
            "reporter": member,
            "origin": member,
            "confidence": confidence,
            "weight": confidence * history.factor,
            "confirmed": history.confirmed,
            "false_positives": history.false_positives,
            "disputed": False,
            "valid_until": ENDS,
            "tlp": "TLP:AMBER",
            "epoch": None,
        }
        for member, values in by.items()
        for value in values
    ]
    schema = Sketched.by(HashKey.public()).marked(SHARED_REPORTS.arrow)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return len(rows)
