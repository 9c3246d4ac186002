"""Counts of tokens on a span: input with what was cached, output with what was reasoned."""

from __future__ import annotations

from stillwatch.ingest import otel_names as names
from stillwatch.ingest.request import Request
from stillwatch.ingest.usage import add_counts
from stillwatch.ingest.values import Row, mapping_of, whole

COLUMNS = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "cache_written_tokens")


def count(request: Request, attributes: Row, fields: Row) -> None:
    """Set the counts that a span's attributes give."""
    for name in names.USAGE:
        if usage := mapping_of(attributes.get(name)):
            add_counts(request, usage)
            return
    for column in COLUMNS:
        if fields.get(column) is not None:
            setattr(request, column, whole(fields[column]))
    _include(request)


def _include(request: Request) -> None:
    """Add cached tokens to the input where they cannot be part of it.

    The conventions count them in; Anthropic's own counts, which some instrumentations pass on, do not.
    """
    parts = sum(max(part or 0, 0) for part in (request.cached_tokens, request.cache_written_tokens))
    if request.input_tokens is not None and 0 <= request.input_tokens < parts:
        request.input_tokens += parts
