"""The HTTP status that a response's body tells."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.values import Row, mapping_of

BY_TYPE = {
    "invalid_request_error": 400,
    "context_length_exceeded": 400,
    "content_policy_violation": 400,
    "content_filter": 400,
    "invalid_argument": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "unauthenticated": 401,
    "billing_error": 402,
    "permission_error": 403,
    "permission_denied": 403,
    "not_found_error": 404,
    "model_not_found": 404,
    "not_found": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "insufficient_quota": 429,
    "resource_exhausted": 429,
    "throttlingexception": 429,
    "tokens": 429,
    "requests": 429,
    "api_error": 500,
    "server_error": 500,
    "internal_error": 500,
    "internal": 500,
    "unavailable": 503,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""Codes and types of errors of OpenAI, Anthropic, Google and AWS."""
NAMES = ("code", "status", "status_code", "http_status", "type")
FINISHED = ("choices", "content", "candidates", "stop_reason", "stopReason", "generation", "results")
ENDS = ("completed", "incomplete")
"""What the Responses API calls a response that came to an end."""


def fault_status(fault: Any) -> int | None:
    """Return the status that an error object stands for; None if it names none."""
    given = mapping_of(fault)
    for name in NAMES:
        code = str(given.get(name, ""))
        if code.isdigit() and len(code) == 3:
            return int(code)
    return next(
        (BY_TYPE[code] for code in (str(given.get(name, "")).lower() for name in NAMES) if code in BY_TYPE),
        None,
    )


def answer_status(answer: Row) -> int | None:
    """Return the status of a response: 200 if it came to an end, that of its error, None if neither shows."""
    fault = mapping_of(answer.get("error"))
    if fault:
        return fault_status(fault) or 500
    if answer.get("status") == "failed":
        return 500
    if answer.get("status") in ENDS or any(answer.get(name) for name in FINISHED):
        return 200
    return 200 if isinstance(answer.get("output"), dict) else None
