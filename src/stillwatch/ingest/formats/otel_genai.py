"""OpenTelemetry spans and events as OTLP JSON, in the words of any instrumentation of models."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.ingest.otel_calls import Read, calls_of
from stillwatch.ingest.otel_kinds import AROUND, CALL, kind_of
from stillwatch.ingest.otel_trace import Fact, facts_of
from stillwatch.ingest.otlp import ENTRIES, EXPORTS, spans_of
from stillwatch.ingest.request import Context
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, mapping_of
from stillwatch.registry import FORMATS, Format

IDS = frozenset({"spanId", "span_id", "context", "traceId", "trace_id"})


def detect(sample: Sample) -> float:
    """OTLP's own envelope, an answer of Tempo, or single spans and log records with attributes."""
    if any(sample.has(name) for name in (*EXPORTS[:-1], *ENTRIES)):
        return 0.95
    if any(_is_tempo(row) for row in sample.rows):
        return 0.95
    if not sample.has("attributes") or not sample.columns & IDS:
        return 0.0
    found = (kind_of(span) for row in sample.rows for span in spans_of(row))
    return 0.85 if any(kind in (CALL, AROUND) for kind in found) else 0.3


def _is_tempo(row: Row) -> bool:
    batches = mapping_of(row.get("trace", row)).get("batches")
    inside = mapping_of(row.get("trace")).get("resourceSpans") or batches
    return isinstance(inside, list) and any(name in mapping_of(e) for e in inside[:1] for name in ENTRIES)


def read(row: Row, context: Context) -> Iterator[Read]:
    """Read every call of a model among a row's spans and events."""
    single = "attributes" in row and not any(name in row for name in (*EXPORTS, *ENTRIES))
    yield from calls_of(spans_of(row), context, apart=single)


def facts(row: Row) -> Iterator[tuple[str, str, Fact]]:
    """Return what the row's spans tell other rows of their traces."""
    yield from facts_of(spans_of(row))


FORMATS.add(
    "otel_genai",
    Format(
        name="otel_genai",
        title="OpenTelemetry spans and events with calls of models: OTLP JSON, Tempo, console exporters",
        source="open-telemetry/semantic-conventions-genai, schema 1.42, and semantic-conventions up to 1.36; "
        "Arize-ai/openinference; traceloop/openllmetry; vercel/ai; langfuse, langsmith, logfire, mlflow, "
        "litellm",
        suffixes=(".json", ".jsonl", ".ndjson"),
        detect=detect,
        read=read,
        facts=facts,
        family="traces",
        blind_spots="Words only where content capture is on. The account is seen only where spans carry "
        "user.id or the like, on the call or on another span of its trace, in the same file or in one of "
        "the 64 files nearest to it.",
    ),
)
