"""What a span tells of: a call of a model, the code around one, or something else, by its own vocabulary."""

from __future__ import annotations

import re
from typing import Any

from stillwatch.ingest import otel_names as names
from stillwatch.ingest.endpoints import CALLS, other_bodies, other_call
from stillwatch.ingest.otlp import Span
from stillwatch.ingest.values import Row, inner, mapping_of, whole

CALL = "calls"
"""A span that asks a model."""
AROUND = "spans around a call"
"""A span that tells of a call once more, from outside; where nothing inside tells of it, it is the call."""
OTHER = "other spans"
WORDS = {
    "chain": "chains",
    "workflow": "chains",
    "task": "chains",
    "parser": "chains",
    "prompt": "prompts",
    "tool": "tools",
    "execute_tool": "tools",
    "tool_call": "tools",
    "retriever": "retrievals",
    "retrieval": "retrievals",
    "embedding": "embeddings",
    "embeddings": "embeddings",
    "embed": "embeddings",
    "agent": "agents",
    "invoke_agent": "agents",
    "create_agent": "agents",
    "invoke_workflow": "agents",
    "guardrail": "guardrails",
    "evaluator": "evaluations",
    "reranker": "reranking",
    "rerank": "reranking",
    "event": "events",
    "image_generation": "images",
    "speech": "audio",
    "transcription": "audio",
    "moderation": "moderations",
}
"""Words of the vocabularies for what is no call of a model, with what they are called when counted."""
SAID = (
    "openinference.span.kind",
    "langfuse.observation.type",
    "langsmith.span.kind",
    "mlflow.spanType",
    names.OPERATION,
    "llm.request.type",
    "traceloop.span.kind",
)
"""Attributes that say what a span is; the first known word counts."""
ASKS = names.ASKS | {"llm", "generation", "chat_model"}
TOLD = (
    ("http.", "HTTP spans"),
    ("url.", "HTTP spans"),
    ("db.", "database spans"),
    ("rpc.", "RPC spans"),
    ("mcp.", "MCP spans"),
    ("messaging.", "messaging spans"),
)
"""Heads of names on spans of other software."""
SIGNS = frozenset((*names.MODEL[:-1], *names.INPUT, *names.INPUT_TOKENS))
STARTS = tuple(f"{head}.0." for head in (*names.NESTED_PROMPTS, *names.NESTED_ANSWERS))

ANSWERS = tuple(f"{head}." for head in names.NESTED_ANSWERS)
TALK = (names.INPUT[0], *names.OUTPUT, *names.SYSTEM)
ROLE = re.compile(r"(?:" + "|".join(map(re.escape, names.NESTED_PROMPTS)) + r")\.\d+\.(?:message\.)?role$")
"""What only a conversation has; the text to embed also stands in a prompt."""


def kind_of(span: Span) -> str:
    """Return CALL, AROUND, or what the span is instead, in the plural."""
    found = span.attributes
    if found.get("logfire.span_type") == "pending_span":
        return "pending spans"
    if (sdk := _sdk(span)) is not None:
        return sdk
    for name in SAID:
        if name in found and (said := _said(found[name])) is not None:
            return said
    if found.get(names.OPERATION):
        return OTHER
    if any(name.startswith(names.PREFIX) for name, _, _ in span.events):
        return CALL
    if any(name in found for name in names.HISTORIES):
        return AROUND
    if "gen_ai.tool.name" in found or "ai.toolCall.name" in found:
        return "tools"
    if "request_data" in found:
        body, reply = mapping_of(inner(found["request_data"])), mapping_of(inner(found.get("response_data")))
        return other_bodies(body, reply) or (CALL if {"messages", "input", "prompt"} & set(body) else OTHER)
    if not SIGNS.isdisjoint(found) or any(name.startswith(STARTS) for name in found):
        embeds = "embed" in str(found.get(names.MODEL[0], "")).lower()
        return "embeddings" if embeds and not _talks(found) else CALL
    if span.log:
        return "log records"
    return next((kind for head, kind in TOLD if any(name.startswith(head) for name in found)), OTHER)


def _talks(found: Row) -> bool:
    """Return whether a span holds messages or an answer: a model of any name may be asked for text."""
    return (
        any(name in found for name in TALK)
        or any(name.startswith(ANSWERS) or ROLE.match(name) is not None for name in found)
        or any((whole(found.get(name)) or 0) > 0 for name in names.OUTPUT_TOKENS)
    )


def _said(value: Any) -> str | None:
    word = inner(value)
    if not isinstance(word, str):
        return None
    word = word.lower()
    if word in ASKS:
        return CALL
    return WORDS.get(word) or other_call(word) or (CALL if CALLS.search(word) else None)


def _sdk(span: Span) -> str | None:
    """Return the kind of a span of Vercel's AI SDK, by its operation; None for any other span."""
    found = span.attributes
    said = found.get("ai.operationId") or found.get("operation.name") or span.name
    operation = str(said).partition(" ")[0]
    if not operation.startswith("ai."):
        return None
    if operation.endswith((".doGenerate", ".doStream")):
        return CALL
    if "embed" in operation.lower():
        return "embeddings"
    if operation.lower().startswith("ai.toolcall"):
        return "tools"
    if "rerank" in operation.lower():
        return "reranking"
    return AROUND if operation.startswith(("ai.generate", "ai.stream")) else None
