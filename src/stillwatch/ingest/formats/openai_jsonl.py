"""OpenAI-style request and response lines: chat completions, completions, responses and batch files."""

from __future__ import annotations

import json

from stillwatch.ingest.dialects import SAID
from stillwatch.ingest.envelope import SPELLINGS, Envelope, asking, read_line
from stillwatch.ingest.formats.anthropic_messages_jsonl import speaks_anthropic
from stillwatch.ingest.line_outline import LINE
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import mapping_of
from stillwatch.registry import FORMATS, Format
from stillwatch.schema.parameters import SAMPLING


def detect(sample: Sample) -> float:
    """Accept rows with a body that holds messages, input or a prompt; less surely if the row is the body."""
    found = asking(sample)
    if (
        not found
        or sample.has("startTime", "metadata")
        or not (all(_speaks(envelope) for envelope in found) or _columns_speak(sample))
        or all(map(speaks_anthropic, found))
    ):
        return 0.0
    if all(envelope.body is not envelope.row or envelope.headers for envelope in found):
        return 0.8
    # Without a body of its own, a row needs more of this API than the words to be preferred to the generic
    # reader.
    return 0.75 if sample.columns & {*SAMPLING, "response", "usage", "choices"} else 0.55


def _columns_speak(sample: Sample) -> bool:
    """Return whether a table has a column of words: its first rows may hold none."""
    return sample.kind != "json" and bool(sample.columns & {"prompt", "messages"})


def _speaks(envelope: Envelope) -> bool:
    if any(name in envelope.body for name in (*SAID, "prompt")):
        return True
    answer = mapping_of(envelope.answer)
    return "choices" in answer or answer.get("object") in ("response", "chat.completion")


SAMPLE = {
    "time": "2026-02-01T12:00:00Z",
    "request_id": "o1",
    "account_id": "ada",
    "client_ip": "203.0.113.4",
    "path": "/v1/chat/completions",
    "status_code": 200,
    "request": {"model": "heron", "messages": [{"role": "user", "content": "what is a reef"}]},
    "response": {
        "choices": [{"message": {"role": "assistant", "content": "coral"}}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 4},
    },
}
FORMATS.add(
    "openai_jsonl",
    Format(
        name="openai_jsonl",
        title="OpenAI-style requests and responses, one a line (chat completions, completions, responses, "
        "batch files)",
        source="OpenAI API reference: chat/create, responses/create, batch",
        suffixes=(".jsonl", ".ndjson", ".json", ".csv", ".parquet"),
        detect=detect,
        read=read_line,
        blind_spots="What stands around the body differs from operator to operator; a name that is not "
        "known (docs/formats.md) is not seen. Batch results carry no account.",
        outline=LINE,
        spellings=SPELLINGS,
        sample=json.dumps(SAMPLE) + "\n",
        gives=(
            {
                "request_id": "o1",
                "account_id": "ada",
                "model": "heron",
                "status": 200,
                "input_tokens": 9,
                "output_tokens": 4,
                "address": "203.0.113.4",
                "messages": [{"role": "user", "text": "what is a reef"}],
                "answer": "coral",
            },
        ),
    ),
)
