"""Table member_adjustments: held-out content and the limits of families, for each account."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.report_tables.evidence import HELD_OUT
from stillwatch.schema.codes import Adjustment
from stillwatch.schema.found import MEMBER_ADJUSTMENTS


def adjustments_table(caps: pa.Table, chosen: pa.Table) -> pa.Table:
    """Return table member_adjustments: the parts of accounts' nats besides their formation facets.

    caps: group, account, family, nats. chosen: group, account, and nats by kind: keys, semantic, cap.
    """
    place = ["group", "account"]
    bounded = caps.join(chosen.select(place), place, join_type="inner")
    parts = [(str(Adjustment.CAP), bounded)] + [
        (
            kind,
            chosen.select(place)
            .append_column("family", pa.array([HELD_OUT] * chosen.num_rows, pa.string()))
            .append_column("nats", chosen.column(kind)),
        )
        for kind in map(str, Adjustment)
    ]
    rows = pa.concat_tables(
        [
            table.append_column("kind", pa.array([kind] * table.num_rows, pa.string()))
            .select(MEMBER_ADJUSTMENTS.names())
            .cast(MEMBER_ADJUSTMENTS.arrow)
            for kind, table in parts
        ]
    )
    kept = rows.filter(pa.array(rows.column("nats").to_numpy() != 0.0))
    return kept.sort_by([(name, "ascending") for name in ("group", "account", "kind", "family")])
