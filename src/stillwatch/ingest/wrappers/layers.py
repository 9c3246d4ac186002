"""One layer around a log's row, by who puts it there.

Each function returns what is inside, or None if the row is no wrapper of its kind. Sources: Docker's
json-file driver; fluent-bit and Vector; CloudWatch Logs (subscription filters, FilterLogEvents); LogEntry of
Google Cloud Logging; Elasticsearch's search and bulk APIs; Loki's HTTP API; journald's JSON export; Splunk's
export and HTTP event collector; SNS, EventBridge, Pub/Sub, Firehose; CloudEvents 1.0; Azure's ContainerLogV2.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from stillwatch.ingest.wrappers import http_pairs, records
from stillwatch.ingest.wrappers.outer import NAMED, own_fields, shipped
from stillwatch.ingest.wrappers.typed_values import typed, untyped

Row = dict[str, Any]


@dataclass(frozen=True)
class Inside:
    """What a layer holds."""

    content: Any
    """An object, or text that may be a line of a log."""
    time: Any = None
    """When the wrapper says that it was."""
    surely: bool = True
    """Whether the wrapper is one whatever is inside; else only text that holds an object is taken out."""
    beside: Row | None = None
    """Fields of the wrapper that belong to the row."""
    over: Row | None = None
    """Fields of the row itself, where it is more than a wrapper: what is inside does not replace them."""


Layer = Callable[[Row], list[Inside] | None]
OWN = frozenset(
    [
        "model",
        "messages",
        "prompt",
        "request",
        "response",
        "role",
        "content",
        "answer",
        "completion",
        "choices",
        "usage",
        "account",
        "account_id",
        "user",
        "user_id",
        "api_key",
        "api_key_id",
        "startTime",
        "conversation",
        "conversation_id",
        "session_id",
        "input_tokens",
        "output_tokens",
        "prompt_tokens",
        "completion_tokens",
        "call_type",
        "contents",
    ]
)
"""Fields of a log's own row: one that has them is no wrapper, whatever else it holds."""
TEXTS = ("log", "message", "MESSAGE", "@message", "msg", "line", "LogMessage", "LogEntry", "Log_s", "_raw")
"""Fields that hold a line of another log."""
COLLECTED = {"time", "host", "source", "sourcetype", "index", "event", "fields"}
"""Fields of Splunk's HTTP event collector."""
BULK = {"_index", "_id", "_type", "routing"}
TIMES = (
    "@timestamp",
    "timestamp",
    "time",
    "_time",
    "Timestamp",
    "date",
    "TimeGenerated",
    "eventTime",
    "ts",
    "@t",
    "datetime",
    "asctime",
)


def time_of(row: Row) -> Any:
    """Return the time that a wrapper tells."""
    for name in TIMES:
        if isinstance(value := row.get(name), str | int | float) and not isinstance(value, bool):
            return value
    micros = row.get("__REALTIME_TIMESTAMP")
    return int(micros) if isinstance(micros, str) and micros.isdecimal() and len(micros) < 20 else None


def _text(row: Row) -> list[Inside] | None:
    """A field that holds a line of another log; the names of shippers.

    Without a mark of a shipper it may as well hold what a client wrote, so a row with an account or words of
    its own stays as it is.
    """
    if not OWN.isdisjoint(row):
        return None
    by_shipper = shipped(row)
    for name in TEXTS:
        value = row.get(name)
        if name == "MESSAGE" and isinstance(value, list):
            value = _bytes(value)
        if isinstance(value, str):
            surely = by_shipper or name in ("@message", "_raw")
            if not surely and not NAMED.isdisjoint(row):
                return None
            return [Inside(value, time_of(row), surely, over=own_fields(row, name))]
        if name == "message" and "subscription" in row and isinstance(value, dict):
            if not isinstance(value.get("data"), str):
                return None
            return _decoded(value["data"], value.get("publishTime"))
    return None


def _bytes(value: list[Any]) -> str | None:
    """journald writes text that is no UTF-8, or is long, as a list of bytes."""
    try:
        return bytes(value).decode("utf-8", "replace")
    except (TypeError, ValueError):
        return None


def _decoded(text: str, time: Any) -> list[Inside] | None:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return [Inside(data.decode("utf-8", "replace"), time, False)]


def _cloudwatch(row: Row) -> list[Inside] | None:
    events = row.get("logEvents")
    if events is None:
        events = row.get("events") if {"searchedLogStreams", "nextForwardToken"} & row.keys() else None
    if not isinstance(events, list):
        return None
    if row.get("messageType") == "CONTROL_MESSAGE":
        return []
    return [Inside(e.get("message"), e.get("timestamp")) for e in events if isinstance(e, dict)]


def _google(row: Row) -> list[Inside] | None:
    payload = row.get("jsonPayload", row.get("json_payload"))
    if isinstance(payload, dict) and OWN.isdisjoint(row):
        kind = str(payload.get("@type", payload.get("_type", "")))
        if "loadbalancing" in kind:
            return None
        beside: Row = {
            name: row[name] for name in ("httpRequest", "trace", "spanId", "labels") if name in row
        }
        return [Inside(payload, row.get("timestamp"), beside=beside)]
    text = row.get("textPayload", row.get("text_payload"))
    if isinstance(text, str) and OWN.isdisjoint(row):
        return [Inside(text, row.get("timestamp"))]
    return None


def _elastic(row: Row) -> list[Inside] | None:
    source = row.get("_source")
    if isinstance(source, dict) and OWN.isdisjoint(row):
        return [Inside(source)]
    hits = row.get("hits")
    if isinstance(hits, dict) and isinstance(hits.get("hits"), list):
        return [Inside(hit) for hit in hits["hits"]]
    if len(row) == 1:
        ((name, header),) = row.items()
        if name in ("index", "create") and isinstance(header, dict) and header.keys() <= BULK:
            return []
    return None


def _loki(row: Row) -> list[Inside] | None:
    data = row.get("data")
    streams = row.get("streams")
    if isinstance(data, dict) and data.get("resultType") == "streams":
        streams = data.get("result")
    if not isinstance(streams, list):
        return None
    return [Inside(value[1], value[0]) for value in _values(streams) if len(value) > 1]


def _values(streams: list[Any]) -> Iterator[list[Any]]:
    for stream in streams:
        values = stream.get("values") if isinstance(stream, dict) else None
        for value in values if isinstance(values, list) else ():
            if isinstance(value, list):
                yield value


def _events(row: Row) -> list[Inside] | None:
    """Envelopes of event buses and collectors."""
    if isinstance(row.get("result"), dict) and ("preview" in row or "_raw" in row["result"]):
        return [Inside(row["result"], row["result"].get("_time"))]
    collected = "sourcetype" in row or ("event" in row and row.keys() <= COLLECTED)
    if collected and isinstance(row.get("event"), dict | str) and OWN.isdisjoint(row):
        return [Inside(row["event"], row.get("time"))]
    if row.get("Type") == "Notification" and isinstance(row.get("Message"), str):
        return [Inside(row["Message"], row.get("Timestamp"))]
    if "detail-type" in row and isinstance(row.get("detail"), dict):
        return [Inside(row["detail"], row.get("time"))]
    if "specversion" in row and isinstance(row.get("data"), dict | str):
        return [Inside(row["data"], row.get("time"))]
    if isinstance(row.get("rawData"), str) and "attemptsMade" in row:
        return _decoded(row["rawData"], None)
    told = row.get("attributes")
    if isinstance(told, dict) and (row.get("type") == "log" or "service" in told):
        own = told.get("attributes")
        return [Inside(own if isinstance(own, dict) else told, told.get("timestamp"))]
    if {"_id", "date", "service"} <= row.keys() and isinstance(row.get("attributes"), dict):
        return [Inside(row["attributes"], row["date"])]
    return None


def _records(row: Row) -> list[Inside] | None:
    """Rows of databases and event hubs, calls in archives, results of queries."""
    if typed(row):
        return [Inside(untyped(row))]
    if not OWN.isdisjoint(row):
        return None
    if (event := records.event(row)) is not None:
        return [Inside(content, event[1]) for content in event[0]]
    for layer in (records.items, http_pairs.archive, records.table):
        if (found := layer(row)) is not None:
            return [Inside(one) for one in found]
    return None


def _logged(row: Row) -> list[Inside] | None:
    """Lines of web servers and loggers that have a call under one of their fields."""
    if records.SAID.isdisjoint(row) and (served := http_pairs.served(row)) is not None:
        return [Inside(served)]
    if (logged := records.logged(row)) is not None:
        return [Inside(logged[0], time_of(row), over=logged[1])]
    return None


LAYERS: tuple[Layer, ...] = (_cloudwatch, _google, _elastic, _loki, _events, _records, _logged, _text)
MARKS = frozenset(
    [
        "log",
        "message",
        "MESSAGE",
        "@message",
        "msg",
        "line",
        "LogMessage",
        "LogEntry",
        "Log_s",
        "_raw",
        "logEvents",
        "searchedLogStreams",
        "nextForwardToken",
        "jsonPayload",
        "json_payload",
        "textPayload",
        "text_payload",
        "_source",
        "hits",
        "index",
        "create",
        "streams",
        "data",
        "result",
        "sourcetype",
        "event",
        "Message",
        "detail",
        "specversion",
        "rawData",
        "attributes",
        "@timestamp",
        "Item",
        "Items",
        "dynamodb",
        "NewImage",
        "OldImage",
        "EnqueuedTimeUtc",
        "req",
        "meta",
        "context",
        "extra",
        "details",
        "fields",
        "props",
        "Properties",
    ]
)
"""Fields without which a row is no wrapper."""
