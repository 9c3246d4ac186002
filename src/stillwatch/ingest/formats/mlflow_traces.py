"""Traces of MLflow, as its files and its API have them."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.ingest.otel_calls import Read, calls_of
from stillwatch.ingest.otel_trace import Fact, facts_of
from stillwatch.ingest.otlp import Span, spans_of
from stillwatch.ingest.request import Context
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, inner, mapping_of
from stillwatch.registry import FORMATS, Format

METADATA = ("trace_metadata", "request_metadata", "tags")
"""Where a trace holds its user and its session."""


def detect(sample: Sample) -> float:
    """A trace with MLflow's spans in it."""
    found = [_spans(row) for row in sample.rows]
    ours = (
        any("mlflow." in name for span in spans[:1] for name in mapping_of(span.get("attributes")))
        for spans in found
    )
    return 0.95 if found and all(ours) else 0.0


def read(row: Row, context: Context) -> Iterator[Read]:
    """Read every call of a model among a trace's spans."""
    yield from calls_of(_read(row), context)


def facts(row: Row) -> Iterator[tuple[str, str, Fact]]:
    """Return what the trace's spans tell other rows."""
    yield from facts_of(_read(row))


def _spans(row: Row) -> list[Row]:
    listed = inner(mapping_of(row.get("data")).get("spans", row.get("spans")))
    return [span for span in listed if isinstance(span, dict)] if isinstance(listed, list) else []


def _read(row: Row) -> list[Span]:
    info = mapping_of(row.get("info")) or row
    known: Row = {}
    for name in METADATA:
        known.update(mapping_of(info.get(name)))
    told: Row = {name: known[name] for name in ("mlflow.trace.user", "mlflow.trace.session") if name in known}
    spans = [span for held in _spans(row) for span in spans_of(held)]
    for span in spans:
        span.attributes = {**told, **{name: inner(value) for name, value in span.attributes.items()}}
    return spans


FORMATS.add(
    "mlflow_traces",
    Format(
        name="mlflow_traces",
        title="MLflow traces (JSON, JSONL)",
        source="mlflow/mlflow: mlflow/tracing/constant.py, entities/trace.py",
        suffixes=(".json", ".jsonl", ".ndjson", ".parquet"),
        detect=detect,
        read=read,
        facts=facts,
        family="traces",
        blind_spots="As of otel_genai. The account is the trace's user (mlflow.trace.user).",
    ),
)
