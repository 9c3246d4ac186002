"""Which calls of an API ask a model for text. The others are stepped over, and counted."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from stillwatch.ingest.values import LONGEST_ID, Row, mapping_of

ASKS = re.compile(
    r"(?:/(?:chat/completions|completions|complete|responses|messages|converse(?:-stream)?"
    r"|invoke(?:-with-(?:response|bidirectional)-stream)?|invocations|api/chat|api/generate|generate(?:_stream)?)"
    r"|:(?:stream)?generatecontent|:(?:server)?streamrawpredict|:rawpredict|:predict)$"
)
"""Ends of the paths of calls that ask a model."""
OTHERS = (
    (re.compile(r"embed"), "embeddings"),
    (re.compile(r"count[_-]?tokens|/tokenize|/detokenize"), "token counts"),
    (re.compile(r"/images?/|image_?generation|image_?edit|imagen|/ocr$"), "images"),
    (re.compile(r"/audio/|speech|transcri|translat"), "audio"),
    (re.compile(r"moderation"), "moderations"),
    (re.compile(r"rerank|/score$"), "reranking"),
    (re.compile(r"video"), "videos"),
    (re.compile(r"realtime"), "realtime sessions"),
    (re.compile(r"health|/ping$|/ready|/livez?$|/metrics$|/version$|heartbeat"), "health checks"),
    (re.compile(r"/models(?:/[^/:]+)?$|list_models|/api/tags$"), "lists of models"),
    (
        re.compile(r"batch|/files|fine_?tun|vector_?store|/uploads|/assistants|/threads|container"),
        "stored objects",
    ),
    (re.compile(r"mcp|search"), "tools and searches"),
)
"""Marks of other calls, in paths and in names of calls, with what they are called when they are counted."""
CALLS = re.compile(
    r"(?:completion|responses?|anthropic_messages|generate_content|generate_content_stream|chat|converse|invoke)$"
)
"""Ends of names by which gateways call those that ask a model."""


def other_path(path: Any) -> str | None:
    """Return what a path asks for, if that is no text of a model; None if it is, or if that is not known."""
    if not isinstance(path, str) or not path:
        return None
    bare = unquote(path[:LONGEST_ID].partition("?")[0].partition("#")[0]).rstrip("/").lower()
    if ASKS.search(bare) and not bare.endswith("/batches/messages"):
        return None
    return next((kind for mark, kind in OTHERS if mark.search(bare)), None)


def other_call(name: Any) -> str | None:
    """Return what a call by a gateway's own name for it (LiteLLM's call_type) asks for; None as above."""
    if not isinstance(name, str) or not name or CALLS.search(name.lower()):
        return None
    return next((kind for mark, kind in OTHERS if mark.search(name.lower())), None)


def other_bodies(body: Row, answer: Any) -> str | None:
    """Return the same from the bodies of a request and its response."""
    given = mapping_of(answer)
    data = given.get("data")
    inside = data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else {}
    if "embedding" in inside or str(body.get("model", "")).lower().count("embed"):
        return "embeddings"
    if given.get("object") == "list" and "messages" not in body:
        return "lists of models" if inside.get("object") == "model" else "lists"
    if inside and ("b64_json" in inside or "revised_prompt" in inside):
        return "images"
    if "results" in given and "documents" in body:
        return "reranking"
    if isinstance(given.get("results"), list) and str(given.get("id", "")).startswith("modr-"):
        return "moderations"
    if set(given) == {"input_tokens"}:
        return "token counts"
    if "voice" in body and "messages" not in body:
        return "audio"
    return None
