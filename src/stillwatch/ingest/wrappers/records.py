"""Wrappers that hold rows as values, not as lines: databases, event hubs, loggers.

Sources: DynamoDB's export to S3 (`Item`, `NewImage`), Scan and streams; Azure Event Hubs capture and its
processors (`EnqueuedTimeUtc`, `Body`); ClickHouse's formats JSON and JSONCompact; winston, structlog, serilog
and others, which put what they were given under `data`, `meta` or `context`.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from typing import Any

from stillwatch.ingest.values import inner, mapping_of
from stillwatch.ingest.wrappers.outer import ACCOUNTS, NAMED, own_fields
from stillwatch.ingest.wrappers.typed_values import typed, untyped

Row = dict[str, Any]
HOLDERS = ("data", "meta", "context", "extra", "details", "fields", "props", "Properties")
"""Fields in which loggers keep what a program gave them."""
SAID = frozenset(
    ("messages", "prompt", "request", "response", "contents", "input", "request_body", "choices")
)
"""Fields that a call has."""
WHOSE = ("headers", "request_headers")
AMERICAN = re.compile(r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d [AP]M")


def items(row: Row) -> list[Row] | None:
    """Return the rows in which DynamoDB names the type of each value; None if the row holds none."""
    image = mapping_of(row.get("dynamodb")).get("NewImage", row.get("NewImage"))
    for one in (row.get("Item"), image):
        if isinstance(one, dict) and typed(one):
            return [untyped(one)]
    if "NewImage" not in row and ("dynamodb" in row or ("Keys" in row and "Metadata" in row)):
        return []  # a row was deleted
    several = row.get("Items")
    if isinstance(several, list) and several and all(typed(one) for one in several):
        return [untyped(one) for one in several]
    return None


def event(row: Row) -> tuple[list[Any], Any] | None:
    """Return what an event of Azure Event Hubs holds, and its time; None if the row is none."""
    if "EnqueuedTimeUtc" not in row or not row.keys() & {"Body", "body", "EventBody"}:
        return None
    body = next(row[name] for name in ("Body", "body", "EventBody") if name in row)
    content = _opened(body)
    records = content.get("records") if isinstance(content, dict) else content
    found = records if isinstance(records, list) else [content]
    return found, _hub_time(row["EnqueuedTimeUtc"])


def _opened(body: Any) -> Any:
    """Return a body that may be text, bytes, or text that holds the bytes."""
    if isinstance(body, dict) and len(body) == 1 and isinstance(body.get("bytes"), str):
        body = body["bytes"]  # a union, as Avro's own JSON has it
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    if not isinstance(body, str):
        return body
    if body.lstrip()[:1] not in ("{", "["):
        try:
            body = base64.b64decode(body, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return body
    return inner(body.strip("\ufeff \r\n"))


def _hub_time(value: Any) -> Any:
    """Return a time; capture files have it as 2/28/2026 1:05:00 PM, month first and in UTC."""
    if not isinstance(value, str) or not AMERICAN.fullmatch(value):
        return value
    try:
        return datetime.strptime(value, "%m/%d/%Y %I:%M:%S %p").strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return None


def table(row: Row) -> list[Any] | None:
    """Return the rows of a result of ClickHouse; None if the row is none."""
    meta, data = row.get("meta"), row.get("data")
    if not isinstance(meta, list) or not isinstance(data, list) or "rows" not in row:
        return None
    names = [column.get("name") for column in meta if isinstance(column, dict)]
    return [
        dict(zip(names, one, strict=False)) if isinstance(one, list) and len(one) == len(names) else one
        for one in data
    ]


def logged(row: Row) -> tuple[Row, Row] | None:
    """Return the call that a logger was given, and the fields beside it; None if the row is no such line.

    Where the line itself names an account, or has headers, the names of accounts inside are the client's.
    """
    for name in HOLDERS:
        inside = row.get(name)
        inside = inner(inside) if isinstance(inside, str) else inside
        if not isinstance(inside, dict) or SAID.isdisjoint(inside):
            continue
        beside = own_fields(row, name)
        for told in ("path", "status"):
            if (
                told in row
                and told not in inside
                and not (told == "status" and not isinstance(row[told], int))
            ):
                beside[told] = row[told]
        if not (SAID | NAMED - ACCOUNTS).isdisjoint(beside):
            return None
        if not ACCOUNTS.isdisjoint(beside) or any(told in beside for told in WHOSE):
            inside = {key: value for key, value in inside.items() if key not in ACCOUNTS}
        return inside, {key: value for key, value in beside.items() if key not in ("message", "msg", "event")}
    return None
