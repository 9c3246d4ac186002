"""What an exchange carries of reasoning beside its words: signatures, and the amount of text.

The text itself is dropped.
"""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.parts import THOUGHTS
from stillwatch.ingest.request import Request
from stillwatch.ingest.signatures import signatures_of, words_only
from stillwatch.ingest.values import inner

BESIDE = ("reasoning_content", "reasoning", "thinking_blocks", "reasoning_details", "tool_plan")
"""Fields beside a message's content that repeat one reasoning, each in its own shape; the longest counts."""
WORDS = ("thinking", "reasoning", "text", "content", "summary", "reasoningText", "reasoning_content")
"""Fields of a reasoning block that hold its words; the first one present counts."""
MESSAGES = (
    "choices",
    "message",
    "delta",
    "candidates",
    "output",
    "content",
    "parts",
    "content_block",
    "item",
    "reasoningContent",
)
"""Where an answer's messages and blocks are."""
DEEPEST = 12
"""Levels of nesting that are searched."""


def with_thoughts(request: Request, answer: Any, *given: Any) -> Request:
    """Add the signatures of messages (`given`) and answer, and the characters of reasoning."""
    request.signatures = signatures_of(*given)
    request.signed = signatures_of(answer, but=request.signatures)
    request.reasoning_chars = thought_chars(answer)
    return request


def thought_chars(answer: Any) -> int | None:
    """Count the characters of reasoning text in an answer; None where there is none. Never raises."""
    answer = inner(answer)
    return None if words_only(answer) else _within(answer, 0) or None


def _within(value: Any, depth: int) -> int:
    if depth > DEEPEST:
        return 0
    if type(value) is list:
        return sum([_within(item, depth + 1) for item in value])
    if type(value) is not dict:
        return 0
    kind = value.get("type")
    if (
        (isinstance(kind, str) and kind in THOUGHTS)
        or value.get("thought") is True
        or "reasoningText" in value
    ):
        return _said(value, depth)
    if kind == "thinking_delta":
        return _length(value.get("thinking"), depth)
    # On a whole response `reasoning` is an object of settings and holds no text.
    beside = max(
        [_length(value[name], depth) for name in BESIDE if name in value and type(value[name]) is not dict],
        default=0,
    )
    return max(beside, sum([_within(value[name], depth + 1) for name in MESSAGES if name in value]))


def _said(block: dict[str, Any], depth: int) -> int:
    return next((n for n in (_length(block[name], depth) for name in WORDS if name in block) if n), 0)


def _length(value: Any, depth: int) -> int:
    """Count the characters of a text, or of the words of blocks."""
    if isinstance(value, str):
        return len(value)
    if depth > DEEPEST:
        return 0
    if isinstance(value, list):
        return sum(_length(item, depth + 1) for item in value)
    return _said(value, depth + 1) if isinstance(value, dict) else 0
