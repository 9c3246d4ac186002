"""Rows that OpenTelemetry's exporter writes into ClickHouse: spans and log records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stillwatch.ingest.clickhouse_text import clickhouse_value
from stillwatch.ingest.otel_calls import Read, calls_of
from stillwatch.ingest.otel_trace import Fact, facts_of
from stillwatch.ingest.otlp import Span, attributes_of, failed_of, id_of, kind_of
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.request import Context
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, first, inner, mapping_of, moment, whole
from stillwatch.registry import FORMATS, Format


def detect(sample: Sample) -> float:
    """The exporter's own columns."""
    if not sample.has("Timestamp") or not sample.columns & {"TraceId", "SpanId"}:
        return 0.0
    return 0.95 if sample.columns & {"SpanAttributes", "LogAttributes", "SpanName"} else 0.0


def read(row: Row, context: Context) -> Iterator[Read]:
    """Read a row as a call of a model, if it is one."""
    yield from calls_of([_span(row)], context, apart=True)


def facts(row: Row) -> Iterator[tuple[str, str, Fact]]:
    """Return what a span tells the others of its trace."""
    yield from facts_of([_span(row)])


def _span(row: Row) -> Span:
    log = "LogAttributes" in row or "Body" in row
    attributes = attributes_of(_object(first(row, "SpanAttributes", "LogAttributes")))
    resource = attributes_of(_object(row.get("ResourceAttributes")))
    return Span(
        {**attributes, "resource": resource} if resource else attributes,
        id_of(row.get("TraceId")),
        id_of(row.get("SpanId")),
        row.get("Timestamp"),
        _end(row),
        failed_of(row.get("StatusCode")),
        id_of(row.get("ParentSpanId")),
        str(row.get("SpanName") or ""),
        kind_of(row.get("SpanKind")),
        log=log,
        events=[_record(row, attributes)] if log else list(_events(row)),
    )


def _object(value: Any) -> Any:
    """Return a map; Arrow gives the maps of a Parquet file as lists of pairs."""
    value = _opened(value)
    if isinstance(value, list) and all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in value):
        return {str(name): inside for name, inside in value}
    return value


def _opened(value: Any) -> Any:
    """Unpack a value that is JSON or ClickHouse's own text."""
    given = clickhouse_value(value) if isinstance(value, str) else value
    return inner(given) if given is value else given


def _end(row: Row) -> int | None:
    lasted = whole(row.get("Duration"))
    try:
        return moment(row.get("Timestamp")) + lasted // 1000 if lasted is not None and lasted >= 0 else None
    except BadRow:
        return None


def _record(row: Row, attributes: Row) -> tuple[str, Row, Any]:
    return (
        str(first(row, "EventName") or attributes.get("event.name") or ""),
        attributes,
        inner(row.get("Body")),
    )


def _events(row: Row) -> Iterator[tuple[str, Row, Any]]:
    nested = _opened(row.get("Events"))
    if isinstance(nested, list):
        for event in nested:
            event = mapping_of(event)
            yield str(event.get("Name") or ""), attributes_of(_object(event.get("Attributes"))), None
        return
    parts = mapping_of(nested)
    listed = _opened(row.get("Events.Name", parts.get("Name"))) or []
    held = _opened(row.get("Events.Attributes", parts.get("Attributes"))) or []
    if isinstance(listed, list) and isinstance(held, list):
        for name, attributes in zip(listed, held, strict=False):
            yield str(name), attributes_of(_object(attributes)), None


FORMATS.add(
    "otel_clickhouse",
    Format(
        name="otel_clickhouse",
        title="Tables otel_traces and otel_logs of OpenTelemetry's ClickHouse exporter",
        source="open-telemetry/opentelemetry-collector-contrib: exporter/clickhouseexporter",
        suffixes=(".json", ".jsonl", ".ndjson", ".csv", ".parquet"),
        detect=detect,
        read=read,
        facts=facts,
        family="traces",
        blind_spots="As of otel_genai.",
    ),
)
