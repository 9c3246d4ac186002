"""Logs of Cloudflare's AI Gateway: Logpush, and the list of its API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from stillwatch.ingest.endpoints import other_call, other_path
from stillwatch.ingest.gateway import account_of, folded, tagged, with_settings, with_words
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, first, first_text, inner, mapping_of, micro_dollars, whole
from stillwatch.registry import FORMATS, Format

ACCOUNTS = tagged("metadata")
PUSHED = frozenset(("Gateway", "Endpoint", "Provider", "Model", "StatusCode", "Cached", "RateLimited"))
LISTED = frozenset(("provider", "model", "status_code", "tokens_in", "tokens_out", "cached", "created_at"))


def detect(sample: Sample) -> float:
    """The names of the Logpush data set ai_gateway_events, or those of the API."""
    if "Gateway" in sample.columns and sample.share(PUSHED) >= 0.7:
        return 0.97
    return 0.95 if sample.columns >= LISTED else 0.0


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one event as a request; embeddings and other endpoints are stepped over."""
    flat = folded(row)
    path = first_text(flat, "endpoint", "path")
    other = other_path(f"/{path.lstrip('/')}" if path else None) or other_call(flat.get("request_type"))
    if other is not None:
        yield SteppedOver(other)
        return
    metrics = folded(mapping_of(flat.get("metrics")))
    request = Request(
        request_id=first_text(flat, "id", "logid", "log_id", "requestid", "request_id", "rayid"),
        account_id=account_of(row, context)
        if context.account_field
        else account_of(flat, context, *ACCOUNTS),
        time=context.moment(first(flat, "created", "created_at", "timestamp", "datetime"), "Created"),
        model=first_text(flat, "requestedmodel", "requested_model", "model"),
        status=_status(flat),
        input_tokens=whole(first({**metrics, **flat}, "tokensin", "tokens_in", "inputtokens")),
        output_tokens=whole(first({**metrics, **flat}, "tokensout", "tokens_out", "outputtokens")),
        spend=micro_dollars(first({**metrics, **flat}, "cost")),
        duration_ms=whole(first({**metrics, **flat}, "duration", "durationms", "duration_ms")),
    )
    body = with_settings(_open(first(flat, "requestbody", "request_body", "request", "request_head")))
    answer = _open(first(flat, "responsebody", "response_body", "response", "response_head"))
    yield with_words(request, body, answer or None, path=path)


def _open(body: Any) -> Any:
    """Return a body; nothing of one that Logpush has encrypted."""
    found = inner(body)
    if isinstance(found, dict) and found.get("type") == "encrypted":
        return {}
    return found if isinstance(found, dict | list) else {"text": found} if isinstance(found, str) else {}


def _status(flat: Row) -> int | None:
    found = whole(first(flat, "statuscode", "status_code"))
    return 429 if found is None and flat.get("ratelimited") is True else found


SAMPLE = {
    "Cached": False,
    "Created": "2026-02-01T12:00:00Z",
    "Endpoint": "chat/completions",
    "Gateway": "main",
    "Metadata": {"user": "ada"},
    "Model": "heron",
    "Provider": "openai",
    "RateLimited": False,
    "RequestBody": '{"model": "heron", "messages": [{"role": "user", "content": "what is a reef"}]}',
    "ResponseBody": '{"choices": [{"message": {"role": "assistant", "content": "coral"}}]}',
    "StatusCode": 200,
    "TokensIn": 9,
    "TokensOut": 4,
}
FORMATS.add(
    "cloudflare_ai_gateway",
    Format(
        name="cloudflare_ai_gateway",
        title="Cloudflare AI Gateway: Logpush (ai_gateway_events) or the logs of its API",
        source="Cloudflare, Logpush data set AI Gateway Events; API: List Gateway Logs",
        suffixes=(".jsonl", ".json", ".log"),
        detect=detect,
        read=read,
        blind_spots="No client address and no user agent. Logpush encrypts bodies unless they are decrypted "
        "first, and writes no id. The account is what the application sends as cf-aig-metadata (user, "
        "account, customer, tenant, team)",
        sample=json.dumps(SAMPLE) + "\n",
        gives=(
            {
                "account_id": "ada",
                "model": "heron",
                "status": 200,
                "input_tokens": 9,
                "output_tokens": 4,
                "messages": [{"role": "user", "text": "what is a reef"}],
                "answer": "coral",
            },
        ),
    ),
)
