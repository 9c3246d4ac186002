"""Counts of tokens on a span: input with what was cached, output with what was reasoned."""

from __future__ import annotations

from stillwatch.ingest import otel_names as names
from stillwatch.ingest.request import Request
from stillwatch.ingest.usage import add_counts
from stillwatch.ingest.values import Row, mapping_of, whole

COLUMNS = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "cache_written_tokens")


def count(request: Request, attributes: Row, fields: Row) -> None:
    """Set the counts that a span's attributes give.

    The conventions count cached tokens into the input. Anthropic's own counts, which some instrumentations
    pass on, do not: `token_parts` adds them where they cannot be in it.
    """
    for name in names.USAGE:
        if usage := mapping_of(attributes.get(name)):
            add_counts(request, usage)
            return
    for column in COLUMNS:
        if fields.get(column) is not None:
            setattr(request, column, whole(fields[column]))
