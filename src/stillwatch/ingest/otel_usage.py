"""Counts of tokens on a span: input with what was cached, output with what was reasoned."""

from __future__ import annotations

from stillwatch.ingest import otel_names as names
from stillwatch.ingest.request import Request
from stillwatch.ingest.values import Row, first, mapping_of, whole

IN_USAGE = {
    "input_tokens": ("input", "input_tokens", "prompt_tokens", "promptTokens"),
    "output_tokens": ("output", "output_tokens", "completion_tokens", "completionTokens"),
    "reasoning_tokens": ("output_reasoning_tokens", "reasoning_tokens", "output_reasoning"),
    "cached_tokens": ("input_cached_tokens", "cache_read_input_tokens", "input_cache_read"),
    "cache_written_tokens": ("input_cache_creation", "cache_creation_input_tokens"),
}
"""Columns by the names of counts in such a text."""


def count(request: Request, attributes: Row, fields: Row) -> None:
    """Set the counts that a span's attributes give."""
    found = {column: fields.get(column) for column in IN_USAGE}
    for name in names.USAGE:
        if usage := mapping_of(attributes.get(name)):
            for column, several in IN_USAGE.items():
                if found[column] is None:
                    found[column] = first(usage, *several)
    for column, value in found.items():
        if value is not None:
            setattr(request, column, whole(value))
    _include(request)


def _include(request: Request) -> None:
    """Add cached tokens to the input where they cannot be part of it.

    The conventions count them in; Anthropic's own counts, which some instrumentations pass on, do not.
    """
    parts = sum(max(part or 0, 0) for part in (request.cached_tokens, request.cache_written_tokens))
    if request.input_tokens is not None and 0 <= request.input_tokens < parts:
        request.input_tokens += parts
