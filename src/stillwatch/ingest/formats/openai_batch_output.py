"""Output and error files of the OpenAI Batch API."""

from __future__ import annotations

import json
from collections.abc import Iterator

from stillwatch.ingest.envelope import TIMES, read_line
from stillwatch.ingest.quarantine import Missing
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, dig, first
from stillwatch.registry import FORMATS, Format

NO_TIME = (
    "an error line of a batch holds no time: add one to each line (time), or leave the error file out of the "
    "folder"
)
NO_ACCOUNT = (
    "a batch output file names no account: add account_id to each line, or name a field with "
    "ingest.account_field"
)


def detect(sample: Sample) -> float:
    """The four fields of an output line."""
    if not sample.rows or not sample.has("custom_id", "response", "error") or "body" in sample.columns:
        return 0.0
    return 0.9 if all(row.get("response") is None or _code(row) for row in sample.rows) else 0.0


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one line as a request; what never ran (expired, cancelled) is stepped over."""
    if row.get("response") is None:
        yield SteppedOver("requests of a batch that never ran")
        return
    answered = dig(row, "response.body.created") or dig(row, "response.body.created_at")
    if first(row, *TIMES) is None and answered is None:
        raise Missing("time", NO_TIME)
    for found in read_line(row, context):
        if isinstance(found, Request) and found.account_id is None:
            raise Missing("account_id", NO_ACCOUNT)
        yield found


def _code(row: Row) -> bool:
    return dig(row, "response.status_code") is not None


SAMPLE = {
    "id": "batch_req_1",
    "custom_id": "c1",
    "account_id": "ada",
    "response": {
        "status_code": 200,
        "request_id": "q1",
        "body": {
            "object": "chat.completion",
            "created": 1769947200,
            "model": "heron",
            "choices": [{"message": {"role": "assistant", "content": "coral"}}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 4},
        },
    },
    "error": None,
}
FORMATS.add(
    "openai_batch_output",
    Format(
        name="openai_batch_output",
        title="OpenAI Batch API output and error files, with account_id added to each line",
        source="OpenAI API reference: batch, the request output object",
        suffixes=(".jsonl", ".json"),
        detect=detect,
        read=read,
        blind_spots="The file itself names no account, and the prompts are in the input file. Lines of calls "
        "that failed hold no time",
        sample=json.dumps(SAMPLE) + "\n",
        gives=(
            {
                "request_id": "q1",
                "account_id": "ada",
                "model": "heron",
                "status": 200,
                "input_tokens": 9,
                "output_tokens": 4,
                "answer": "coral",
            },
        ),
    ),
)
