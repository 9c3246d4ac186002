"""The log of the gateway Acme, JSONL."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.api.formats import (
    Context,
    Format,
    Request,
    Row,
    Sample,
    answer_of,
    messages_of,
    moment,
    text,
    whole,
)


def detect(sample: Sample) -> float:
    """Sure of the field that only Acme writes."""
    return 1.0 if sample.has("acme_id", "at") else 0.0


def read(row: Row, context: Context) -> Iterator[Request]:
    """One row as a request."""
    yield Request(
        request_id=text(row.get("acme_id")),
        account_id=text(row.get(context.account_field or "key_owner")),
        time=moment(row.get("at"), "at"),
        model=text(row.get("model")),
        input_tokens=whole(row.get("tokens_in")),
        output_tokens=whole(row.get("tokens_out")),
        messages=messages_of(row.get("messages")),
        answer=answer_of(row.get("reply")),
    )


FORMAT = Format(
    name="acme_gateway",
    title="Acme gateway, request log as JSONL",
    source="Acme gateway manual, chapter 'Request log'",
    suffixes=(".jsonl",),
    detect=detect,
    read=read,
    blind_spots="No client address and no user agent.",
)
