"""Langfuse scores: every blob export writes them, and they are no calls."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.ingest.request import Context, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row
from stillwatch.registry import FORMATS, Format

VALUES = frozenset({"value", "string_value", "stringValue", "data_type", "dataType"})
SOURCES = frozenset({"API", "EVAL", "ANNOTATION"})


def detect(sample: Sample) -> float:
    """A score names what it scores, has a value, and says whence it is."""
    scored = sample.columns & {
        "trace_id",
        "traceId",
        "session_id",
        "sessionId",
        "observation_id",
        "observationId",
    }
    if not sample.has("id", "name", "source") or not scored or not sample.columns & VALUES:
        return 0.0
    return 0.95 if all(str(row.get("source")).upper() in SOURCES for row in sample.rows) else 0.0


def read(row: Row, context: Context) -> Iterator[SteppedOver]:
    """Step over a score."""
    yield SteppedOver("scores")


FORMATS.add(
    "langfuse_scores",
    Format(
        name="langfuse_scores",
        title="Langfuse scores, stepped over",
        source="Langfuse documentation: blob storage export",
        suffixes=(".json", ".jsonl", ".ndjson", ".csv", ".parquet"),
        detect=detect,
        read=read,
        blind_spots="It holds no calls.",
    ),
)
