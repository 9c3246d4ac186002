"""Traces as Jaeger has them: the answer of its API, the download of its page, documents of its store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stillwatch.ingest.otel_calls import Read, calls_of
from stillwatch.ingest.otel_trace import Fact, facts_of
from stillwatch.ingest.otlp import Span, attributes_of, failed_of, id_of, kind_of, parent_of
from stillwatch.ingest.request import Context
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, dig, mapping_of, whole
from stillwatch.registry import FORMATS, Format


def detect(sample: Sample) -> float:
    """A trace with spans, or a span, each with Jaeger's spelling of its ids."""
    rows = [_opened(row) for row in sample.rows]
    if not rows or not all("traceID" in row for row in rows):
        return 0.0
    return 0.95 if all(isinstance(row.get("spans"), list) or "spanID" in row for row in rows) else 0.0


def read(row: Row, context: Context) -> Iterator[Read]:
    """Read every call of a model among a row's spans."""
    yield from calls_of(_spans(row), context, apart="spans" not in _opened(row))


def facts(row: Row) -> Iterator[tuple[str, str, Fact]]:
    """Return what the row's spans tell other rows of their traces."""
    yield from facts_of(_spans(row))


def _opened(row: Row) -> Row:
    return mapping_of(row.get("_source")) or row


def _spans(row: Row) -> list[Span]:
    row = _opened(row)
    if "spans" not in row:
        return [_span(row, {})]
    processes = mapping_of(row.get("processes"))
    return [_span(span, processes) for span in row.get("spans") or () if isinstance(span, dict)]


def _span(span: Row, processes: Row) -> Span:
    attributes = _tags(span)
    process = mapping_of(span.get("process")) or mapping_of(processes.get(str(span.get("processID"))))
    if resource := _tags(process):
        attributes["resource"] = resource
    start, lasted = span.get("startTime"), whole(span.get("duration"))
    number = whole(start)
    failed = failed_of(attributes.get("otel.status_code"))
    return Span(
        attributes,
        id_of(span.get("traceID")),
        id_of(span.get("spanID")),
        start,
        number + lasted if number is not None and lasted is not None and lasted >= 0 else None,
        True if failed is None and str(attributes.get("error", "")).lower() == "true" else failed,
        _parent(span),
        str(span.get("operationName") or ""),
        kind_of(attributes.get("span.kind")),
        events=[_event(log) for log in span.get("logs") or () if isinstance(log, dict)],
    )


def _tags(holder: Row) -> Row:
    """Return tags from a list of pairs, or from an object in which dots are written as @."""
    found = {name.replace("@", "."): value for name, value in mapping_of(holder.get("tag")).items()}
    return {**found, **attributes_of(holder.get("tags"))}


def _parent(span: Row) -> str:
    for reference in span.get("references") or ():
        if (
            isinstance(reference, dict)
            and reference.get("refType", "CHILD_OF") == "CHILD_OF"
            and reference.get("traceID", span.get("traceID")) == span.get("traceID")
        ):
            return parent_of(reference.get("spanID"))
    return parent_of(span.get("parentSpanID"))


def _event(log: Row) -> tuple[str, Row, Any]:
    fields = attributes_of(log.get("fields"))
    return str(fields.get("event") or dig(fields, "event.name") or ""), fields, None


FORMATS.add(
    "jaeger_traces",
    Format(
        name="jaeger_traces",
        title="Jaeger: answers of its API, downloads of its page, documents in Elasticsearch or OpenSearch",
        source="jaegertracing/jaeger: model/json, docs on the HTTP JSON API",
        suffixes=(".json", ".jsonl", ".ndjson"),
        detect=detect,
        read=read,
        facts=facts,
        family="traces",
        blind_spots="As of otel_genai. Stores cut long tags, and words with them.",
    ),
)
