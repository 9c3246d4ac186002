"""What LiteLLM's logs have in common, however they were exported."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow.compute

from stillwatch.ingest.broken_off import CUT, before_cut
from stillwatch.ingest.endpoints import other_call
from stillwatch.ingest.notes import note
from stillwatch.ingest.parameters import stainless_of
from stillwatch.ingest.secrets import clean_headers
from stillwatch.ingest.values import Row, absent, inner, mapping_of, text, whole

pc: Any = pyarrow.compute
NOTHING = ("", "{}", "[]", "null")
"""Values of a JSON column that holds nothing."""
CUT_BY_LITELLM = "cut in the middle by LiteLLM: the words at both ends are kept"
CUT_MARK = "(litellm_truncated"
"""What LiteLLM writes where it took the middle of a text out, before it stores a request (constants.py,
LITELLM_TRUNCATED_PAYLOAD_FIELD).
"""
AGENT_TAG = "User-Agent: "
"""How the tag begins that LiteLLM's proxy makes of the header; the client's own tags stand before it."""


def other_row(row: Row) -> str | None:
    """Return what a row is if it does not ask a model for text; None if it does, or if that is not known."""
    for name in ("api_key", "user"):
        if str(row.get(name) or "").lower().startswith(("litellm-internal", "litellm_internal")):
            return "health checks"
    call = row.get("call_type")
    if isinstance(call, str) and "pass_through" in call:
        # It may have asked a model all the same: then it has tokens or words.
        words = any(row.get(name) not in (None, {}, [], *NOTHING) for name in ("messages", "response"))
        return None if words or whole(row.get("completion_tokens")) else "calls that were passed through"
    return other_call(call)


def stored_messages(value: Any, body: Row) -> Any:
    """Return messages as the client sent them, from their own column, else from the stored body.

    The column holds JSON; what is none is kept as text.
    """
    given = None if value is None or value in NOTHING else inner(value)
    return given or body.get("messages") or body.get("input")


def note_cut(texts: Iterable[str]) -> None:
    """Note a request of which LiteLLM cut a text."""
    if any(CUT_MARK in words for words in texts):
        note("messages", CUT_BY_LITELLM)


def note_cut_rows(messages: Any) -> None:
    """Note each request of a column of messages of which LiteLLM cut a text."""
    cut = pc.fill_null(pc.match_substring(pc.struct_field(messages.flatten(), "text"), CUT_MARK), False)
    if cut.true_count:
        rows = pc.list_parent_indices(messages).filter(cut)
        note("messages", CUT_BY_LITELLM, len(rows.unique()))


def client_of(meta: Row, sent: Row) -> tuple[str | None, str | None]:
    """Return user agent and SDK headers from the places where LiteLLM's versions put them."""
    headers: Row = {}
    inside = (mapping_of(sent.get(name)).get("headers") for name in ("litellm_metadata", "metadata"))
    for found in (meta.get("requester_custom_headers"), meta.get("headers"), *inside, sent.get("headers")):
        if found:
            headers.update(clean_headers(found))
    return text(meta.get("user_agent")) or text(headers.get("user-agent")), stainless_of(
        headers
    ) if headers else None


def tagged_agent(tags: Any) -> str | None:
    """Return the user agent that the proxy put among a request's tags; None if there is none.

    It appends two, `User-Agent: SDK` and `User-Agent: SDK/1.2`, after those that the client asked for, so the
    last one is the whole header (LiteLLM, litellm_logging.py, _get_user_agent_tags).
    """
    found = inner(tags)
    named = (
        [tag for tag in found if isinstance(tag, str) and tag.startswith(AGENT_TAG)]
        if (isinstance(found, list))
        else []
    )
    return text(named[-1].removeprefix(AGENT_TAG)) if named else None


def status_of(status: Any, meta: Row) -> int | None:
    """Return 200 for success; for a failure the error's code, or 500 if it has none."""
    if absent(status):
        return None
    if status == "success":
        return 200
    fault = mapping_of(meta.get("error_information"))
    code = str(fault.get("error_code", ""))
    return int(code) if code.isdigit() and len(code) == 3 else 500


def sent_of(value: Any) -> Row:
    """Return the stored request; of a text that breaks off, what stands before the cut."""
    found = mapping_of(value)
    if not found and isinstance(value, str) and value not in NOTHING:
        kept = before_cut(value)
        if isinstance(kept, dict) and kept:
            note("proxy_server_request", CUT)
            return kept
    return found


def body_of(sent: Row) -> Row:
    """Return the request's body; some versions wrap it with url and headers."""
    return mapping_of(sent.get("body")) or sent
