"""What a request asks for besides its words, in canonical form: equal requests, equal strings."""

from __future__ import annotations

from typing import Any

from stillwatch.ingest.values import Row, canonical
from stillwatch.schema.parameters import PRESENCE, SAMPLING

VARYING = frozenset({"x-stainless-retry-count", "x-stainless-timeout", "x-stainless-read-timeout"})
"""Headers of the SDK that change from call to call."""

GEMINI = {
    "maxOutputTokens": "max_tokens",
    "topP": "top_p",
    "topK": "top_k",
    "stopSequences": "stop",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "candidateCount": "n",
}
"""Gemini's names of parameters."""


def parameters_of(body: Row) -> str | None:
    """The sampling parameters as sorted name=value pairs joined by a space; None if there are none."""
    if not body:
        return None
    if isinstance(body.get("generationConfig"), dict):
        body = {**{GEMINI.get(name, name): value for name, value in body["generationConfig"].items()}, **body}
    found = {name: body[name] for name in SAMPLING if body.get(name) is not None}
    found.update({name: "set" for name in PRESENCE if body.get(name) is not None})
    reasoning = body.get("reasoning")
    if isinstance(reasoning, dict) and reasoning.get("effort") is not None:
        found["reasoning_effort"] = reasoning["effort"]
    thinking = body.get("thinking")
    if isinstance(thinking, dict) and thinking:
        found["thinking"] = ":".join(
            _plain(thinking[name]) for name in ("type", "budget_tokens") if name in thinking
        )
    return " ".join(f"{name}={_plain(found[name])}" for name in sorted(found)) or None


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, str):
        return "_".join(value.split())[:200] or '""'
    return (canonical(value, "parameters") or "[]").replace(" ", "_")[:200]


def tools_of(body: Row) -> str | None:
    """Return the tool definitions as canonical JSON; the older `functions` are read too."""
    return canonical(body.get("tools") or body.get("functions"), "tools")


def output_format_of(body: Row) -> str | None:
    """Return the response format or output schema as canonical JSON; None for plain text."""
    asked = body.get("response_format")
    for outer in ("text", "output_config"):
        nested = body.get(outer)
        if asked is None and isinstance(nested, dict):
            asked = nested.get("format")
    if asked is None:
        asked = body.get("output_format")
    return (
        None if isinstance(asked, dict) and asked.get("type") == "text" else canonical(asked, "output_format")
    )


def stainless_of(headers: Row) -> str | None:
    """The x-stainless-* headers as sorted name=value pairs, without those that change from call to call.

    Names must be in lower case.
    """
    pairs = sorted(
        (k.removeprefix("x-stainless-"), v)
        for k, v in headers.items()
        if k.startswith("x-stainless-") and k not in VARYING
    )
    return " ".join(f"{name}={_plain(value)}" for name, value in pairs) or None
