"""What differs from row to row in LiteLLM's logs."""

from __future__ import annotations

from stillwatch.ingest.frames import outline
from stillwatch.ingest.frames.outline import Inside, Kind

_META = Inside(
    {
        "usage_object": Kind.USAGE,
        "requester_ip_address": Kind.ADDRESS,
        "user_agent": Kind.TEXT,
        "headers": outline.HEADERS,
        "requester_custom_headers": outline.HEADERS,
        "user_api_key_user_id": Kind.TEXT,
        "user_api_key_hash": Kind.TEXT,
        "user_api_key_alias": Kind.TEXT,
        "user_api_key_end_user_id": Kind.TEXT,
    },
    by_name=True,
    as_text=True,
)
_BODY = Inside({**outline.BODY, "headers": outline.HEADERS})
_SENT = Inside({**_BODY.names, "body": _BODY}, as_text=True)
_ANSWER = Inside(outline.ANSWER.names, as_text=True)
_ROW: dict[str, Kind | Inside] = {
    "request_id": Kind.ID,
    "litellm_call_id": Kind.ID,
    "id": Kind.ID,
    "api_key": Kind.TEXT,
    "user": Kind.TEXT,
    "team_id": Kind.TEXT,
    "end_user": Kind.TEXT,
    "session_id": Kind.ID,
    "user_agent": Kind.TEXT,
    "startTime": Kind.TIME,
    "endTime": Kind.TIME,
    "spend": Kind.DOLLARS,
    "response_cost": Kind.DOLLARS,
    "prompt_tokens": Kind.COUNT,
    "completion_tokens": Kind.COUNT,
    "request_duration_ms": Kind.COUNT,
    "requester_ip_address": Kind.ADDRESS,
    "metadata": _META,
    "messages": Kind.MESSAGES,
    "response": _ANSWER,
    "proxy_server_request": _SENT,
}
PAYLOAD = Inside(
    {
        **_ROW,
        "metadata": Inside(_META.names, by_name=True),
        "response": outline.ANSWER,
        "model_parameters": Inside(outline.BODY),
    },
    by_name=True,
)
"""A StandardLoggingPayload."""
SPEND = Inside(_ROW, by_name=True)
"""A row of SpendLogs."""
