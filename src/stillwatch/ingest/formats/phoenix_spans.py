"""Spans as data frames of Phoenix and Arize have them: a column for each attribute."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from stillwatch.ingest.otel_calls import Read, calls_of
from stillwatch.ingest.otel_trace import Fact, facts_of
from stillwatch.ingest.otlp import Span, attributes_of, failed_of, id_of, parent_of
from stillwatch.ingest.request import Context
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, first, inner, mapping_of
from stillwatch.registry import FORMATS, Format

HEAD = "attributes."
LONGEST = 2**20
"""Characters of a list that Python wrote which are read."""


def detect(sample: Sample) -> float:
    """Columns that are named after attributes, and the span's own."""
    if not any(name.startswith(HEAD) for name in sample.columns):
        return 0.0
    return 0.95 if sample.columns & {"span_kind", "start_time", "context.trace_id"} else 0.0


def read(row: Row, context: Context) -> Iterator[Read]:
    """Read a row as a call of a model, if it is one."""
    yield from calls_of([_span(row)], context, apart=True)


def facts(row: Row) -> Iterator[tuple[str, str, Fact]]:
    """Return what a span tells the others of its trace."""
    yield from facts_of([_span(row)])


def _span(row: Row) -> Span:
    held = {
        name.removeprefix(HEAD): _value(value)
        for name, value in row.items()
        if name.startswith(HEAD) and value not in (None, "")
    }
    attributes = attributes_of(held)
    if row.get("span_kind"):
        attributes.setdefault("openinference.span.kind", row["span_kind"])
    events = _value(row.get("events"))
    return Span(
        attributes,
        id_of(first(row, "context.trace_id", "trace_id")),
        id_of(first(row, "context.span_id", "span_id", "id", "")),
        row.get("start_time"),
        row.get("end_time"),
        failed_of(row.get("status_code")),
        parent_of(row.get("parent_id")),
        str(row.get("name") or ""),
        events=[
            (str(event.get("name") or ""), attributes_of(event.get("attributes")), None)
            for event in (map(mapping_of, events) if isinstance(events, list) else ())
        ],
    )


def _value(value: Any) -> Any:
    """Return a cell; a list may be a JSON text, or what Python wrote of it into a CSV."""
    value = inner(value)
    if not isinstance(value, str) or value[:2] not in ("[{", "{'") or len(value) > LONGEST:
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return value


FORMATS.add(
    "phoenix_spans",
    Format(
        name="phoenix_spans",
        title="Spans of Phoenix or Arize as a data frame (CSV, JSONL, Parquet)",
        source="Arize-ai/phoenix: get_spans_dataframe; Arize export client",
        suffixes=(".json", ".jsonl", ".ndjson", ".csv", ".parquet"),
        detect=detect,
        read=read,
        facts=facts,
        family="traces",
        blind_spots="As of otel_genai. A frame written without its index has no ids of spans.",
    ),
)
