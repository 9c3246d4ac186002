"""Langfuse observations: the blob export observations_v2, the older observations, and the API's list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stillwatch.ingest.conversation import Messages, answer_of, messages_of
from stillwatch.ingest.parameters import output_format_of, parameters_of, stainless_of, tools_of
from stillwatch.ingest.request import Context, Request
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.secrets import clean_headers, first_account
from stillwatch.ingest.streams import put_together
from stillwatch.ingest.thoughts import with_thoughts
from stillwatch.ingest.usage import add_counts
from stillwatch.ingest.values import (
    Row,
    dig,
    first,
    first_text,
    inner,
    mapping_of,
    path_of,
    span_ms,
    text,
)
from stillwatch.registry import FORMATS, Format

ASKS = frozenset({"GENERATION"})
"""Kinds of observation that call a model; spans, events and tools are skipped."""
COUNTS = (
    "prompt_tokens",
    "promptTokens",
    "completion_tokens",
    "completionTokens",
    "total_tokens",
    "totalTokens",
)
"""Columns of older exports and of the user interface."""
ACCOUNTS = ("user_id", "userId", "metadata.account_id", "metadata.user_id", "metadata.userId")


def detect(sample: Sample) -> float:
    """Observations have a type, a trace and a start, under one of two spellings."""
    if (
        not sample.has("type")
        or not (sample.has("start_time") or sample.has("startTime"))
        or not (sample.has("trace_id") or sample.has("traceId"))
    ):
        return 0.0
    known = {
        "GENERATION",
        "SPAN",
        "EVENT",
        "AGENT",
        "TOOL",
        "CHAIN",
        "RETRIEVER",
        "EVALUATOR",
        "EMBEDDING",
        "GUARDRAIL",
    }
    return 0.95 if all(str(row.get("type")).upper() in known for row in sample.rows) else 0.0


def read(row: Row, context: Context) -> Iterator[Request]:
    """Read one generation as a request; other observations give nothing."""
    if str(row.get("type", "")).upper() not in ASKS:
        return
    asked = {**mapping_of(first(row, "model_parameters", "modelParameters"))}
    given = inner(row.get("input"))
    if isinstance(given, dict):
        asked.update(
            {name: given[name] for name in ("tools", "functions", "response_format") if name in given}
        )
    meta = mapping_of(row.get("metadata"))
    headers = clean_headers(inner(meta.get("headers")))
    start, end = first(row, "start_time", "startTime"), first(row, "end_time", "endTime")
    usage = mapping_of(first(row, "usage_details", "usageDetails", "usage"))
    request = Request(
        request_id=text(row.get("id")),
        account_id=text(dig(row, context.account_field))
        if context.account_field
        else first_account(row, *ACCOUNTS),
        time=context.moment(start, "start_time"),
        model=first_text(row, "provided_model_name", "providedModelName", "model", "internal_model_id"),
        status=_status(row),
        duration_ms=span_ms(start, end),
        address=path_of(first(meta, "client_address", "client_ip", "ip", "requester_ip_address")),
        user_agent=first_text(meta, "user_agent", "userAgent") or text(headers.get("user-agent")),
        stainless=stainless_of(headers),
        end_user=first_text(meta, "end_user", "safety_identifier", "user_api_key_end_user_id"),
        conversation=first_text(row, "session_id", "sessionId"),
        messages=_said(given),
        answer=answer_of(row.get("output")),
        parameters=parameters_of(asked),
        tools=tools_of(asked),
        output_format=output_format_of(asked),
    )
    add_counts(request, usage or {name: row[name] for name in COUNTS if name in row})
    yield with_thoughts(request, put_together(inner(row.get("output"))), given)


def _said(given: Any) -> Messages | None:
    if isinstance(given, dict) and "messages" not in given and "role" not in given:
        given = first(given, "prompt", "input", "query", "question", "text")
    return messages_of(given)


def _status(row: Row) -> int | None:
    level = row.get("level")
    return None if level is None else 500 if level == "ERROR" else 200


FORMATS.add(
    "langfuse_observations",
    Format(
        name="langfuse_observations",
        title="Langfuse observations export (JSON, JSONL or CSV; observations_v2 and older)",
        source="Langfuse documentation: blob storage export, GET /api/public/observations",
        suffixes=(".json", ".jsonl", ".ndjson", ".csv", ".parquet"),
        detect=detect,
        read=read,
        blind_spots="Addresses and user agents only where the application put them into metadata. Error "
        "codes are not kept: an ERROR counts as 500.",
    ),
)
