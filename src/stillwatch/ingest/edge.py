"""The edge's own log: what a load balancer or CDN saw of each request, joined on the request id."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute

from stillwatch.errors import InputError
from stillwatch.ingest.batch_normaliser import place_columns
from stillwatch.ingest.context import IngestContext
from stillwatch.ingest.quarantine import Quarantine
from stillwatch.ingest.tables import side_batches
from stillwatch.ingest.vectors import counts, strings
from stillwatch.schema.requests import EDGE

pc: Any = pyarrow.compute

ALIASES = {
    "request_id": ("request_id", "x-request-id", "x_request_id", "requestId", "request-id", "id", "trace_id"),
    "address": (
        "address",
        "client_ip",
        "clientIp",
        "ClientIP",
        "remote_addr",
        "x_forwarded_for",
        "x-forwarded-for",
        "downstream_remote_address",
        "httpRequest.clientIp",
    ),
    "ja4": ("ja4", "ja4_fingerprint", "tls_ja4", "tls_ja4_fingerprint", "ja4Fingerprint", "JA4"),
    "user_agent": ("user_agent", "user-agent", "http_user_agent", "userAgent", "ClientRequestUserAgent"),
    "stainless": ("stainless", "x_stainless", "x-stainless"),
    "asn": ("asn", "client_asn", "ClientASN", "as_number"),
    "network_class": ("network_class", "class", "ip_class"),
    "region": ("region", "country", "client_country", "ClientCountry", "country_code", "httpRequest.country"),
}


def read_edge(path: Path, ingest_context: IngestContext, quarantine: Quarantine) -> Iterator[pa.RecordBatch]:
    """Read batches of table edge from CSV, JSONL or Parquet.

    Raises InputError if no column names the request.
    """
    for rows, columns in side_batches(path, ingest_context, quarantine, ALIASES):
        if "request_id" not in columns:
            raise InputError(
                "the edge log has no column that names the request",
                where=str(path),
                do="name it request_id; docs/formats.md lists the other names taken",
            )
        yield _batch(path.name, rows, columns, ingest_context, quarantine)


def _batch(
    file: str, rows: Any, columns: dict[str, Any], ingest_context: IngestContext, quarantine: Quarantine
) -> pa.RecordBatch:
    made = {
        name: strings(columns[name], from_end=name == "address")
        for name in ALIASES
        if name in columns and name != "asn"
    }
    if "asn" in columns:
        made["asn"] = _asns(columns["asn"])
    made.update(place_columns(made, ingest_context, quarantine))
    missing = made["request_id"].is_null()
    for row, gone in zip(rows, missing.to_pylist() if missing.true_count else (), strict=False):
        if gone:
            quarantine.add(file, int(row), "request_id", "no request id")
    keep = pc.invert(missing)
    arrays = [made.get(field.name, pa.nulls(len(rows), field.type)).filter(keep) for field in EDGE.arrow]
    batch = pa.RecordBatch.from_arrays(arrays, schema=EDGE.arrow)
    quarantine.keep(file, batch)
    return batch


def _asns(column: Any) -> Any:
    if pa.types.is_string(column.type):
        column = pc.replace_substring_regex(column, r"^\s*[aA][sS]\s*", "")
    numbers = counts(column)
    return pc.if_else(
        pc.or_(pc.less(numbers, 0), pc.greater(numbers, 2**32 - 1)), pa.scalar(None, pa.int64()), numbers
    )
