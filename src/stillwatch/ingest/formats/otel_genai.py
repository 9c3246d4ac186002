"""OpenTelemetry GenAI spans and events as OTLP JSON, by the current conventions and those up to 1.36."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from stillwatch.ingest import otel_names as names
from stillwatch.ingest.conversation import Messages, answer_of, messages_of
from stillwatch.ingest.otlp import Span, spans_of
from stillwatch.ingest.parameters import output_format_of, parameters_of, stainless_of
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.request import Context, Request
from stillwatch.ingest.sample import Sample
from stillwatch.ingest.secrets import clean_headers
from stillwatch.ingest.thoughts import with_thoughts
from stillwatch.ingest.values import (
    Row,
    canonical,
    dig,
    inner,
    mapping_of,
    path_of,
    span_ms,
    text,
    whole,
)
from stillwatch.registry import FORMATS, Format

INDEXED = re.compile(r"gen_ai\.(prompt|completion)\.(\d{1,4})\.(role|content)")
"""Attributes of instrumentations that wrote one message into several attributes."""
CLIENT = (
    *names.ACCOUNT,
    *names.ADDRESS,
    *names.USER_AGENT,
    *names.STATUS,
    *names.JA4,
    *names.CONVERSATION,
    "http.request.header.x-request-id",
)


def detect(sample: Sample) -> float:
    """OTLP's own envelope, or single spans with GenAI attributes."""
    outer = (
        "resourceSpans",
        "resourceLogs",
        "resource_spans",
        "resource_logs",
        "scopeSpans",
        "scopeLogs",
        "scope_spans",
        "scope_logs",
    )
    if any(sample.has(name) for name in outer):
        return 0.95
    if not sample.has("attributes") or not (
        sample.columns & {"spanId", "span_id", "context", "traceId", "trace_id"}
    ):
        return 0.0
    return 0.85 if any(_is_genai(span) for row in sample.rows for span in spans_of(row)) else 0.3


def read(row: Row, context: Context) -> Iterator[Request | BadRow]:
    """Read every request to a model among a row's spans and events.

    The client is also looked up on the other spans of the trace.
    """
    spans = spans_of(row)
    around = _around(spans)
    for span in spans:
        if not _is_genai(span):
            continue
        span.attributes = {**around.get(span.trace, {}), **span.attributes}
        try:
            yield _request(span, context)
        except BadRow as bad:
            yield bad


def _is_genai(span: Span) -> bool:
    operation = span.attributes.get(names.OPERATION)
    if operation is not None:
        return operation in names.ASKS
    if any(name.startswith(names.PREFIX) for name, _, _ in span.events):
        return True
    return any(name in span.attributes for name in (*names.MODEL, *names.INPUT, *names.INPUT_TOKENS))


def _around(spans: list[Span]) -> dict[str, Row]:
    """Return what other spans of each trace (such as the HTTP server's) say about the client."""
    found: dict[str, Row] = {}
    for span in spans:
        if span.trace and not _is_genai(span):
            known = found.setdefault(span.trace, {})
            for name, value in span.attributes.items():
                if name in CLIENT or name.startswith(names.HEADER + "x-stainless"):
                    known.setdefault(name, value)
    return found


def _request(span: Span, context: Context) -> Request:
    old = _events(span)
    attributes = {**old.details, **span.attributes}
    given, got = inner(_first(attributes, names.INPUT)), inner(_first(attributes, names.OUTPUT))
    asked = {
        ours: attributes[name] for name, ours in names.PARAMETERS.items() if attributes.get(name) is not None
    }
    headers = clean_headers(
        {
            k.removeprefix(names.HEADER).replace("_", "-"): v
            for k, v in attributes.items()
            if k.startswith(names.HEADER)
        }
    )
    request = Request(
        request_id=text(_first(attributes, names.REQUEST_ID))
        or ":".join(filter(None, (span.trace, span.span)))
        or None,
        account_id=text(_account(attributes, context)),
        time=context.moment(span.start, "startTimeUnixNano"),
        model=text(_first(attributes, names.MODEL)),
        status=_status(attributes, span),
        input_tokens=whole(_first(attributes, names.INPUT_TOKENS)),
        output_tokens=whole(_first(attributes, names.OUTPUT_TOKENS)),
        reasoning_tokens=whole(_first(attributes, names.REASONING_TOKENS)),
        duration_ms=span_ms(span.start, span.end) if span.end else None,
        address=path_of(_first(attributes, names.ADDRESS)),
        asn=whole(_first(attributes, names.ASN)),
        region=text(_first(attributes, names.REGION)),
        user_agent=text(_first(attributes, names.USER_AGENT)),
        stainless=stainless_of(headers),
        ja4=text(_first(attributes, names.JA4)),
        parameters=parameters_of(asked),
        end_user=text(_first(attributes, names.END_USER)) if _first(attributes, names.ACCOUNT[:2]) else None,
        conversation=text(_first(attributes, names.CONVERSATION)),
        messages=_said(attributes, given) or old.said or None,
        tools=canonical(inner(_first(attributes, names.TOOLS)), "tools"),
        output_format=output_format_of({"output_format": _format(attributes)}),
        answer=answer_of(got) or answer_of(_indexed(attributes, "completion")) or old.answer,
    )
    return with_thoughts(request, got or old.got, given or old.given)


def _first(attributes: Row, known: tuple[str, ...]) -> Any:
    """Return the first attribute present; headers come as lists of one."""
    for name in known:
        value = attributes.get(name)
        if value is not None and value != "":
            return (
                ", ".join(map(str, value)) if isinstance(value, list) and name.startswith("http.") else value
            )
    return None


def _account(attributes: Row, context: Context) -> Any:
    resource = mapping_of(attributes.get("resource"))
    if context.account_field:
        return dig(attributes, context.account_field) or dig(resource, context.account_field)
    return _first(attributes, names.ACCOUNT) or _first(resource, names.ACCOUNT)


def _status(attributes: Row, span: Span) -> int | None:
    code = whole(_first(attributes, names.STATUS))
    if code is not None:
        return code
    fault = str(attributes.get("error.type", ""))
    if span.failed or fault:
        return int(fault) if fault.isdigit() and len(fault) == 3 else 500
    return 200 if span.failed is False or attributes.get("gen_ai.response.finish_reasons") else None


def _format(attributes: Row) -> Any:
    asked = inner(_first(attributes, names.OUTPUT_FORMAT))
    return None if asked in ("text", "") else {"type": asked} if isinstance(asked, str) else asked


def _said(attributes: Row, given: Any) -> Messages | None:
    return messages_of(
        given if given is not None else _indexed(attributes, "prompt"), _first(attributes, names.SYSTEM)
    )


def _indexed(attributes: Row, which: str) -> list[Row] | None:
    found: dict[int, Row] = {}
    for name, value in attributes.items():
        match = INDEXED.fullmatch(name)
        if match and match[1] == which:
            found.setdefault(int(match[2]), {})[match[3]] = inner(value)
    return [found[i] for i in sorted(found)] or None


@dataclass
class _Old:
    """The content of events."""

    said: Messages = field(default_factory=list)
    """Messages of the events up to 1.36."""
    given: list[Any] = field(default_factory=list)
    """The same, as they were logged."""
    got: list[Any] = field(default_factory=list)
    """Answers of those events, as they were logged."""
    details: Row = field(default_factory=dict)
    """Attributes of the current event."""

    @property
    def answer(self) -> str | None:
        """The answers' text."""
        return "\n".join(filter(None, map(answer_of, self.got))) or None


def _events(span: Span) -> _Old:
    found = _Old()
    for name, attributes, body in span.events:
        if name == names.DETAILS:
            found.details.update(attributes)
            found.details.update(mapping_of(body))
        elif name == names.OLD_PROMPT:
            found.given.append(inner(_first(attributes, names.INPUT)))
            found.said.extend(messages_of(found.given[-1]) or [])
        elif name == names.OLD_COMPLETION:
            found.got.append(inner(_first(attributes, names.OUTPUT)))
        elif name in names.OLD_MESSAGES:
            found.given.append({"role": names.OLD_MESSAGES[name], **_content(attributes, body)})
            found.said.extend(messages_of(found.given[-1:]) or [])
        elif name == names.OLD_CHOICE:
            found.got.append(_content(attributes, body))
    return found


def _content(attributes: Row, body: Any) -> Row:
    """Return an old event's body, wherever it is."""
    for found in (body, attributes.get(names.OLD_CONTENT)):
        found = inner(found)
        if isinstance(found, dict):
            return found
        if isinstance(found, str) and found:
            return {"content": found}
    return {
        name: inner(attributes[name]) for name in ("content", "message", "tool_calls") if name in attributes
    }


FORMATS.add(
    "otel_genai",
    Format(
        name="otel_genai",
        title="OpenTelemetry GenAI spans and events as OTLP JSON",
        source="open-telemetry/semantic-conventions-genai, schema 1.42; semantic-conventions up to 1.36",
        suffixes=(".json", ".jsonl", ".ndjson"),
        detect=detect,
        read=read,
        blind_spots="Words only where content capture is on. The account is seen only where spans carry "
        "user.id or the like; spans of one trace are joined within one export batch.",
    ),
)
