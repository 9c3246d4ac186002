"""Spans as Zipkin has them, version 2 of its API."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.ingest.otel_calls import Read, calls_of
from stillwatch.ingest.otel_trace import Fact, facts_of
from stillwatch.ingest.otlp import Span, failed_of, id_of, kind_of
from stillwatch.ingest.request import Context
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, mapping_of, whole
from stillwatch.registry import FORMATS, Format


def detect(sample: Sample) -> float:
    """Ids in Zipkin's spelling, a time, and tags or ends of a connection."""
    ends = sample.columns & {"localEndpoint", "remoteEndpoint", "annotations", "duration"}
    return 0.9 if sample.has("traceId", "id", "timestamp", "tags") and ends else 0.0


def read(row: Row, context: Context) -> Iterator[Read]:
    """Read a span as a call of a model, if it is one."""
    yield from calls_of([_span(row)], context, apart=True)


def facts(row: Row) -> Iterator[tuple[str, str, Fact]]:
    """Return what a span tells the others of its trace."""
    yield from facts_of([_span(row)])


def _span(row: Row) -> Span:
    attributes = {str(name): value for name, value in mapping_of(row.get("tags")).items()}
    start, lasted = whole(row.get("timestamp")), whole(row.get("duration"))
    kind = kind_of(row.get("kind"))
    peer = mapping_of(row.get("remoteEndpoint"))
    if kind == "server" and (address := peer.get("ipv4") or peer.get("ipv6")):
        attributes.setdefault("network.peer.address", address)
    failed = failed_of(attributes.get("otel.status_code"))
    return Span(
        attributes,
        id_of(row.get("traceId")),
        id_of(row.get("id")),
        row.get("timestamp"),
        start + lasted if start is not None and lasted is not None and lasted >= 0 else None,
        True if failed is None and attributes.get("error") else failed,
        id_of(row.get("parentId")),
        str(row.get("name") or ""),
        kind,
    )


FORMATS.add(
    "zipkin_spans",
    Format(
        name="zipkin_spans",
        title="Zipkin spans, version 2 (also written by the Collector's exporter)",
        source="openzipkin/zipkin-api: zipkin2-api.yaml; OpenTelemetry to Zipkin transformation",
        suffixes=(".json", ".jsonl", ".ndjson"),
        detect=detect,
        read=read,
        facts=facts,
        family="traces",
        blind_spots="As of otel_genai. Events keep their name only, so words that were events are lost.",
    ),
)
