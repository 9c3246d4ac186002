"""Parse OTLP JSON: resources, scopes, spans, log records, and the wrappers around values."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from stillwatch.ingest import otel_names as names
from stillwatch.ingest.values import LONGEST_ID, Row, inner, mapping_of, text

EXPORTS = ("resourceSpans", "resource_spans", "resourceLogs", "resource_logs", "batches")
"""Lists of entries in an export, and in an answer of Tempo."""
ENTRIES = (
    "scopeSpans",
    "scope_spans",
    "instrumentationLibrarySpans",
    "instrumentation_library_spans",
    "scopeLogs",
    "scope_logs",
)
"""Lists inside an entry."""
LOG_TIMES = (
    "timeUnixNano",
    "time_unix_nano",
    "timestamp",
    "observedTimeUnixNano",
    "observed_time_unix_nano",
    "observed_timestamp",
)
NESTED = frozenset({"llm", "input", "output", "openinference", "gen_ai", "user", "session", "http", "client"})
"""Heads of names that some stores unfold into objects."""
DEEPEST = 8
"""Levels of such objects that are folded back."""


@dataclass
class Span:
    """A span, or the log records that belong to one."""

    attributes: Row
    """Its attributes by name, unwrapped; those of the resource under `resource`."""
    trace: str = ""
    """Trace id."""
    span: str = ""
    """Span id."""
    start: Any = None
    """When it began."""
    end: Any = None
    """When it ended."""
    failed: bool | None = None
    """Whether its status says so; None where there is no status."""
    parent: str = ""
    """Id of the span around it."""
    name: str = ""
    """Its name."""
    kind: str = ""
    """server, client, internal, producer or consumer; empty where it is not said."""
    log: bool = False
    """Whether it is made of log records."""
    events: list[tuple[str, Row, Any]] = field(default_factory=list)
    """Name, attributes and body of its events."""


def spans_of(row: Row) -> list[Span]:
    """Return every span in a row: an export request, an entry of one, or a single span or log record."""
    if isinstance(row.get("trace"), dict):
        return spans_of(row["trace"])
    if any(name in row for name in EXPORTS):
        entries = [e for name in EXPORTS for e in row.get(name) or ()]
        return [span for entry in entries for span in _entry(entry)]
    if any(name in row for name in ENTRIES):
        return list(_entry(row))
    return (
        [_log(row, {})]
        if _is_log(row)
        else [_span(row, attributes_of(mapping_of(row.get("resource")).get("attributes")))]
    )


def _entry(entry: Row) -> Iterator[Span]:
    resource = attributes_of(mapping_of(entry.get("resource")).get("attributes"))
    logs: dict[tuple[str, str, int], Span] = {}
    for name in ENTRIES:
        for scope in entry.get(name) or ():
            yield from (_span(span, resource) for span in scope.get("spans") or ())
            for record in scope.get("logRecords") or scope.get("log_records") or ():
                _gather(logs, _log(record, resource))
    yield from logs.values()


def _gather(logs: dict[tuple[str, str, int], Span], record: Span) -> None:
    """Collect log records by span.

    Old events carry one message each, so those of one span are joined. A current event is complete.
    """
    alone = len(logs) if not record.span or any(name == names.DETAILS for name, _, _ in record.events) else -1
    known = logs.setdefault((record.trace, record.span, alone), record)
    if known is not record:
        known.events.extend(record.events)
        known.attributes = {**record.attributes, **known.attributes}


def _is_log(row: Row) -> bool:
    return any(
        name in row
        for name in (
            "timeUnixNano",
            "observedTimeUnixNano",
            "eventName",
            "event_name",
            "severityNumber",
            "severity_number",
            "body",
        )
    )


def _span(span: Row, resource: Row) -> Span:
    context = mapping_of(span.get("context"))
    attributes = attributes_of(span.get("attributes"))
    events = [_event(event) for event in span.get("events") or () if isinstance(event, dict)]
    return Span(
        {**attributes, "resource": resource} if resource else attributes,
        id_of(span.get("traceId") or span.get("trace_id") or context.get("trace_id")),
        id_of(span.get("spanId") or span.get("span_id") or context.get("span_id")),
        span.get("startTimeUnixNano") or span.get("start_time_unix_nano") or span.get("start_time"),
        span.get("endTimeUnixNano") or span.get("end_time_unix_nano") or span.get("end_time"),
        failed_of(span.get("status") or span.get("status_code")),
        parent_of(span.get("parentSpanId") or span.get("parent_span_id") or span.get("parent_id")),
        str(span.get("name") or ""),
        kind_of(span.get("kind")),
        events=events,
    )


def id_of(value: Any) -> str:
    """Return the id of a trace or span as its hex digits; protobuf writes it as base64 instead."""
    if not isinstance(value, str):
        return text(value) or ""
    value = value[:LONGEST_ID]
    found: str = value.strip().lower().removeprefix("0x")
    if not value.endswith("=") or len(value) not in (12, 24):
        return found
    try:
        return base64.b64decode(value, validate=True).hex()
    except (binascii.Error, ValueError):
        return found


def parent_of(value: Any) -> str:
    """Return the id of the span around one; empty where there is none, which some write as zeros."""
    found = id_of(value)
    return found if found.strip("0") else ""


KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}


def kind_of(value: Any) -> str:
    """Return a span's kind in one word."""
    if isinstance(value, int):
        return KINDS.get(value, "")
    if not isinstance(value, str):
        return ""
    found = value.lower().removeprefix("spankind.").removeprefix("span_kind_")
    return KINDS.get(int(found), "") if found.isdigit() and len(found) < 3 else found


def failed_of(status: Any) -> bool | None:
    """Return whether a status says that the call failed; None where it says nothing."""
    code = status.get("code", status.get("status_code")) if isinstance(status, dict) else status
    return (
        True
        if code in (2, "2", "STATUS_CODE_ERROR", "ERROR", "Error")
        else False
        if code in (1, "1", "STATUS_CODE_OK", "OK", "Ok")
        else None
    )


def _event(event: Row) -> tuple[str, Row, Any]:
    attributes = attributes_of(event.get("attributes"))
    return (
        str(
            event.get("name")
            or event.get("eventName")
            or event.get("event_name")
            or attributes.get("event.name")
            or ""
        ),
        attributes,
        plain(event.get("body")),
    )


def _log(record: Row, resource: Row) -> Span:
    name, attributes, body = _event(record)
    at = next(
        (record[n] for n in LOG_TIMES if str(record.get(n) or "0") != "0"),
        None,
    )
    return Span(
        {**attributes, "resource": resource} if resource else attributes,
        id_of(record.get("traceId") or record.get("trace_id")),
        id_of(record.get("spanId") or record.get("span_id")),
        at,
        log=True,
        events=[(name, attributes, body)],
    )


def attributes_of(pairs: Any) -> Row:
    """Return attributes as an object, from an object or from OTLP's list of pairs."""
    pairs = inner(pairs)
    if isinstance(pairs, dict):
        found: Row = {}
        for name, value in pairs.items():
            _fold(found, str(name), plain(value), 0 if name in NESTED else DEEPEST)
        return found
    if not isinstance(pairs, list):
        return {}
    return {
        str(pair["key"]): plain(pair.get("value"))
        for pair in pairs
        if isinstance(pair, dict) and "key" in pair
    }


def _fold(found: Row, name: str, value: Any, depth: int) -> None:
    if type(value) is not dict or depth >= DEEPEST:
        found[name] = value
        return
    for key, inside in value.items():
        _fold(found, f"{name}.{key}", inside, depth + 1)


_SIMPLE = frozenset(
    [
        "stringValue",
        "string_value",
        "doubleValue",
        "double_value",
        "boolValue",
        "bool_value",
        "bytesValue",
        "bytes_value",
    ]
)


def plain(value: Any) -> Any:
    """Return a value without OTLP's wrapper (AnyValue)."""
    if type(value) is not dict or len(value) != 1:
        return value
    kind, inside = next(iter(value.items()))
    if kind in _SIMPLE:
        return inside
    if kind in ("intValue", "int_value"):
        return (
            int(inside)
            if isinstance(inside, str) and len(inside) < 40 and inside.lstrip("-").isdecimal()
            else inside
        )
    if kind in ("arrayValue", "array_value"):
        return [plain(item) for item in mapping_of(inside).get("values") or ()]
    if kind in ("kvlistValue", "kvlist_value"):
        return attributes_of(mapping_of(inside).get("values"))
    return value
