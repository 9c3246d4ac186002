"""Results of Anthropic's Message Batches."""

from __future__ import annotations

import json
from collections.abc import Iterator

from stillwatch.ingest.envelope import ACCOUNTS, TIMES
from stillwatch.ingest.gateway import account_of, with_words
from stillwatch.ingest.quarantine import Missing
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, dig, first, first_text, mapping_of, text
from stillwatch.registry import FORMATS, Format

KINDS = frozenset(("succeeded", "errored", "canceled", "expired"))
STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "overloaded_error": 529,
}
MISSING = (
    "a result of a Message Batch holds neither a time nor an account: add both to each line (time, "
    "account_id), or give them with a mapping file ([defaults])"
)


def detect(sample: Sample) -> float:
    """A result with one of the four kinds."""
    if not sample.rows or not sample.has("custom_id", "result"):
        return 0.0
    return 0.97 if all(dig(row, "result.type") in KINDS for row in sample.rows) else 0.0


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one result as a request; what was canceled or expired reached no model and is stepped over."""
    result = mapping_of(row.get("result"))
    kind = result.get("type")
    if kind in ("canceled", "expired"):
        yield SteppedOver("canceled and expired requests")
        return
    message = mapping_of(result.get("message"))
    account = account_of(row, context, *ACCOUNTS)
    time = first(row, *TIMES)
    if account is None or time is None:
        raise Missing("time" if time is None else "account_id", MISSING)
    fault = mapping_of(result.get("error"))
    name = text(dig(fault, "error.type")) or text(fault.get("type"))
    asked = mapping_of(first(row, "params", "request"))
    request = Request(
        request_id=text(message.get("id")) or first_text(row, "request_id", "custom_id"),
        account_id=account,
        time=context.moment(time),
        model=text(message.get("model")) or text(asked.get("model")),
        status=200 if kind == "succeeded" else STATUSES.get(name or "", 500),
    )
    yield with_words(request, {"anthropic_version": "", **asked}, message or None)


SAMPLE = {
    "custom_id": "c1",
    "account_id": "ada",
    "time": "2026-02-01T12:00:00Z",
    "result": {
        "type": "succeeded",
        "message": {
            "id": "msg1",
            "type": "message",
            "role": "assistant",
            "model": "heron",
            "content": [{"type": "text", "text": "coral"}],
            "usage": {"input_tokens": 9, "output_tokens": 4},
        },
    },
}
FORMATS.add(
    "anthropic_batch_results",
    Format(
        name="anthropic_batch_results",
        title="Anthropic Message Batches: results, with account_id and time added to each line",
        source="Anthropic API reference: Message Batches, retrieve results",
        suffixes=(".jsonl", ".json"),
        detect=detect,
        read=read,
        blind_spots="The file itself holds neither an account nor a time, and the prompts are in the "
        "requests (anthropic_messages_jsonl), not in the results: add them as params",
        sample=json.dumps(SAMPLE) + "\n",
        gives=(
            {
                "request_id": "msg1",
                "account_id": "ada",
                "model": "heron",
                "status": 200,
                "input_tokens": 9,
                "output_tokens": 4,
                "answer": "coral",
            },
        ),
    ),
)
