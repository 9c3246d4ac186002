"""What the OpenAI API stores: lists of chat completions and responses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from stillwatch.ingest.gateway import account_of, tagged, with_words
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.values import Row, first, first_text, inner, text
from stillwatch.registry import FORMATS, Format

STORED = ("chat.completion", "response")
ACCOUNTS = ("account_id", "account", *tagged("metadata"), "safety_identifier", "input_user", "user")
AROUND = frozenset(("messages", "request", "body", "response", "request_body", "response_body"))
"""Fields of a line that has more than the stored object, which is another format."""


def detect(sample: Sample) -> float:
    """Objects as the API stores them, alone on a line or in its lists."""
    items = [item for row in sample.rows for item in _items(row)]
    if not items or sample.columns & AROUND:
        return 0.0
    if all(item.get("object") in STORED for item in items):
        return 0.9
    listed = all(row.get("object") == "list" for row in sample.rows)
    return 0.85 if listed and all(item.get("type") == "message" for item in items) else 0.0


def read(row: Row, context: Context) -> Iterator[Request | SteppedOver | BadRow]:
    """Read one stored object, or each of a list, as a request; input items alone are stepped over."""
    for item in _items(row):
        if item.get("object") not in STORED:
            yield SteppedOver("input items without their response")
            continue
        try:
            yield _stored(
                {**{name: row[name] for name in ("account_id", "account") if name in row}, **item}, context
            )
        except BadRow as bad:
            yield bad


def _stored(item: Row, context: Context) -> Request:
    failed = item.get("status") in ("failed", "cancelled")
    request = Request(
        request_id=text(item.get("id")),
        account_id=account_of(item, context, *ACCOUNTS),
        time=context.moment(first(item, "created", "created_at"), "created"),
        model=text(item.get("model")),
        status=500 if failed else 200,
        end_user=first_text(item, "safety_identifier", "input_user", "user"),
        conversation=first_text(item, "conversation.id", "conversation", "metadata.session_id"),
    )
    asked = {name: value for name, value in item.items() if name not in ("output", "choices", "usage")}
    said = inner(first(item, "input_items", "input", "messages"))
    if isinstance(said, dict):
        said = said.get("data")
    if said is not None:
        asked["input"] = said
    return with_words(request, asked, item)


def _items(row: Row) -> list[Row]:
    data: Any = row.get("data")
    if row.get("object") == "list" and isinstance(data, list):
        return [item for item in data if isinstance(item, dict)]
    return [row] if "object" in row else []


SAMPLE = {
    "object": "list",
    "data": [
        {
            "object": "chat.completion",
            "id": "chatcmpl-1",
            "model": "heron",
            "created": 1769947200,
            "temperature": 0.7,
            "usage": {"prompt_tokens": 9, "completion_tokens": 4},
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "coral"}}],
            "metadata": {"user_id": "ada"},
        }
    ],
    "has_more": False,
}
FORMATS.add(
    "openai_stored",
    Format(
        name="openai_stored",
        title="OpenAI stored completions and responses, as the API lists them",
        source="OpenAI API reference: chat/list, chat/getMessages, responses/object, responses/input-items",
        suffixes=(".json", ".jsonl"),
        detect=detect,
        read=read,
        blind_spots="The words of the prompt lie in other lists of the API: put them into each object as "
        "messages or input_items. The account is a tag in metadata (user, account, customer, tenant, team), "
        "else the end user. No address and no user agent. Calls that failed are not stored",
        sample=json.dumps(SAMPLE) + "\n",
        gives=(
            {
                "request_id": "chatcmpl-1",
                "account_id": "ada",
                "model": "heron",
                "status": 200,
                "input_tokens": 9,
                "output_tokens": 4,
                "parameters": "temperature=0.7",
                "answer": "coral",
            },
        ),
    ),
)
