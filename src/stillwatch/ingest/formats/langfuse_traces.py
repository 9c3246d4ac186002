"""Langfuse traces: the older blob export, the API's answers, the page's download with all observations."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.ingest.elsewhere import Wanting
from stillwatch.ingest.formats import langfuse_observations
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, first, first_text, inner, mapping_of
from stillwatch.registry import FORMATS, Format

MARKS = frozenset(
    {"session_id", "sessionId", "user_id", "userId", "tags", "bookmarked", "public", "environment", "release"}
)
"""Fields of a trace; it has several of them."""


def detect(sample: Sample) -> float:
    """A trace has an id, a time and a name, and is neither an observation nor a score."""
    downloads = ("id" in mapping_of(row.get("trace")) and bool(_observations(row)) for row in sample.rows)
    if sample.rows and all(downloads):
        return 0.95
    if not sample.has("id", "timestamp") or sample.columns & {
        "type",
        "run_type",
        "value",
        "trace_id",
        "traceId",
    }:
        return 0.0
    if any(_observations(row) for row in sample.rows):
        return 0.95
    return 0.8 if len(sample.columns & MARKS) >= 3 and sample.has("name") else 0.0


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read the observations inside a trace; a trace alone is stepped over, and tells its observations."""
    yield SteppedOver("traces")
    row = _opened(row)
    for observation in _observations(row):
        asked = {"trace_id": row.get("id"), **_told(row), **observation}
        for found in langfuse_observations.read(asked, context):
            # The trace is here: no other file can name the user.
            yield langfuse_observations.request_of(asked, context) if isinstance(found, Wanting) else found


def _opened(row: Row) -> Row:
    """Return a trace; the page's download has it beside its observations."""
    return {**mapping_of(row.get("trace")), **row}


def _observations(row: Row) -> list[Row]:
    listed = inner(row.get("observations"))
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _told(row: Row) -> Row:
    user, session = first(row, "user_id", "userId"), first(row, "session_id", "sessionId")
    return {name: value for name, value in (("user_id", user), ("session_id", session)) if value is not None}


def facts(row: Row) -> Iterator[tuple[str, str, Row]]:
    """Return the user and the session of a trace, for its observations."""
    row = _opened(row)
    trace, told = first_text(row, "id"), _told(row)
    if trace and told:
        yield trace, "trace", told


FORMATS.add(
    "langfuse_traces",
    Format(
        name="langfuse_traces",
        title="Langfuse traces: beside observations, or with their observations inside",
        source="Langfuse documentation: blob storage export, GET /api/public/traces",
        suffixes=(".json", ".jsonl", ".ndjson", ".csv", ".parquet"),
        detect=detect,
        read=read,
        facts=facts,
        family="langfuse",
        blind_spots="A trace is no call of a model. Without its observations, inside it or in files beside, "
        "nothing is read.",
    ),
)
