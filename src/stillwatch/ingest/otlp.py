"""Parse OTLP JSON: resources, scopes, spans, log records, and the wrappers around values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from stillwatch.ingest import otel_names as names
from stillwatch.ingest.values import Row, mapping_of


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
    events: list[tuple[str, Row, Any]] = field(default_factory=list)
    """Name, attributes and body of its events."""


def spans_of(row: Row) -> list[Span]:
    """Return every span in a row: an export request, an entry of one, or a single span or log record."""
    if "resourceSpans" in row or "resourceLogs" in row or "resource_spans" in row or "resource_logs" in row:
        entries = [
            e
            for name in ("resourceSpans", "resource_spans", "resourceLogs", "resource_logs")
            for e in row.get(name) or ()
        ]
        return [span for entry in entries for span in spans_of(entry)]
    if any(
        name in row
        for name in ("scopeSpans", "scope_spans", "instrumentationLibrarySpans", "scopeLogs", "scope_logs")
    ):
        return list(_entry(row))
    return (
        [_log(row, {})]
        if _is_log(row)
        else [_span(row, _attributes(mapping_of(row.get("resource")).get("attributes")))]
    )


def _entry(entry: Row) -> Iterator[Span]:
    resource = _attributes(mapping_of(entry.get("resource")).get("attributes"))
    for name in ("scopeSpans", "scope_spans", "instrumentationLibrarySpans"):
        for scope in entry.get(name) or ():
            yield from (_span(span, resource) for span in scope.get("spans") or ())
    logs: dict[tuple[str, str, int], Span] = {}
    for name in ("scopeLogs", "scope_logs"):
        for scope in entry.get(name) or ():
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
        for name in ("timeUnixNano", "observedTimeUnixNano", "eventName", "severityNumber", "body")
    )


def _span(span: Row, resource: Row) -> Span:
    context = mapping_of(span.get("context"))
    attributes = _attributes(span.get("attributes"))
    events = [_event(event) for event in span.get("events") or () if isinstance(event, dict)]
    return Span(
        {**attributes, "resource": resource} if resource else attributes,
        str(span.get("traceId") or span.get("trace_id") or context.get("trace_id") or ""),
        str(span.get("spanId") or span.get("span_id") or context.get("span_id") or ""),
        span.get("startTimeUnixNano") or span.get("start_time_unix_nano") or span.get("start_time"),
        span.get("endTimeUnixNano") or span.get("end_time_unix_nano") or span.get("end_time"),
        _failed(span.get("status")),
        events,
    )


def _failed(status: Any) -> bool | None:
    code = status.get("code", status.get("status_code")) if isinstance(status, dict) else status
    return (
        True
        if code in (2, "STATUS_CODE_ERROR", "ERROR")
        else False
        if code in (1, "STATUS_CODE_OK", "OK")
        else None
    )


def _event(event: Row) -> tuple[str, Row, Any]:
    attributes = _attributes(event.get("attributes"))
    return (
        str(event.get("name") or event.get("eventName") or attributes.get("event.name") or ""),
        attributes,
        plain(event.get("body")),
    )


def _log(record: Row, resource: Row) -> Span:
    name, attributes, body = _event(record)
    at = next(
        (
            record[n]
            for n in ("timeUnixNano", "time_unix_nano", "observedTimeUnixNano", "observed_time_unix_nano")
            if str(record.get(n) or "0") != "0"
        ),
        None,
    )
    trace, span = (
        str(record.get("traceId") or record.get("trace_id") or ""),
        str(record.get("spanId") or record.get("span_id") or ""),
    )
    return Span(
        {**attributes, "resource": resource} if resource else attributes,
        trace,
        span,
        at,
        None,
        None,
        [(name, attributes, body)],
    )


def _attributes(pairs: Any) -> Row:
    """Return attributes as an object, from an object or from OTLP's list of pairs."""
    if isinstance(pairs, dict):
        return {str(name): plain(value) for name, value in pairs.items()}
    if not isinstance(pairs, list):
        return {}
    return {
        str(pair["key"]): plain(pair.get("value"))
        for pair in pairs
        if isinstance(pair, dict) and "key" in pair
    }


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
        return _attributes(mapping_of(inside).get("values"))
    return value
