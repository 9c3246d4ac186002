"""Portkey's log exports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from stillwatch.ingest.endpoints import other_path
from stillwatch.ingest.gateway import account_of, tagged, with_settings, with_words
from stillwatch.ingest.parameters import stainless_of
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.secrets import clean_headers
from stillwatch.ingest.values import Row, dig, first, first_text, inner, micro_dollars, text, whole
from stillwatch.registry import FORMATS, Format

MARKS = frozenset(("ai_org", "ai_model", "req_units", "res_units", "response_status_code", "is_success"))
ACCOUNTS = (*tagged("metadata"), "api_key_name", "api_key_id", "virtual_key", "user", "workspace_slug")


def detect(sample: Sample) -> float:
    """The names of the export."""
    there = len(MARKS & sample.columns)
    return 0.95 if there >= 2 and sample.columns & {"created_at", "time_of_generation"} else 0.0


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one log as a request; other endpoints are stepped over."""
    headers = clean_headers(inner(first(row, "request.headers", "request_headers")))
    path = first_text(row, "request_url", "request.url")
    other = other_path(path)
    if other is not None:
        yield SteppedOver(other)
        return
    request = Request(
        request_id=first_text(row, "id", "request_id", "log_id", "trace_id"),
        account_id=account_of(row, context, *ACCOUNTS),
        time=context.moment(first(row, "created_at", "time_of_generation"), "created_at"),
        model=first_text(row, "ai_model"),
        status=_status(row),
        input_tokens=whole(first(row, "req_units", "prompt_tokens", "prompt_token")),
        output_tokens=whole(first(row, "res_units", "completion_tokens", "completion_token")),
        spend=_spend(row),
        duration_ms=whole(first(row, "response_time", "latency")),
        user_agent=text(headers.get("user-agent")),
        stainless=stainless_of(headers),
        conversation=first_text(
            row, "metadata.session_id", "metadata._session_id", "metadata.conversation_id"
        ),
    )
    body = _body(row, "request")
    yield with_words(
        request,
        with_settings(body if isinstance(body, dict) else {}),
        _body(row, "response"),
        path=path,
        headers=headers,
    )


def _body(row: Row, side: str) -> Any:
    """Return a body: a column of its own, inside the side's object, or the object itself."""
    found = inner(first(row, f"{side}.body", f"{side}_body"))
    if found is None:
        found = inner(row.get(side))
    return inner(dig(found, "body")) if isinstance(found, dict) and "body" in found else found


def _spend(row: Row) -> int | None:
    """The cost is in cents, of dollars unless another currency is named."""
    currency = first_text(row, "cost_currency") or "USD"
    return micro_dollars(row.get("cost"), 0.01) if currency.upper() == "USD" else None


def _status(row: Row) -> int | None:
    found = whole(first(row, "response_status_code", "status_code", "response.status"))
    if found is not None:
        return found
    done = str(row.get("is_success", "")).lower()
    return 200 if done in ("1", "true") else 500 if done in ("0", "false") else None


SAMPLE = {
    "id": "p1",
    "trace_id": "t1",
    "created_at": "2026-02-01T12:00:00.000Z",
    "request": {
        "body": {"model": "heron", "messages": [{"role": "user", "content": "what is a reef"}]},
        "headers": {"user-agent": "OpenAI/Python 2.0"},
    },
    "response": {"body": {"choices": [{"message": {"role": "assistant", "content": "coral"}}]}},
    "is_success": 1,
    "ai_org": "openai",
    "ai_model": "heron",
    "req_units": 9,
    "res_units": 4,
    "cost": 0.25,
    "cost_currency": "USD",
    "request_url": "https://api.example.com/v1/chat/completions",
    "response_status_code": 200,
    "response_time": 800,
    "metadata": {"_user": "ada"},
}
FORMATS.add(
    "portkey_logs",
    Format(
        name="portkey_logs",
        title="Portkey (Prisma AIRS AI Gateway) log exports, one JSON object a line",
        source="Portkey documentation: Observability, Logs Export",
        suffixes=(".jsonl", ".json", ".csv"),
        detect=detect,
        read=read,
        blind_spots="No client address. Only the fields that were asked for when the export was made. The "
        "account is metadata._user or another tag that the application sends, else the key's name",
        sample=json.dumps(SAMPLE) + "\n",
        gives=(
            {
                "request_id": "p1",
                "account_id": "ada",
                "model": "heron",
                "status": 200,
                "input_tokens": 9,
                "output_tokens": 4,
                "spend": 2_500,
                "duration_ms": 800,
                "user_agent": "OpenAI/Python 2.0",
                "messages": [{"role": "user", "text": "what is a reef"}],
                "answer": "coral",
            },
        ),
    ),
)
