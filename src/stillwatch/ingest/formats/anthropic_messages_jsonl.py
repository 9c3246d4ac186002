"""Anthropic Messages requests and responses, one pair per line."""

from __future__ import annotations

from stillwatch.ingest.envelope import Envelope, asking, read_line
from stillwatch.ingest.line_outline import LINE
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import mapping_of
from stillwatch.registry import FORMATS, Format


def detect(sample: Sample) -> float:
    """Rows with a mark that only this API has."""
    found = asking(sample)
    return (
        0.9
        if found
        and all("messages" in e.body or mapping_of(e.answer).get("type") == "message" for e in found)
        and all(map(speaks_anthropic, found))
        else 0.0
    )


def speaks_anthropic(envelope: Envelope) -> bool:
    """Whether a line of its own, or the body within a line, carries a mark of this API."""
    if envelope.body is envelope.row and not envelope.headers and not mapping_of(envelope.answer):
        return "anthropic_version" in envelope.body or str(envelope.path).rstrip("/").endswith("/messages")
    return envelope.anthropic


FORMATS.add(
    "anthropic_messages_jsonl",
    Format(
        name="anthropic_messages_jsonl",
        title="Anthropic Messages requests and responses, one a line",
        source="Anthropic API reference: messages",
        suffixes=(".jsonl", ".ndjson", ".json", ".parquet"),
        detect=detect,
        read=read_line,
        blind_spots="What stands around the body differs from operator to operator. Reasoning tokens are "
        "not counted apart by this API.",
        outline=LINE,
    ),
)
