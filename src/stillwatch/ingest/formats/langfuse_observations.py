"""Langfuse observations: the blob export observations_v2, the older observations, and the API's list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stillwatch.ingest.conversation import Messages, answer_of, messages_of
from stillwatch.ingest.elsewhere import Wanting
from stillwatch.ingest.gateway import account_of
from stillwatch.ingest.otel_kinds import WORDS
from stillwatch.ingest.parameters import output_format_of, parameters_of, stainless_of, tools_of
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.secrets import clean_headers
from stillwatch.ingest.streams import put_together
from stillwatch.ingest.thoughts import with_thoughts
from stillwatch.ingest.usage import add_counts
from stillwatch.ingest.values import (
    Row,
    first,
    first_text,
    inner,
    mapping_of,
    micro_dollars,
    path_of,
    text,
)
from stillwatch.registry import FORMATS, Format

ASKS = "GENERATION"
"""The kind of observation that calls a model; spans, events and tools are stepped over."""
KINDS = frozenset({ASKS, "SPAN", "EVENT", *(word.upper() for word in WORDS)})
COUNTS = (
    "prompt_tokens",
    "promptTokens",
    "completion_tokens",
    "completionTokens",
    "total_tokens",
    "totalTokens",
)
"""Columns of older exports and of the user interface."""
COSTS = (
    "total_cost",
    "totalCost",
    "calculated_total_cost",
    "calculatedTotalCost",
    "cost_details.total",
    "costDetails.total",
)
"""Names of what a call cost, in US dollars."""
ACCOUNTS = ("user_id", "userId", "metadata.account_id", "metadata.user_id", "metadata.userId")


def detect(sample: Sample) -> float:
    """Observations have a type, a trace and a start, under one of two spellings."""
    if not (sample.has("start_time") or sample.has("startTime")) or not (
        sample.has("trace_id") or sample.has("traceId")
    ):
        return 0.0
    if not sample.has("type"):  # the page's export of generations alone had no such column
        return 0.8 if sample.has("traceId", "startTime", "model", "promptTokens") else 0.0
    return 0.95 if all(str(row.get("type")).upper() in KINDS for row in sample.rows) else 0.0


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver | Wanting]:
    """Read one generation as a request; other observations are stepped over.

    Older exports name user and session on the trace alone, which stands in another file.
    """
    untyped = ASKS if first(row, "startTime", "start_time") is not None else "rows of another kind"
    kind = str(first(row, "type") or untyped).upper()
    if kind != ASKS:
        yield SteppedOver(WORDS.get(kind.lower(), "spans" if "type" in row else untyped))
        return
    if _account(row, context) is None and (trace := first_text(row, "trace_id", "traceId")):
        if not context.elsewhere.looked:
            yield Wanting((trace,))
            return
        known = context.elsewhere.known.get(trace, {}).get("trace", {})
        row = {**{name: value for name, value in known.items() if first(row, name) is None}, **row}
    yield request_of(row, context)


def _account(row: Row, context: Context) -> str | None:
    return account_of(row, context, *ACCOUNTS)


def request_of(row: Row, context: Context) -> Request:
    """Return a generation as a request."""
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
        account_id=_account(row, context),
        time=context.moment(start, "start_time"),
        model=first_text(row, "provided_model_name", "providedModelName", "model", "internal_model_id"),
        status=_status(row),
        spend=micro_dollars(first(row, *COSTS)),
        duration_ms=context.span_ms(start, end),
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
    return with_thoughts(request, put_together(inner(row.get("output"))), given)


def facts(row: Row) -> Iterator[tuple[str, str, Row]]:
    """Return nothing: an observation tells others nothing, but asks the traces."""
    yield from ()


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
        facts=facts,
        family="langfuse",
        blind_spots="The older export names user and session on traces alone: keep the folder traces/ beside "
        "observations/. Addresses and user agents only where the application put them into metadata. Error "
        "codes are not kept: an ERROR counts as 500.",
    ),
)
