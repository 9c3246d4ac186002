"""Spans as OTLP writes them."""

from __future__ import annotations

from typing import Any

AT = "1769940000000000000"


def wrap(value: Any) -> Any:
    """A value as OTLP writes it."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [wrap(v) for v in value]}}
    return {"kvlistValue": {"values": pairs(value)}}


def pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """Attributes as OTLP writes them."""
    return [{"key": name, "value": wrap(value)} for name, value in attributes.items()]


def span(
    attributes: dict[str, Any],
    *,
    name: str = "chat m",
    span_id: str = "b1",
    events: list[dict[str, Any]] | None = None,
    trace: str = "a1",
    parent: str = "",
    kind: int = 0,
    ms: tuple[int, int] = (0, 2000),
) -> dict[str, Any]:
    """A span; ms: when it begins and ends, after AT."""
    return {
        "traceId": trace,
        "parentSpanId": parent,
        "kind": kind,
        "spanId": span_id,
        "name": name,
        "startTimeUnixNano": str(int(AT) + ms[0] * 1_000_000),
        "endTimeUnixNano": str(int(AT) + ms[1] * 1_000_000),
        "status": {},
        "attributes": pairs(attributes),
        "events": events or [],
    }


def export(*spans: dict[str, Any]) -> dict[str, Any]:
    """An export of spans."""
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": pairs({"service.name": "gw"})},
                "scopeSpans": [{"scope": {}, "spans": list(spans)}],
            }
        ]
    }
