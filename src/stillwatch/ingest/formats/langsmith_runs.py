"""Runs of LangSmith: the bulk export, the answer of its API, its page's download."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stillwatch.ingest.conversation import answer_of, messages_of
from stillwatch.ingest.gateway import account_of
from stillwatch.ingest.generations import generated
from stillwatch.ingest.otel_kinds import WORDS
from stillwatch.ingest.parameters import output_format_of, parameters_of, tools_of
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.thoughts import with_thoughts
from stillwatch.ingest.usage import add_counts
from stillwatch.ingest.values import (
    Row,
    first,
    first_text,
    inner,
    mapping_of,
    micro_dollars,
    text,
)
from stillwatch.registry import FORMATS, Format

ACCOUNTS = tuple(
    f"{head}.{name}"
    for head in ("m", "c")
    for name in ("user_id", "userId", "account_id", "user", "ls_user_id")
)
COUNTS = ("prompt_tokens", "completion_tokens", "prompt_token_details", "completion_token_details")
CONVERSATIONS = tuple(f"m.{name}" for name in ("session_id", "thread_id", "conversation_id"))


def detect(sample: Sample) -> float:
    """A run has a type, inputs, and a trace or a session."""
    if not sample.has("run_type", "inputs") or not sample.columns & {
        "trace_id",
        "session_id",
        "dotted_order",
    }:
        return 0.0
    return 0.95


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one run of type llm as a request; other runs are stepped over."""
    kind = str(row.get("run_type") or "").lower()
    if kind != "llm":
        yield SteppedOver(WORDS.get(kind, "other runs"))
        return
    extra, given, got = (mapping_of(inner(row.get(name))) for name in ("extra", "inputs", "outputs"))
    meta = mapping_of(inner(extra.get("metadata")))
    asked = {**_constructor(meta), **mapping_of(inner(extra.get("invocation_params"))), **_asked(given)}
    usage = mapping_of(first({"g": got, "m": meta}, "g.usage_metadata", "m.usage_metadata", "g.usage"))
    said, answered = _given(given), generated(got) or None
    places = {"m": meta, "c": mapping_of(extra.get("configurable")), **row}
    request = Request(
        request_id=text(row.get("id")),
        account_id=account_of(row if context.account_field else places, context, *ACCOUNTS),
        time=context.moment(row.get("start_time"), "start_time"),
        model=first_text(
            {"a": asked, "m": meta, "g": got}, "a.model", "a.model_name", "m.ls_model_name", "g.model"
        ),
        status=500 if row.get("error") or row.get("status") == "error" else 200 if got else None,
        spend=micro_dollars(row.get("total_cost")),
        duration_ms=context.span_ms(row.get("start_time"), row.get("end_time")),
        address=None,
        end_user=first_text({"m": meta}, "m.end_user", "m.end_user_id"),
        conversation=first_text(places, *CONVERSATIONS),
        messages=messages_of(said),
        answer=answer_of(answered),
        parameters=parameters_of(asked),
        tools=tools_of(asked),
        output_format=output_format_of(asked),
    )
    # The row's own counts are the sums that LangSmith shows; those of the call itself win.
    add_counts(request, {name: row[name] for name in COUNTS if row.get(name) is not None})
    yield with_thoughts(add_counts(request, usage), answered, said)


def _constructor(meta: Row) -> Row:
    """Return the parameters that LangChain notes as ls_temperature and the like."""
    return {
        name.removeprefix("ls_"): value
        for name, value in meta.items()
        if name in ("ls_temperature", "ls_max_tokens", "ls_stop")
    }


def _asked(given: Row) -> Row:
    return {name: value for name, value in given.items() if name not in ("messages", "prompts", "input")}


def _given(given: Row) -> Any:
    found = inner(first(given, "messages", "prompts", "prompt", "input", "contents"))
    # LangChain runs a batch of conversations; one run holds one of them.
    return found[0] if isinstance(found, list) and len(found) == 1 and isinstance(found[0], list) else found


FORMATS.add(
    "langsmith_runs",
    Format(
        name="langsmith_runs",
        title="LangSmith runs (bulk export, API, JSONL, Parquet)",
        source="LangSmith documentation: run data format, bulk export",
        suffixes=(".json", ".jsonl", ".ndjson", ".csv", ".parquet"),
        detect=detect,
        read=read,
        blind_spots="The account only where the application put user_id into the metadata. No addresses, no "
        "user agents; error codes are not kept: an error counts as 500.",
    ),
)
