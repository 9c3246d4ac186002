"""Spans -> requests: one call of a model gives one, however many spans tell of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stillwatch.ingest import otel_names as names
from stillwatch.ingest.addresses import joined
from stillwatch.ingest.conversation import answer_of, messages_of
from stillwatch.ingest.dialects import fill
from stillwatch.ingest.elsewhere import Wanting
from stillwatch.ingest.otel_fields import ASKED, fields_of
from stillwatch.ingest.otel_kinds import AROUND, CALL, kind_of
from stillwatch.ingest.otel_nested import functions_of
from stillwatch.ingest.otel_trace import Fact, Trace, client_around, covered, held, id_around, within
from stillwatch.ingest.otel_usage import count
from stillwatch.ingest.otel_words import Words, words_of
from stillwatch.ingest.otlp import Span
from stillwatch.ingest.parameters import output_format_of, parameters_of, stainless_of
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.request import Context, Request, SteppedOver
from stillwatch.ingest.secrets import any_account, clean_headers, first_account, last_account
from stillwatch.ingest.thoughts import with_thoughts
from stillwatch.ingest.values import (
    Row,
    absent,
    canonical,
    dig,
    inner,
    mapping_of,
    micro_dollars,
    text,
    whole,
)

Read = Request | BadRow | SteppedOver | Wanting


def calls_of(spans: list[Span], context: Context, *, apart: bool = False) -> Iterator[Read]:
    """Return the calls among a row's spans, and what the other spans are.

    The client is also looked up on other spans of the trace. apart: the row holds one span alone, as those of
    a table do, so that what stands inside it is in other rows.
    """
    kinds = [kind_of(span) for span in spans]
    traces = held(spans, context.elsewhere.known)
    outer = {name: covered(trace) for name, trace in traces.items()}
    calls: dict[int, tuple[Row, Row]] = {}
    keys: set[str] = set()
    whole = False
    for place, (span, kind) in enumerate(zip(spans, kinds, strict=True)):
        if kind not in (CALL, AROUND) or span.span in outer.get(span.trace, ()):
            continue
        attributes = _attributes(span, traces.get(span.trace, {}))
        calls[place] = attributes, fields_of(attributes)
        if not context.elsewhere.looked and span.trace and _wants(span, kind, calls[place], context, apart):
            keys.add(span.trace)
            whole = whole or span.log or _wants_inside(span, kind, apart)
        if not context.elsewhere.looked and _wants_id(span, attributes, traces, context):
            keys.add(span.trace)
            whole = True
    if keys:
        yield Wanting(tuple(sorted(keys)), whole)
        return
    for place, (span, kind) in enumerate(zip(spans, kinds, strict=True)):
        if place not in calls:
            yield SteppedOver(AROUND if kind == CALL else kind)
            continue
        fact = traces.get(span.trace, {}).get(span.span)
        if fact is not None and _seen_inside(span, fact, context):
            yield SteppedOver(AROUND)
            continue
        if span.parent and kind == CALL and fact is not None:
            context.elsewhere.saw_inside(span.trace, span.parent, fact)
        try:
            yield _request(span, *calls[place], traces.get(span.trace, {}), context)
        except BadRow as bad:
            yield bad


def _seen_inside(span: Span, fact: Fact, context: Context) -> bool:
    """Whether a row before told of this call from inside: what ends first is often written first."""
    inside = context.elsewhere.inside(span.trace, span.span)
    return inside is not None and not inside.serves and within(inside, fact)


def _wants(span: Span, kind: str, call: tuple[Row, Row], context: Context, apart: bool) -> bool:
    """Whether other rows of the file must be seen first: for the account, or for a call inside."""
    return _wants_inside(span, kind, apart) or _account(*call, context) is None


def _wants_inside(span: Span, kind: str, apart: bool) -> bool:
    return kind == AROUND or (apart and not span.log)


def _attributes(span: Span, trace: Trace) -> Row:
    """Return a call's attributes, with what other spans say of its client where it says nothing."""
    found = span.attributes
    if span.kind in ("client", "producer"):
        found = {name: value for name, value in found.items() if name not in names.PEER}
    if len(trace) < 2 and not span.log:
        return found
    own, outer = ("", span.span) if span.log else (span.span, span.parent)
    around = client_around(trace, own, outer)
    return {**found, **{name: value for name, value in around.items() if absent(found.get(name))}}


def _request(span: Span, attributes: Row, fields: Row, trace: Trace, context: Context) -> Request:
    """Return the request of a call with its attributes, and the fields that were found in them."""
    words = words_of(span)
    if words.details:
        attributes = {**words.details, **attributes}
        fields = fields_of(attributes)
    asked = _asked(attributes, fields, words)
    request = Request(time=context.moment(span.start, "startTimeUnixNano"))
    if words.body or words.reply is not None:
        fill(request, words.body, words.reply)
    if words.given is not None or words.system is not None:
        request.messages = messages_of(words.given, words.system) or request.messages
    if words.got is not None:
        request.answer = answer_of(words.got) or request.answer
    with_thoughts(
        request,
        words.reply if words.got is None else words.got,
        words.given if words.given is not None else words.body.get("messages"),
    )
    request.request_id = _chosen(span, attributes, trace, context) or _id(span, fields)
    request.account_id = _account(attributes, fields, context)
    request.model = fields.get("model") or text(asked.get("model"))
    request.status = _status(attributes, fields, span)
    count(request, attributes, fields)
    request.spend = micro_dollars(fields.get("spend"))
    request.duration_ms = context.span_ms(span.start, span.end) if span.end else None
    request.address = joined(fields.get("named_address"), fields.get("forwarded"), fields.get("peer"))
    request.asn = whole(fields.get("asn"))
    request.region = fields.get("region")
    request.user_agent = fields.get("user_agent")
    request.stainless = stainless_of(_headers(attributes))
    request.ja4 = fields.get("ja4")
    request.parameters = parameters_of(asked)
    request.end_user = _end_user(fields, context) or request.end_user
    request.conversation = fields.get("conversation")
    request.tools = _tools(attributes, fields, asked)
    request.output_format = output_format_of({**asked, "output_format": _format(fields)})
    return request


def _chosen(span: Span, attributes: Row, trace: Trace, context: Context) -> str | None:
    """Return the id that the operator's field names, of the call or else of a span around it."""
    if not context.request_id_field:
        return None
    own = text(_one(dig(attributes, context.request_id_field)))
    return own or id_around(trace, span.span if span.log else span.parent, context.request_id_field)


def _wants_id(span: Span, attributes: Row, traces: dict[str, Trace], context: Context) -> bool:
    """Whether the span with the operator's id may stand in another row."""
    return bool(
        context.request_id_field
        and span.trace
        and (span.parent or span.log)
        and _chosen(span, attributes, traces.get(span.trace, {}), context) is None
    )


def _id(span: Span, fields: Row) -> str | None:
    """Return the id of the call: its span, which a log record of the call names too.

    The provider's id stands on only one of the two, and a request's own id may stand for several calls.
    """
    if span.span:
        return ":".join(filter(None, (span.trace, span.span)))
    return fields.get("response_id") or span.trace or None


def _one(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _account(attributes: Row, fields: Row, context: Context) -> str | None:
    resource = attributes.get("resource")
    resource = resource if isinstance(resource, dict) else {}
    if context.account_field:
        both = {"a": attributes, "r": resource}
        return any_account(both, f"a.{context.account_field}", f"r.{context.account_field}")
    found = fields.get("account") or (fields_of(resource).get("account") if resource else None)
    return (
        found
        or first_account(attributes, *names.IN_METADATA)
        or last_account(*(attributes.get(name) for name in names.ACCOUNT))
    )


def _end_user(fields: Row, context: Context) -> str | None:
    """Return whom the call was made for, where somebody else is the account."""
    return fields.get("end_user" if context.account_field or "owner" in fields else "other_user")


def _status(attributes: Row, fields: Row, span: Span) -> int | None:
    code = whole(fields.get("status"))
    if code is not None:
        return code
    fault = str(attributes.get("error.type", ""))
    if span.failed or fault or attributes.get("langfuse.observation.level") == "ERROR":
        return int(fault) if fault.isdigit() and len(fault) == 3 else 500
    done = span.failed is False or attributes.get("gen_ai.response.finish_reasons")
    return 200 if done or attributes.get("ai.response.finishReason") else None


def _asked(attributes: Row, fields: Row, words: Words) -> Row:
    """Return the parameters of the call by their names in the API."""
    asked = {**words.body}
    for name in names.INVOCATION:
        if name in attributes:
            asked.update(mapping_of(attributes[name]))
    for name, value in fields.items():
        if name.startswith(ASKED):
            asked[name.removeprefix(ASKED)] = value
    return asked


def _headers(attributes: Row) -> Row:
    return clean_headers(
        {
            name.removeprefix(names.HEADER).replace("_", "-"): value
            for name, value in attributes.items()
            if name.startswith(names.HEADER)
        }
    )


def _tools(attributes: Row, fields: Row, asked: Row) -> str | None:
    given = inner(fields.get("tools")) or functions_of(attributes)
    given = given or inner(asked.get("tools")) or asked.get("functions") or asked.get("function_tools")
    return canonical(given, "tools")


def _format(fields: Row) -> Any:
    asked = inner(fields.get("output_format"))
    return None if asked in ("text", "") else {"type": asked} if isinstance(asked, str) else asked
