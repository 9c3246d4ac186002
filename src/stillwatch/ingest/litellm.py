"""What LiteLLM's logs have in common, whichever way they left it."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.parameters import stainless_of
from stillwatch.ingest.secrets import clean_headers
from stillwatch.ingest.values import Row, loads, mapping_of, text, whole

NOTHING = ("", "{}", "[]", "null")
"""What stands in a JSON column that holds nothing."""


def stored_messages(value: Any, body: Row) -> Any:
    """Messages as the client sent them, from their own column, which always holds JSON, or from the stored
    body. Raises BadRow.
    """
    given = (
        None
        if value is None or value in NOTHING
        else loads(value, "messages")
        if isinstance(value, str)
        else value
    )
    return given or body.get("messages") or body.get("input")


def client_of(meta: Row, sent: Row) -> tuple[str | None, str | None]:
    """User agent and SDK headers from the places where LiteLLM's versions put them."""
    headers: Row = {}
    for found in (meta.get("requester_custom_headers"), meta.get("headers"), sent.get("headers")):
        if found:
            headers.update(clean_headers(found))
    return text(meta.get("user_agent")) or text(headers.get("user-agent")), stainless_of(
        headers
    ) if headers else None


def status_of(status: Any, meta: Row) -> int | None:
    """success is 200; a failure is the error's code, or 500 where it has none."""
    if status is None or status == "":
        return None
    if status == "success":
        return 200
    fault = mapping_of(meta.get("error_information"))
    code = str(fault.get("error_code", ""))
    return int(code) if code.isdigit() and len(code) == 3 else 500


def reasoning_of(meta: Row) -> int | None:
    """Reasoning tokens from the usage object in the metadata."""
    usage = mapping_of(meta.get("usage_object"))
    return (
        whole(mapping_of(usage.get("completion_tokens_details")).get("reasoning_tokens")) if usage else None
    )


def body_of(sent: Row) -> Row:
    """The request's body; some versions wrap it with url and headers."""
    return mapping_of(sent.get("body")) or sent
