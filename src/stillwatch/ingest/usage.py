"""Counts of tokens, with one meaning whoever counted: input with what was cached, output with reasoning."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from stillwatch.ingest.request import Request
from stillwatch.ingest.values import Row, absent, first, mapping_of, whole

INPUT = (
    "prompt_tokens",
    "input_tokens",
    "inputTokens",
    "promptTokens",
    "promptTokenCount",
    "prompt_token_count",
    "inputTokenCount",
    "input_token_count",
    "inputTextTokenCount",
    "prompt_eval_count",
    "prompt_token",
    "input",
)
OUTPUT = (
    "completion_tokens",
    "output_tokens",
    "outputTokens",
    "completionTokens",
    "candidatesTokenCount",
    "candidates_token_count",
    "responseTokenCount",
    "generation_token_count",
    "outputTokenCount",
    "output_token_count",
    "eval_count",
    "completion_token",
    "output",
)
TOTAL = ("total_tokens", "totalTokens", "totalTokenCount", "total_token_count", "total")
ASKED = (
    "prompt_tokens_details",
    "input_tokens_details",
    "input_token_details",
    "prompt_token_details",
    "inputTokenDetails",
)
WRITTEN = (
    "completion_tokens_details",
    "output_tokens_details",
    "output_token_details",
    "completion_token_details",
    "outputTokenDetails",
)
INSIDE = (
    "cached_tokens",
    "prompt_cache_hit_tokens",
    "cachedInputTokens",
    "cachedContentTokenCount",
    "cached_content_token_count",
)
"""Cached tokens that the input already includes: OpenAI, DeepSeek, Vercel, Gemini."""
READ = (
    "cache_read_input_tokens",
    "cacheReadInputTokens",
    "cacheReadInputTokenCount",
    "cacheReadInputTokensCount",
    "input_cached_tokens",
    "input_cache_read",
    "input_cached",
)
"""Cached tokens that stand beside the input: Anthropic, Bedrock, Langfuse."""
CREATED = (
    "cache_creation_input_tokens",
    "cacheWriteInputTokens",
    "cacheWriteInputTokenCount",
    "cacheWriteInputTokensCount",
    "input_cache_creation",
    "cache_write_tokens",
)
REASONED = ("reasoning_tokens", "reasoningTokens")
"""Reasoning that the output includes, unless the total says otherwise (xAI)."""
THOUGHT = (
    "thoughtsTokenCount",
    "thoughts_token_count",
    "output_reasoning_tokens",
    "output_reasoning",
)
"""Reasoning that stands beside the output, unless the total says otherwise: Gemini, Langfuse."""
TOOL_USE = ("toolUsePromptTokenCount", "tool_use_prompt_token_count")
PLAIN = frozenset(("prompt_tokens", "completion_tokens", "total_tokens"))
"""Usage with no other names than these, the most common one, has no parts to look for."""
INCLUSIVE = ("prompt_tokens", "promptTokens")
"""Inputs that include what was cached, even where Anthropic's names stand beside them: LiteLLM's."""


LAYERS = frozenset(("tokens", "billed_units", "inputTokens", "outputTokens"))
"""Names under which the counts may lie one level deeper."""
GROUPS = (INPUT, ASKED, WRITTEN, TOTAL, OUTPUT, INSIDE, READ, CREATED, THOUGHT, REASONED, TOOL_USE)
KNOWN = frozenset(name for group in GROUPS for name in group)


class Counts(NamedTuple):
    """Tokens of one call; None where they are not known."""

    input: int | None = None
    """Tokens of the request, cached ones included."""
    output: int | None = None
    """Tokens of the answer, reasoning included."""
    reasoning: int | None = None
    """The part of the output that is reasoning."""
    cached: int | None = None
    """The part of the input that was read from a cache."""
    written: int | None = None
    """The part of the input that was written to a cache."""


def usage_of(answer: Any) -> Row:
    """Return the object with the counts in a response, wherever its API has it; empty if there is none."""
    given = mapping_of(answer)
    for name in ("usage", "usageMetadata", "usage_metadata", "amazon-bedrock-invocationMetrics"):
        if found := mapping_of(given.get(name)):
            return found
    if "prompt_eval_count" in given or "generation_token_count" in given:
        return given
    if "inputTextTokenCount" in given:
        results = given.get("results")
        first_one = mapping_of(results[0]) if isinstance(results, list) and results else {}
        return {**given, "output_tokens": first_one.get("tokenCount")}
    return mapping_of(given.get("meta"))


def counts_of(usage: Row) -> Counts:
    """Return the counts in any API's usage object."""
    if not usage:
        return Counts()
    if usage.keys() <= PLAIN:
        return Counts(whole(usage.get("prompt_tokens")), whole(usage.get("completion_tokens")))
    if not LAYERS.isdisjoint(usage):
        usage = _flat(usage)
    inputs, asks_in, wrote_in, totals, outputs, insides, reads, made, thoughts, reasons, tool_uses = _named(
        KNOWN.intersection(usage)
    )
    name = next((name for name in inputs if usage[name] is not None), "")
    asked = mapping_of(usage[asks_in[0]]) if asks_in else {}
    wrote = mapping_of(usage[wrote_in[0]]) if wrote_in else {}
    total = whole(_first(usage, totals))
    given, output = whole(usage.get(name)), whole(_first(usage, outputs))
    inside = first(asked, "cached_tokens", "cache_read", "cacheReadTokens") if asked else None
    inside = whole(_first(usage, insides) if inside is None else inside)
    read = whole(_first(usage, reads))
    written = whole(_first(usage, made))
    if written is None and asked:
        written = whole(
            first(asked, "cache_creation_tokens", "cache_creation", "cache_write_tokens", "cacheWriteTokens")
        )
    if written is None and "cache_creation" in usage:
        written = _sum_of(usage["cache_creation"])
    thought = whole(_first(usage, thoughts))
    reasoning = whole(_first(usage, reasons))
    if reasoning is None and wrote:
        reasoning = whole(first(wrote, *REASONED, "reasoning"))
    reasoned = thought if reasoning is None else reasoning
    cached = read if inside is None else inside
    extra = _some(cached) + _some(written)
    within = total is not None and total == _some(given) + _some(output)
    beside = inside is None and name not in INCLUSIVE and not asked and not within
    apart = thought is not None and not within
    asks = _more(given, extra, beside, _less(total, _more(output, _some(reasoned), apart)))
    asks = _plus(asks, whole(_first(usage, tool_uses)))
    answers = _more(output, _some(reasoned), apart, _less(total, asks))
    return Counts(asks, answers, reasoned, cached, written)


def add_counts(request: Request, usage: Row) -> Request:
    """Write the counts of a usage object to a request; what the object lacks stays as it is."""
    if not usage:
        return request
    found = counts_of(usage)
    request.input_tokens = found.input if found.input is not None else request.input_tokens
    request.output_tokens = found.output if found.output is not None else request.output_tokens
    request.reasoning_tokens = found.reasoning if found.reasoning is not None else request.reasoning_tokens
    request.cached_tokens = found.cached if found.cached is not None else request.cached_tokens
    request.cache_written_tokens = (
        found.written if found.written is not None else request.cache_written_tokens
    )
    return request


def add_parts(request: Request, usage: Row) -> Request:
    """Add what counts of LiteLLM's own columns lack: the parts, and the counts where a column has none."""
    asked, answered = request.input_tokens, request.output_tokens
    add_counts(request, usage)
    request.input_tokens = request.input_tokens if asked is None else asked
    request.output_tokens = request.output_tokens if answered is None else answered
    return request


@lru_cache(maxsize=1024)
def _named(there: frozenset[str]) -> tuple[tuple[str, ...], ...]:
    """Return of each of GROUPS the names that are there, in its order; most rows of a file share them."""
    return tuple(tuple(name for name in group if name in there) for group in GROUPS)


def _first(usage: Row, names: tuple[str, ...]) -> Any:
    """Return the first count present among names of the usage object."""
    for name in names:
        if not absent(usage[name]):
            return usage[name]
    return None


def _flat(usage: Row) -> Row:
    """Return usage without the level that Cohere and Vercel's newest SDK put around the counts."""
    for name in ("tokens", "billed_units"):
        if isinstance(usage.get(name), dict):
            return _flat(usage[name])
    asked, wrote = usage.get("inputTokens"), usage.get("outputTokens")
    if isinstance(asked, dict):
        usage = {
            **usage,
            "inputTokens": asked.get("total"),
            "cachedInputTokens": asked.get("cacheRead"),
            "cache_write_tokens": asked.get("cacheWrite"),
        }
    if isinstance(wrote, dict):
        usage = {**usage, "outputTokens": wrote.get("total"), "reasoningTokens": wrote.get("reasoning")}
    return usage


def _sum_of(parts: Any) -> int | None:
    counts = [n for n in map(whole, mapping_of(parts).values()) if n is not None and n >= 0]
    return sum(counts) if counts else None


def _some(count: int | None) -> int:
    return max(count or 0, 0)


def _plus(count: int | None, more: int | None) -> int | None:
    return count if count is None or count < 0 else count + _some(more)


def _less(total: int | None, other: int | None) -> int | None:
    """Return what a total leaves for the other side."""
    return None if not total or total < 0 or other is None or other < 0 else total - other


def _more(count: int | None, part: int, beside: bool, left: int | None = None) -> int | None:
    """Return a count with a part that may be in it already.

    What the total leaves decides; without one, the API's custom (beside), and that no part is larger.
    """
    if count is None or count < 0 or not part:
        return count
    if part > count:
        return count + part
    if left == count:
        return count
    return count + part if beside or left == count + part else count
