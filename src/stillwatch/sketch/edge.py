"""A separate edge log, keyed as exchanges are, so that both can be joined on the request."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.schema.keyed import HashKey, keys_of
from stillwatch.schema.requests import EDGE
from stillwatch.schema.stored import EXCHANGES
from stillwatch.sketch.marks import marks_of

COLUMNS = ("request", "address", "subnet", "asn", "network_class", "region", "client", "stainless", "ja4")
ORDER = ("outside", "seen", "place", "id_rank", "id_column")
"""What decides between several rows of one request."""


def sketch_edge(batch: pa.RecordBatch, key: HashKey) -> tuple[pa.RecordBatch, pa.Table]:
    """Turn edge rows into key columns and labels.

    The rows are those of table EDGE.
    """
    columns, labels = marks_of(batch, key)
    columns["request"] = keys_of(batch.column("request_id"), key, "request")
    for name in ("asn", "network_class", "region"):
        columns[name] = batch.column(name)
    for name in ORDER:
        columns[name] = batch.column(name)
    schema = pa.schema(
        [*(EXCHANGES.arrow.field(name) for name in COLUMNS), *(EDGE.arrow.field(name) for name in ORDER)]
    )
    return pa.RecordBatch.from_arrays(
        [columns[f.name].cast(f.type) for f in schema], schema=schema
    ), labels.table()
