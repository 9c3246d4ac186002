"""Reasoning signatures: opaque proofs of hidden reasoning that an API issues and later takes back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stillwatch.ingest.parts import THOUGHTS
from stillwatch.ingest.values import inner

KEPT = 64
"""Signatures of one side that are kept: the first and the last ones, each once.

A long agent session sends hundreds back in every request.
"""
SHORTEST = 16
"""Characters; anything shorter is a placeholder, which strangers share."""
LONGEST = 2**16
"""Characters from the end of a signature that are kept."""
DEEPEST = 24
"""Levels of nesting that are searched."""
PLACEHOLDERS = frozenset(
    (
        "skip_thought_signature_validator",
        "context_engineering_is_the_way_to_go",
        "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=",
        "Y29udGV4dF9lbmdpbmVlcmluZ19pc190aGVfd2F5X3RvX2dv",
    )
)
"""Constants that Gemini accepts for another model's history, plain and in base64; many clients send them."""

PLAIN = frozenset(
    (
        "thoughtSignature",  # Gemini, on any part
        "thought_signature",  # its OpenAI-compatible API, under extra_content.google
        "thought_signatures",  # LiteLLM, under provider_specific_fields
        "thoughtSignatures",
        "reasoningEncryptedContent",  # Vercel's SDK, under providerMetadata.openai
        "redactedData",  # the same, under providerMetadata.anthropic
        "redactedContent",  # Bedrock, under reasoningContent
    )
)
"""Fields that hold a signature wherever they are."""
ENCRYPTED = frozenset(("encrypted_content", "encryptedContent"))
"""Fields of Responses items; search results have them too, so they count only on REASONING_ITEMS."""
REASONING_ITEMS = frozenset(("reasoning", "compaction", "context_compaction"))
SIGNED_KINDS = THOUGHTS | {"reasoning.text", "reasoning.summary", "thought", "signature_delta"}
"""Kinds of block whose `signature` signs reasoning: Anthropic, OpenRouter, OpenTelemetry, streamed deltas."""
SIGNED_PLACES = frozenset(
    (
        "thinking_blocks",
        "reasoningText",
        "reasoningContent",
        "anthropic",
        "bedrock",
        "amazon_bedrock",
        "extras",
    )
)
"""Fields in which any `signature` signs reasoning: LiteLLM, Bedrock's Converse, Vercel's SDK, LangChain."""
SIGNING = ENCRYPTED | {"signature", "data"}
DATA_KINDS = frozenset(("redacted_thinking", "reasoning.encrypted"))
"""Kinds of block whose `data` is the reasoning itself, encrypted: Anthropic, OpenRouter."""
IN_CALL_ID = "__thought__"
"""What LiteLLM puts between a tool call's id and Gemini's signature."""
CALL_IDS = frozenset(("id", "tool_call_id", "call_id"))
TOOLS = ("_use", "_call", "-call", "_result", "-result", "_output", "_response")
"""How the kinds of a tool's call and of its result end."""

ORDINARY = frozenset(("role", "name", "function_call", "refusal", "annotations", "audio"))
"""Fields of a message beside its text that carry no reasoning."""
ASIDE = frozenset(
    (
        "provider_specific_fields",
        "providerMetadata",
        "providerOptions",
        "provider_metadata",
        "provider_options",
        "callProviderMetadata",
        "additional_kwargs",
        "extra_content",
        "extras",
        "google",
        "vertex",
        "anthropic",
        "bedrock",
        "amazon_bedrock",
        "openai",
        "azure",
        "thinking_blocks",
        "reasoning_details",
        "reasoningContentBlocks",
        "thought_signatures",
        "thoughtSignatures",
    )
)
"""Fields beside the words that are searched, on tool calls and results too."""
INSIDE = ASIDE | {
    "messages",
    "input",
    "contents",
    "content",
    "parts",
    "message",
    "delta",
    "choices",
    "candidates",
    "output",
    "tool_calls",
    "reasoning",
    "reasoning_content",
    "reasoningContent",
    "reasoningText",
    "content_block",
    "item",
    "kwargs",
    "generations",
    "signatures",
}
"""Fields that are searched elsewhere.

A tool's arguments and results are not: their words are somebody else's.
"""


def signatures_of(*values: Any, but: Iterable[str] | None = None) -> list[str] | None:
    """Return the signatures in messages or in an answer, in their order, without those of `but`.

    None where there are none. Never raises.
    """
    found: dict[str, None] = {}
    for value in values:
        value = inner(value)
        if not words_only(value):
            _look(value, "", 0, found)
    for known in but or ():
        found.pop(known, None)
    return _kept(list(found)) or None


def words_only(value: Any) -> bool:
    """Return whether messages, or an answer, carry words and no reasoning.

    Most do, so this check must be fast.
    """
    if type(value) is dict:
        choices = value.get("choices")
        return type(choices) is list and all(
            type(choice) is dict and plain(choice.get("message")) for choice in choices
        )
    return type(value) is not list or all(map(plain, value))


def plain(message: Any) -> bool:
    """Return whether a message holds a text and nothing that may hold reasoning.

    Fields without a value do not count.
    """
    if type(message) is not dict:
        return False
    for name, value in message.items():
        if name == "content":
            if type(value) is not str and value:
                return False
        elif value and name not in ORDINARY and (name != "tool_call_id" or IN_CALL_ID in value):
            return False
    return True


def listed(value: Any) -> list[str] | None:
    """Return signatures from a column of their own: a list of texts, a JSON text of one, or a single one."""
    value = inner(value)
    found: dict[str, None] = {}
    for one in value if isinstance(value, list | tuple) else [value]:
        _take(one, found)
    return _kept(list(found)) or None


def _kept(found: list[str]) -> list[str]:
    # A signature replayed in a new session comes first; those of an honest session are in the next request
    # anyway.
    return found if len(found) <= KEPT else found[: KEPT // 2] + found[-KEPT // 2 :]


def _take(value: Any, found: dict[str, None]) -> None:
    """Add a signature; base64 and its URL form are the same one."""
    if not isinstance(value, str) or len(value) < SHORTEST or value in PLACEHOLDERS:
        return
    text = value[-LONGEST:].strip()
    if len(text) >= SHORTEST and not any(mark in text for mark in (" ", "\n", "\t")):
        found[text.replace("-", "+").replace("_", "/").rstrip("=")] = None


def _look(value: Any, place: str, depth: int, found: dict[str, None]) -> None:
    if type(value) is dict:
        _look_at(value, place, depth, found)
        return
    for item in value:
        if type(item) is dict or type(item) is list:
            if depth < DEEPEST:
                _look(item, place, depth + 1, found)
        elif place in PLAIN:
            _take(item, found)


def _look_at(item: dict[str, Any], place: str, depth: int, found: dict[str, None]) -> None:
    kind = item.get("type") or item.get("part_kind")
    kind = kind if isinstance(kind, str) else ""
    inside = ASIDE if kind.endswith(TOOLS) or item.get("role") in ("tool", "function") else INSIDE
    for name, value in item.items():
        if type(value) is str:
            if name in CALL_IDS:
                _from_id(item, kind, value, found)
            elif name in PLAIN or (name in SIGNING and _signs(name, kind, place, item)):
                _take(value, found)
        elif name in inside and depth < DEEPEST and (type(value) is dict or type(value) is list):
            _look(value, place if name == "content" and place in SIGNED_PLACES else name, depth + 1, found)


def _signs(name: str, kind: str, place: str, item: dict[str, Any]) -> bool:
    """Return whether a field of a name signs reasoning on an object of a kind."""
    if name == "signature":
        return kind in SIGNED_KINDS or place in SIGNED_PLACES or "thinking" in item
    if name in ENCRYPTED:
        return kind in REASONING_ITEMS
    return name == "data" and kind in DATA_KINDS


def _from_id(item: dict[str, Any], kind: str, value: str, found: dict[str, None]) -> None:
    """Add a signature inside a tool call's id, or the id of a reasoning item.

    The id alone identifies the item if the provider keeps the rest.
    """
    if IN_CALL_ID in value:
        _take(value.partition(IN_CALL_ID)[2], found)
    elif (
        kind in ("reasoning", "item_reference")
        and value.startswith("rs_")
        and not any(item.get(name) for name in (*ENCRYPTED, "signature"))
    ):
        _take(value, found)
