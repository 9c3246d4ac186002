"""Input files of the OpenAI Batch API: requests that nobody has answered yet."""

from __future__ import annotations

import json
from collections.abc import Iterator

from stillwatch.ingest.envelope import ACCOUNTS, TIMES, read_line
from stillwatch.ingest.gateway import account_of
from stillwatch.ingest.quarantine import Missing
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, first
from stillwatch.registry import FORMATS, Format

NEITHER = (
    "a batch input file holds neither a time nor an account: add both to each line (time, account_id), or "
    'give them with a mapping file ([columns] request_id = "custom_id", messages = "body.messages"; '
    "[defaults] time, account_id)"
)
NO_ACCOUNT = (
    "a batch input file names no account: add account_id to each line, or give it with a mapping file "
    "([defaults] account_id)"
)


def detect(sample: Sample) -> float:
    """The four fields of a batch's request, without an answer."""
    ours = {"custom_id", "method", "url", "body"}
    if not sample.rows or not sample.has(*ours) or "response" in sample.columns:
        return 0.0
    return 0.9 if all(isinstance(row.get("body"), dict) for row in sample.rows) else 0.0


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver]:
    """Read one request. Raises BadRow where it has no account or no time."""
    for found in read_line(row, context) if first(row, *TIMES) is not None else ():
        if isinstance(found, Request) and found.account_id is None:
            raise Missing("account_id", NO_ACCOUNT)
        yield found
    if first(row, *TIMES) is not None:
        return
    named = account_of(row, context, *ACCOUNTS)
    if named is None:
        raise Missing("time", NEITHER)
    raise Missing(
        "time", "a batch input file holds no time: add one to each line (time), or use a mapping file"
    )


SAMPLE = {
    "custom_id": "c1",
    "account_id": "ada",
    "time": "2026-02-01T12:00:00Z",
    "method": "POST",
    "url": "/v1/chat/completions",
    "body": {"model": "heron", "messages": [{"role": "user", "content": "what is a reef"}]},
}
FORMATS.add(
    "openai_batch_input",
    Format(
        name="openai_batch_input",
        title="OpenAI Batch API input files, with account_id and time added to each line",
        source="OpenAI API reference: batch, the request input object",
        suffixes=(".jsonl", ".json"),
        detect=detect,
        read=read,
        blind_spots="The file itself holds neither an account nor a time, an address or a user agent, and no "
        "answer: without the two columns it is refused with what to add",
        sample=json.dumps(SAMPLE) + "\n",
        gives=(
            {
                "request_id": "c1",
                "account_id": "ada",
                "model": "heron",
                "messages": [{"role": "user", "text": "what is a reef"}],
            },
        ),
    ),
)
