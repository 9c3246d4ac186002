"""What the spans of a trace tell of each other: which stands inside which, and who the client is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from stillwatch.ingest import otel_names as names
from stillwatch.ingest.otel_kinds import AROUND, CALL, kind_of
from stillwatch.ingest.otlp import Span
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.values import Row, absent, dig, moment, text

MOST = 10_000
"""Spans of one trace that are held; a client may name the trace of its requests and put all into one."""
MOST_IDS = 16
"""Ids of one span that are held."""
HIGHEST = 64
"""Spans between a call and the outermost span that is looked at."""


@dataclass(frozen=True)
class Fact:
    """What one span tells the others of its trace."""

    parent: str
    """Id of the span around it."""
    kind: str
    """What it is, as otel_kinds says."""
    serves: bool
    """Whether it answers a request: what stands around it is a request of its own."""
    start: Any
    """When it began."""
    end: Any
    """When it ended."""
    client: Row
    """What it says about the client."""
    ids: Row = field(default_factory=dict)
    """Its attributes that are ids, by whatever name, for `ingest.request_id_field`."""

    @property
    def names_account(self) -> bool:
        """Whether it says whose call it is."""
        return any(name in self.client for name in names.ACCOUNT)


Trace = dict[str, Fact]
"""Facts by the span's id."""


def facts_of(spans: Iterable[Span]) -> Iterator[tuple[str, str, Fact]]:
    """Return trace, span and fact of each span that has a trace; log records stand for no span."""
    for span in spans:
        if span.trace and not span.log:
            kind = kind_of(span)
            yield (
                span.trace,
                span.span,
                Fact(
                    span.parent,
                    kind,
                    span.kind in ("server", "consumer"),
                    span.start,
                    span.end,
                    client_of(span),
                    ids_of(span),
                ),
            )


def ids_of(span: Span) -> Row:
    """Return the attributes of a span whose names end as those of ids do; headers are lists of one."""
    found = {name: value for name, value in span.attributes.items() if name[-2:].lower() == "id"}
    return dict(islice(((name, value) for name, value in found.items() if not absent(value)), MOST_IDS))


def id_around(trace: Trace, parent: str, name: str) -> str | None:
    """Return an id by its name from the spans around a call, the innermost first.

    The span that answers a request is the last: what stands around it is another request.
    """
    seen: set[str] = set()
    while parent in trace and parent not in seen and len(seen) < HIGHEST:
        seen.add(parent)
        fact = trace[parent]
        value = dig(fact.ids, name)
        if found := text(value[0] if isinstance(value, list) and value else value):
            return found
        if fact.serves:
            return None
        parent = fact.parent
    return None


def client_of(span: Span) -> Row:
    """Return what a span says about the client.

    A span that calls another server knows only that server's address, and the user agent is its own.
    """
    wanted = names.HELD if span.kind in ("client", "producer") else names.CLIENT
    found = {
        name: value
        for name, value in span.attributes.items()
        if (name in wanted or name.startswith(names.STAINLESS)) and not absent(value)
    }
    for name in names.ACCOUNT:
        held = span.attributes.get("resource")
        if isinstance(held, dict) and name in held:
            found.setdefault(name, held[name])
    return found


def held(spans: list[Span], known: Mapping[str, Mapping[str, Fact]]) -> dict[str, Trace]:
    """Return the traces of a row's spans: what the row says, and what was found elsewhere."""
    traces: dict[str, Trace] = {}
    for trace, name, fact in facts_of(spans):
        facts = traces.setdefault(trace, {})
        if len(facts) < MOST:
            facts.setdefault(name, fact)
    for trace in {span.trace for span in spans} if known else ():
        for name, fact in known.get(trace, {}).items():
            traces.setdefault(trace, {}).setdefault(name, fact)
    return traces


def covered(trace: Trace) -> set[str]:
    """Return the ids of spans that tell of a call once more, from outside.

    One inside another means: a parent of it, within the same request to a server, and in its time. A client
    may name any span as the parent of its request, and must not hide another call by it.
    """
    found: set[str] = set()
    for name, fact in trace.items():
        if fact.kind == CALL:
            found.update(outer for outer in _around(trace, name) if within(fact, trace[outer]))
    calls = [fact for fact in trace.values() if fact.kind == CALL]
    for name, fact in trace.items():
        # An SDK writes such a span around each of its calls; exports may have lost the link between them.
        if fact.kind == AROUND and any(within(call, fact) for call in calls):
            found.add(name)
    return found


def _around(trace: Trace, name: str) -> Iterator[str]:
    """Return the calls around a span, nearest first, up to the server that answers the request."""
    seen = {name}
    fact = trace[name]
    for _ in range(HIGHEST):
        if fact.serves or fact.parent in seen or fact.parent not in trace:
            return
        seen.add(name := fact.parent)
        fact = trace[name]
        if fact.kind in (CALL, AROUND):
            yield name


def within(inner: Fact, outer: Fact) -> bool:
    """Return whether a span lies in the time of another."""
    try:
        begun, ended = moment(outer.start), moment(outer.end) if outer.end else None
        slack = 1_000_000  # microseconds; two clocks, or times cut to whole milliseconds
        return begun - slack <= moment(inner.start) and (
            ended is None or not inner.end or moment(inner.end) <= ended + slack
        )
    except BadRow:
        return False


def client_around(trace: Trace, name: str, parent: str) -> Row:
    """Return what other spans of its trace say about a call's client.

    First the spans around it, nearest first. Then those of the whole trace, where all that say something say
    the same: a client may name the trace of its requests, and two may name one.
    """
    found: Row = {}
    seen = {name}
    while parent and parent in trace and parent not in seen and len(seen) < HIGHEST:
        seen.add(parent)
        for key, value in trace[parent].client.items():
            found.setdefault(key, value)
        parent = trace[parent].parent
    spread: Row = {}
    for other, fact in trace.items():
        if other not in seen:
            for key, value in fact.client.items():
                spread[key] = value if spread.get(key, value) == value else None
    for key, value in spread.items():
        if value is not None:
            found.setdefault(key, value)
    return found
