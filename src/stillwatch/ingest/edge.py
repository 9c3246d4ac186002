"""The edge's own log: what a load balancer or CDN saw of each request, joined on the request id."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute

from stillwatch.client_addresses import ClientAddress, is_inside
from stillwatch.errors import InputError
from stillwatch.ingest.addresses import joined
from stillwatch.ingest.batch_normaliser import place_columns
from stillwatch.ingest.context import IngestContext
from stillwatch.ingest.edges import ALIASES
from stillwatch.ingest.edges.names import COLUMNS
from stillwatch.ingest.mapping import Mapping, MappingKind, load_mapping, time_rules
from stillwatch.ingest.quarantine import Quarantine
from stillwatch.ingest.scientific import all_scientific, scientific
from stillwatch.ingest.tables import SideBatch, as_text, side_batches
from stillwatch.ingest.values import path_of
from stillwatch.ingest.vectors import counts, strings, times
from stillwatch.schema.requests import EDGE
from stillwatch.schema.table import TIME

pc: Any = pyarrow.compute
EDGE_MAPPING = MappingKind("--edge-mapping", (*COLUMNS, "address"), (), lines=True)
"""What --edge-mapping may say; `address` is another word for `client`."""
TRACE = re.compile(r"projects/[^/]+/traces/(\w+)|00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
"""A trace of Cloud Logging, and a W3C traceparent: the id is inside."""


def load_edge_mapping(path: Path | None) -> Mapping | None:
    """Read a mapping of an edge log; None if there is none. Raises SettingError as `load_mapping` does."""
    if path is None:
        return None
    mapping = load_mapping(path, EDGE_MAPPING)
    columns = {"client" if ours == "address" else ours: name for ours, name in mapping.columns.items()}
    return Mapping(
        columns,
        mapping.defaults,
        mapping.time_unit,
        mapping.time_format,
        mapping.time_zone,
        mapping.line,
    )


def read_edge(
    path: Path, ingest_context: IngestContext, quarantine: Quarantine, mapping: Mapping | None = None
) -> Iterator[pa.RecordBatch]:
    """Read batches of table edge from text, CSV, JSONL or Parquet.

    A row with several ids (its own, a header's, a trace's) gives a row for each of them. Raises InputError if
    no column names the request.
    """
    batches = side_batches(path, ingest_context, quarantine, ALIASES, mapping)
    for number, batch in enumerate(batches):
        if not batch.has("request_id"):
            raise InputError(
                "the edge log has no column that names the request",
                where=str(path),
                do="add the request id to it ($request_id in nginx's log_format, %{UNIQUE_ID}e in Apache's), "
                "name its column in an --edge-mapping file, or name it request_id; docs/formats.md lists the "
                "other names taken",
            )
        if number == 0:
            _refuse_rounded(path, batch)
        yield _batch(path, batch, ingest_context, quarantine, mapping)


def _batch(
    path: Path,
    batch: SideBatch,
    ingest_context: IngestContext,
    quarantine: Quarantine,
    mapping: Mapping | None,
) -> pa.RecordBatch:
    n = len(batch.rows)
    made: dict[str, Any] = {}
    for name in ("user_agent", "ja4", "stainless", "network_class", "region"):
        if (column := batch.one(name)) is not None:
            made[name] = strings(column)
    if "user_agent" in made:
        made["user_agent"] = _decoded(made["user_agent"])
    if (column := batch.one("asn")) is not None:
        made["asn"] = _asns(column)
    address = _addresses(batch)
    if address is not None:
        made["address"] = address
    client = ClientAddress(ingest_context.settings.trusted_proxies)
    made.update(place_columns(made, ingest_context, quarantine, client))
    if "address" in made:
        outside = [
            a is not None and not is_inside(a) and not client.trusts(a) for a in made["address"].to_pylist()
        ]
        made["outside"] = pa.array(outside, pa.bool_())
    made["seen"] = _seen(batch, ingest_context, mapping)
    ids = _ids(batch, quarantine)
    missing = np.ones(n, bool)
    for _, column in ids:
        missing &= np.asarray(column.is_null())
    for row in batch.rows[missing]:
        quarantine.add(path.name, int(row), "request_id", "no request id")
    parts = [_named(made, batch, number, name, column) for number, (name, column) in enumerate(ids)]
    known = pc.coalesce(*(column for _, column in ids)) if ids else pa.nulls(n, pa.string())
    quarantine.keep(path.name, _named(made, batch, 0, "", known))
    whole = pa.Table.from_batches(parts, EDGE.arrow).combine_chunks().to_batches()
    return whole[0] if whole else pa.RecordBatch.from_pylist([], schema=EDGE.arrow)


def _named(made: dict[str, Any], batch: SideBatch, rank: int, name: str, ids: Any) -> pa.RecordBatch:
    """Return the rows under one of their ids."""
    n = len(batch.rows)
    columns = {
        **made,
        "request_id": ids,
        "id_rank": pa.array(np.full(n, rank, np.int32)),
        "id_column": pa.array([name] * n, pa.string()),
        "place": pa.array(batch.rows, pa.int64()),
    }
    keep = ids.is_valid()
    arrays = [
        columns.get(field.name, pa.nulls(n, field.type)).cast(field.type).filter(keep) for field in EDGE.arrow
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=EDGE.arrow)


def _refuse_rounded(path: Path, batch: SideBatch) -> None:
    """Raise InputError if a spreadsheet has rounded all ids of a column. A client may choose some."""
    for name, column in batch.columns.get("request_id", ()):
        if all_scientific(column):
            raise InputError(
                f"the ids in column {_shown(name)} are in scientific notation, so their last digits are lost",
                where=str(path),
                do="export the column as text",
            )


def _shown(name: str) -> str:
    return name.replace("\x1e", ".")


def _ids(batch: SideBatch, quarantine: Quarantine) -> list[tuple[str, Any]]:
    """Return the columns that may name the request, each once, the best first."""
    found: list[tuple[str, Any]] = []
    for name, column in batch.columns.get("request_id", ()):
        shown = _shown(name)
        texts = strings(column)
        if rounded := scientific(column):
            quarantine.mend("request_id", "in scientific notation: it may stand for several", rounded)
        if not any(texts.equals(other) for _, other in found):
            found.append((shown, texts))
        values = texts.to_pylist()
        inner = [m[1] or m[2] if value and (m := TRACE.fullmatch(value)) else None for value in values]
        if any(inner):
            found.append((shown, pa.array(inner, pa.string())))
    return found


def _addresses(batch: SideBatch) -> Any:
    """Return the address fields of each row as one value for ClientAddress; None if there are none."""
    kinds = [[as_text(c) for _, c in batch.columns.get(kind, ())] for kind in ("client", "forwarded", "peer")]
    if not any(kinds):
        return None
    n = len(batch.rows)
    named, forwarded, peer = (
        (pc.coalesce(*columns) if columns else pa.nulls(n, pa.string())).to_pylist() for columns in kinds
    )
    if len([kind for kind in kinds if kind]) == 1:
        only: Sequence[str | None] = next(
            v for k, v in zip(kinds, (named, forwarded, peer), strict=True) if k
        )
        return pa.array([path_of(value) for value in only], pa.string())
    return pa.array([joined(*fields) for fields in zip(named, forwarded, peer, strict=True)], pa.string())


def _seen(batch: SideBatch, ingest_context: IngestContext, mapping: Mapping | None) -> Any:
    column = batch.one("time")
    if column is None:
        return pa.nulls(len(batch.rows), TIME)
    unit = mapping.time_unit if mapping is not None else ""
    return times(column, unit, time_rules(ingest_context.settings, mapping)).cast(TIME)


@lru_cache(8192)
def _agent(value: str) -> str:
    return unquote(unquote(value)) if "%" in value and " " not in value else value


def _decoded(column: Any) -> Any:
    """Undo the percent signs that CloudFront and Akamai write in a user agent, which holds no space then."""
    return pa.array([None if v is None else _agent(v) for v in column.to_pylist()], pa.string())


def _asns(column: Any) -> Any:
    if pa.types.is_string(column.type):
        column = pc.replace_substring_regex(column, r"^\s*[aA][sS]\s*", "")
    numbers = counts(column)
    return pc.if_else(
        pc.or_(pc.less(numbers, 0), pc.greater(numbers, 2**32 - 1)), pa.scalar(None, pa.int64()), numbers
    )
