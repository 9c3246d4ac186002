"""Which calls of an API ask a model for text. The others are stepped over, and counted."""

from __future__ import annotations

import re
from typing import Any

from stillwatch.asking_paths import asks, bare_path
from stillwatch.ingest.values import Row, mapping_of

PLACES = (
    (r"(?:batch)?embed(?:ding|dings|content|contents|text)?", "embeddings"),
    (r"count[_-]?tokens|(?:de)?tokenize", "token counts"),
    (r"images?|imagen|ocr", "images"),
    (r"audio|speech|transcriptions?|translations?", "audio"),
    (r"moderations?", "moderations"),
    (r"rerank|score", "reranking"),
    (r"videos?", "videos"),
    (r"realtime", "realtime sessions"),
    (r"health\w*|ping|ready\w*|live(?:z|ness|liness)?|metrics|version|heartbeat", "health checks"),
    (
        r"batch(?:es)?|files|fine[_-]?tun\w*|vector[_-]?stores?|uploads|assistants|threads|containers",
        "stored objects",
    ),
    (r"mcp|search", "tools and searches"),
)
"""Whole parts of the paths of other calls, with what these are called when they are counted."""
OTHER_PARTS = tuple((re.compile(rf"[/:](?:{parts})(?=[/:]|$)"), kind) for parts, kind in PLACES)
MODELS = re.compile(r"/(?:v\d\w*/)?(?:models(?:/[^/:]+)?|api/tags)$")
"""The ends of paths that list models."""
OTHERS = (
    (re.compile(r"embed"), "embeddings"),
    (re.compile(r"count_?tokens"), "token counts"),
    (re.compile(r"image|ocr$"), "images"),
    (re.compile(r"audio|speech|transcri|translat"), "audio"),
    (re.compile(r"moderation"), "moderations"),
    (re.compile(r"rerank"), "reranking"),
    (re.compile(r"video"), "videos"),
    (re.compile(r"realtime"), "realtime sessions"),
    (re.compile(r"health|ping$"), "health checks"),
    (re.compile(r"list_?models"), "lists of models"),
    (re.compile(r"batch|file|fine_?tun|vector_?store|upload|assistant|thread|container"), "stored objects"),
    (re.compile(r"mcp|search"), "tools and searches"),
)
"""Marks of other calls in names that a gateway gives to its calls."""
CALLS = re.compile(
    r"(?:completion|responses?|anthropic_messages|generate_content|generate_content_stream|chat|converse|invoke)$"
)
"""Ends of names by which gateways call those that ask a model."""
EMBEDDERS = re.compile(r"^(?!ft:)(?:[\w.-]+[/.])?(?:\w+-)?(?:text-)?embed")
"""Names of models that make embeddings; a fine-tuned model may have any name."""
TALKS = ("messages", "contents", "instructions", "prompt")
ANSWERS = ("choices", "output", "candidates", "content", "completion", "generations")


def other_path(path: Any) -> str | None:
    """Return what a path asks for, if that is no text of a model; None if it is, or if that is not known."""
    bare = bare_path(path)
    if not bare or asks(path):
        return None
    if MODELS.search(bare):
        return "lists of models"
    return next((kind for mark, kind in OTHER_PARTS if mark.search(bare)), None)


def other_call(name: Any) -> str | None:
    """Return what a call by a gateway's own name for it (LiteLLM's call_type) asks for; None as above."""
    if not isinstance(name, str) or not name or CALLS.search(name.lower()):
        return None
    return next((kind for mark, kind in OTHERS if mark.search(name.lower())), None)


def other_bodies(body: Row, answer: Any) -> str | None:
    """Return the same from the bodies of a request and its response."""
    given = mapping_of(answer)
    if any(given.get(name) for name in ANSWERS):
        return None
    data = given.get("data")
    inside = data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else {}
    if "embedding" in inside:
        return "embeddings"
    if given.get("object") == "list":
        return "lists of models" if inside.get("object") == "model" else "lists"
    if inside and ("b64_json" in inside or "revised_prompt" in inside):
        return "images"
    if "results" in given and "documents" in body:
        return "reranking"
    if isinstance(given.get("results"), list) and str(given.get("id", "")).startswith("modr-"):
        return "moderations"
    if set(given) == {"input_tokens"}:
        return "token counts"
    if any(name in body for name in TALKS):
        return None  # it asks for words, whatever else a client may have written beside them
    if EMBEDDERS.match(str(body.get("model", "")).lower()):
        return "embeddings"
    if "voice" in body and isinstance(body.get("input"), str):
        return "audio"
    return None
