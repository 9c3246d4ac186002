"""Access logs of the Envoy AI Gateway: Envoy's JSON with the model and the tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator

from stillwatch.ingest.addresses import joined
from stillwatch.ingest.endpoints import other_path
from stillwatch.ingest.gateway import USERS, account_of, tagged
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, first, first_text, whole
from stillwatch.registry import FORMATS, Format

IN = ("gen_ai.usage.input_tokens", "genai_tokens_input", "llm_input_token", "input_tokens", "input_token")
OUT = (
    "gen_ai.usage.output_tokens",
    "genai_tokens_output",
    "llm_output_token",
    "output_tokens",
    "output_token",
)
CACHED = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cached_input_tokens",
    "llm_cached_input_token",
    "cached_input_tokens",
)
MODELS = ("gen_ai.request.model", "genai_model_name", "x-ai-eg-model", "gen_ai.response.model", "model")
ACCOUNTS = (
    "user.id",
    "enduser.id",
    "x-user-id",
    "x-tenant-id",
    "x-account-id",
    "caller",
    "consumer",
    *USERS,
    *tagged("jwt_claims", "metadata"),
)
PATHS = ("x-envoy-origin-path", "x-envoy-original-path", "path", "request.path", "url.path")


def detect(sample: Sample) -> float:
    """Envoy's own names, and a model or its tokens among them."""
    envoy = sample.columns & {"response_code", "response_flags", "upstream_cluster", "upstream_host"}
    if "start_time" not in sample.columns or len(envoy) < 1:
        return 0.0
    return 0.9 if sample.columns & {*IN, *OUT, *MODELS[:3]} else 0.0


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one access as a request; accesses that asked no model are stepped over."""
    path = first_text(row, *PATHS)
    model = first_text(row, *MODELS)
    other = other_path(path) or (None if model else "calls of other services")
    if other is not None:
        yield SteppedOver(other)
        return
    yield Request(
        request_id=first_text(row, "x-request-id", "request_id", "request.id"),
        account_id=account_of(row, context, *ACCOUNTS),
        time=context.moment(row.get("start_time"), "start_time"),
        model=model,
        status=whole(first(row, "response_code", "status")),
        input_tokens=whole(first(row, *IN)),
        output_tokens=whole(first(row, *OUT)),
        cached_tokens=whole(first(row, *CACHED)),
        duration_ms=whole(first(row, "duration", "duration_ms")),
        address=joined(
            None,
            first_text(row, "x-forwarded-for", "x_forwarded_for"),
            first_text(row, "downstream_remote_address"),
        ),
        user_agent=first_text(row, "user-agent", "user_agent"),
        ja4=first_text(row, "ja4"),
        conversation=first_text(row, "session.id", "session_id"),
    )


SAMPLE = {
    "start_time": "2026-02-01T12:00:00.000Z",
    "method": "POST",
    "x-envoy-origin-path": "/v1/chat/completions",
    "response_code": 200,
    "duration": 800,
    "user-agent": "OpenAI/Python 2.0",
    "x-request-id": "e1",
    "x-forwarded-for": "203.0.113.4",
    "upstream_cluster": "c",
    "downstream_remote_address": "10.0.0.7:4444",
    "gen_ai.request.model": "heron",
    "gen_ai.usage.input_tokens": "9",
    "gen_ai.usage.output_tokens": "4",
    "session.id": "s1",
    "x-user-id": "ada",
}
FORMATS.add(
    "envoy_ai_gateway",
    Format(
        name="envoy_ai_gateway",
        title="Envoy AI Gateway access logs (JSON), and those of other gateways built on Envoy",
        source="Envoy AI Gateway documentation: Access Logs with AI/LLM metadata",
        suffixes=(".jsonl", ".log", ".json"),
        detect=detect,
        read=read,
        blind_spots="No words. Operators name the fields themselves: the account must be one of them "
        "(x-user-id, user.id, a claim), or be named with ingest.account_field",
        sample=json.dumps(SAMPLE) + "\n",
        gives=(
            {
                "request_id": "e1",
                "account_id": "ada",
                "model": "heron",
                "status": 200,
                "input_tokens": 9,
                "output_tokens": 4,
                "duration_ms": 800,
                "address": "203.0.113.4",
                "conversation": "s1",
            },
        ),
    ),
)
