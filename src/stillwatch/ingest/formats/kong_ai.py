"""Logs of Kong's AI plugins, as its logging plugins write them."""

from __future__ import annotations

import json
from collections.abc import Iterator

from stillwatch.ingest.addresses import joined
from stillwatch.ingest.endpoints import other_path
from stillwatch.ingest.gateway import account_of, with_settings, with_words
from stillwatch.ingest.parameters import stainless_of
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.secrets import clean_headers
from stillwatch.ingest.usage import add_counts
from stillwatch.ingest.values import Row, dig, first, first_text, inner, mapping_of, text, whole
from stillwatch.registry import FORMATS, Format

ACCOUNTS = (
    "consumer.id",
    "consumer.custom_id",
    "consumer.username",
    "authenticated_entity.consumer_id",
    "authenticated_entity.id",
)
PLUGINS = ("proxy", "ai-proxy", "ai-proxy-advanced")
"""Names of the plugin that calls the model; other plugins (transformers, guards) make calls of their own."""


def detect(sample: Sample) -> float:
    """What Kong logs of any request, and what its AI plugins add."""
    if not sample.has("request", "started_at") or not sample.columns & {"latencies", "client_ip"}:
        return 0.0
    return 0.97 if "ai" in sample.columns else 0.5


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one proxied call as a request; calls that no AI plugin handled are stepped over."""
    ai = mapping_of(row.get("ai"))
    uri = first(row, "request.uri", "request.url", "upstream_uri")
    proxied = next((found for name in PLUGINS if (found := mapping_of(ai.get(name)))), ai)
    if not proxied:
        yield SteppedOver(other_path(uri) or "calls of other services")
        return
    other = other_path(uri)
    if other is not None:
        yield SteppedOver(other)
        return
    headers = clean_headers(inner(dig(row, "request.headers")))
    payload = {**mapping_of(ai.get("payload")), **mapping_of(proxied.get("payload"))}
    usage, meta = mapping_of(proxied.get("usage")), mapping_of(proxied.get("meta"))
    request = Request(
        request_id=first_text(row, "request.id") or text(headers.get("x-request-id")),
        account_id=account_of(row, context, *ACCOUNTS),
        time=context.moment(row.get("started_at"), "started_at"),
        model=first_text(meta, "request_model", "response_model"),
        status=whole(first(row, "response.status", "upstream_status")),
        duration_ms=whole(dig(row, "latencies.request")),
        address=joined(row.get("client_ip"), headers.get("x-forwarded-for"), None),
        user_agent=text(headers.get("user-agent")),
        stainless=stainless_of(headers),
    )
    add_counts(request, usage)
    body = with_settings(mapping_of(payload.get("request")))
    yield with_words(request, body, inner(payload.get("response")), path=uri, headers=headers)


SAMPLE = {
    "client_ip": "203.0.113.4",
    "started_at": 1769947200000,
    "latencies": {"request": 800},
    "request": {
        "id": "k1",
        "uri": "/v1/chat/completions",
        "method": "POST",
        "headers": {"user-agent": "OpenAI/Python 2.0", "authorization": "REDACTED"},
    },
    "response": {"status": 200, "headers": {"content-type": "application/json"}},
    "consumer": {"id": "ada", "username": "shared"},
    "ai": {
        "proxy": {
            "meta": {"provider_name": "openai", "request_model": "heron", "plugin_id": "p"},
            "usage": {"prompt_tokens": 9, "completion_tokens": 4},
            "payload": {
                "request": '{"model": "heron", "messages": [{"role": "user", "content": "what is a reef"}]}',
                "response": '{"choices": [{"message": {"role": "assistant", "content": "coral"}}]}',
            },
        }
    },
}
FORMATS.add(
    "kong_ai",
    Format(
        name="kong_ai",
        title="Kong AI Gateway: log entries with the fields of the AI plugins (ai.proxy.*), one a line",
        source="Kong, AI Gateway audit log reference; Kong Gateway, log plugins",
        suffixes=(".jsonl", ".log", ".json"),
        detect=detect,
        read=read,
        blind_spots="Words only where the plugin's logging.log_payloads is on. The account is the consumer: "
        "routes without an authentication plugin have none. client_ip is the balancer's unless "
        "trusted_ips is set",
        sample=json.dumps(SAMPLE) + "\n",
        gives=(
            {
                "request_id": "k1",
                "account_id": "ada",
                "model": "heron",
                "status": 200,
                "input_tokens": 9,
                "output_tokens": 4,
                "duration_ms": 800,
                "address": "203.0.113.4",
                "user_agent": "OpenAI/Python 2.0",
                "messages": [{"role": "user", "text": "what is a reef"}],
                "answer": "coral",
            },
        ),
    ),
)
