"""What a provider tells others of a campaign that it names, as `detect --shared` takes it.

The searches of the study use the key that everybody knows, so a value has the same key at every provider. It
stands for the token of the value: both are equal where the values are, and this study is about what a match
brings. What tokens give away is measured by bench/sharing.py and on docs/leakage.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.intel.desk.judging import History
from stillwatch.intel.desk.own_marks import Mark, carriers_of, marks_of
from stillwatch.run.reading import Run
from stillwatch.run.sketched import Sketched
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.shared import SHARED_REPORTS

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
CONFIDENCE = 0.85
"""Confidence of what people have confirmed."""
STRANGER = History()
"""A member of whose reports nothing was judged yet."""
ENDS = datetime(2030, 1, 1, tzinfo=UTC)


def values_of(run: Path) -> dict[Mark, set[int]]:
    """Which accounts carry each value, by the key of the account."""
    return carriers_of(Run(run), KINDS)


def reported_of(run: Path, groups: Iterable[int]) -> list[Mark]:
    """The values that mark the named accounts of some groups, as `stillwatch intel values` finds them."""
    return marks_of(Run(run), set(groups), KINDS)


def popular(run: Path, each: int) -> list[Mark]:
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
    by: Mapping[str, Iterable[Mark]],
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
