"""What a guard of Stillwatch writes: its log of exchanges, and its decisions."""

from __future__ import annotations

import json
from collections.abc import Iterator

from stillwatch.ingest.envelope import read_line
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row
from stillwatch.registry import FORMATS, Format

EXCHANGE, DECISION = "exchange/", "decision/"
KIND = "decisions of a guard"


def detect(sample: Sample) -> float:
    """Every line says what it is."""
    marks = [str(row.get("stillwatch", "")) for row in sample.rows]
    return 1.0 if marks and all(mark.startswith((EXCHANGE, DECISION)) for mark in marks) else 0.0


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read an exchange as any log's line. A decision is no exchange: the one that it is about has a line of
    its own, here or in the gateway's log, so that a request never counts twice.
    """
    if str(row.get("stillwatch", "")).startswith(DECISION):
        yield SteppedOver(KIND)
        return
    yield from read_line(row, context)


SAMPLE = (
    {
        "stillwatch": "exchange/1",
        "time": "2026-02-01T12:00:00Z",
        "request_id": "g1",
        "account_id": "ada",
        "client_ip": "203.0.113.9",
        "ja4": "t13d1516h2_8daaf6152771_b186095e22b6",
        "headers": {"user-agent": "OpenAI/Python 2.0"},
        "path": "/v1/chat/completions",
        "status_code": 200,
        "duration_ms": 250,
        "request": {"model": "heron", "temperature": 0.7},
        "response": {"usage": {"prompt_tokens": 9, "completion_tokens": 4}},
        "decision": "019499fe000070008000000000000001",
    },
    {
        "stillwatch": "decision/1",
        "id": "019499fe000070008000000000000001",
        "time": "2026-02-01T12:00:00Z",
        "request_id": "g1",
        "account_id": "ada",
        "model": "heron",
        "answer": "allow",
    },
)
FORMATS.add(
    "stillwatch_guard",
    Format(
        name="stillwatch_guard",
        title="Exchanges and decisions as a guard of Stillwatch writes them",
        source="docs/guard.md, section Records",
        suffixes=(".jsonl",),
        detect=detect,
        read=read,
        blind_spots="Words are in it only if the guard was told to keep them; without them nothing is known "
        "of what was asked for. Decisions are stepped over.",
        sample="".join(json.dumps(row) + "\n" for row in SAMPLE),
        gives=(
            {
                "request_id": "g1",
                "account_id": "ada",
                "model": "heron",
                "status": 200,
                "input_tokens": 9,
                "output_tokens": 4,
                "duration_ms": 250,
                "address": "203.0.113.9",
                "user_agent": "OpenAI/Python 2.0",
            },
        ),
    ),
)
