"""One request as a format returns it, before it is checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.ingest.conversation import Messages
from stillwatch.ingest.elsewhere import Elsewhere
from stillwatch.ingest.mapping import Mapping
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.times import TimeRules
from stillwatch.ingest.values import Row, moment, span_ms
from stillwatch.schema.requests import MESSAGE, REQUESTS


@dataclass(frozen=True)
class Context:
    """What a format may need besides the row."""

    account_field: str = ""
    """The field that names the account; empty: the format's usual one."""
    mapping: Mapping | None = None
    """Where the generic reader finds each column."""
    request_id_field: str = ""
    """The field that names the request, in traces; empty: trace and span."""
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    """What other rows say of this one."""

    times: TimeRules = field(default_factory=TimeRules)
    """How times are read that do not say their form or zone."""

    def moment(self, value: Any, column: str = "time", unit: str = "") -> int:
        """Return a time of a row as microseconds since 1970, UTC. Raises BadRow."""
        try:
            return moment(value, column, unit, self.times)
        except BadRow as bad:
            bad.required = True
            raise

    def span_ms(self, start: Any, end: Any) -> int | None:
        """Return milliseconds between two times of a row; None if one cannot be read or they are swapped."""
        return span_ms(start, end, self.times)


@dataclass(frozen=True)
class SteppedOver:
    """A row that is no request to a language model; a format yields it in place of one, and it is counted."""

    kind: str
    """What it is instead, in the plural: embeddings, health checks …"""


Numbered = Iterator[tuple[int, Row | BadRow | SteppedOver]]
"""Rows of a file with their numbers, or why a row is none."""


@dataclass(slots=True)
class Request:
    """The columns of REQUESTS, with the time in microseconds and the address as proxies wrote it."""

    request_id: str | None = None
    account_id: str | None = None
    time: int | None = None
    model: str | None = None
    status: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    cache_written_tokens: int | None = None
    spend: int | None = None
    duration_ms: int | None = None
    address: str | None = None
    asn: int | None = None
    network_class: str | None = None
    region: str | None = None
    user_agent: str | None = None
    stainless: str | None = None
    ja4: str | None = None
    parameters: str | None = None
    end_user: str | None = None
    device: str | None = None
    conversation: str | None = None
    messages: Messages | None = None
    tools: str | None = None
    output_format: str | None = None
    answer: str | None = None
    signatures: list[str] | None = None
    signed: list[str] | None = None
    reasoning_chars: int | None = None


COLUMNS = tuple(f.name for f in fields(Request))
PLAIN = tuple(name for name in COLUMNS if name != "messages")
_plain_values = attrgetter(*PLAIN)
RAW_TYPES = {
    c.name: pa.int64() if pa.types.is_integer(c.type) or pa.types.is_timestamp(c.type) else c.type
    for c in REQUESTS.columns
}


@dataclass
class MessageColumn:
    """Messages of many requests, flat, in the form that Arrow needs."""

    roles: list[str] = field(default_factory=list)
    """Role of each message."""
    texts: list[str] = field(default_factory=list)
    """Text of each message."""
    offsets: list[int] = field(default_factory=lambda: [0])
    """Where each request's messages begin, and the end of the last."""
    absent: list[bool] = field(default_factory=list)
    """Whether the log held no text of the request."""

    def add(self, messages: Messages | None) -> None:
        """Append one request's messages."""
        if messages:
            for role, words in messages:
                self.roles.append(role)
                self.texts.append(words)
        self.close(absent=messages is None)

    def close(self, *, absent: bool) -> None:
        """End one request."""
        self.offsets.append(len(self.texts))
        self.absent.append(absent)

    def array(self) -> Any:
        """Return the Arrow column."""
        roles = pa.array(self.roles, pa.string())
        texts = pa.array(self.texts, pa.string())
        values = pa.StructArray.from_arrays([roles, texts], fields=list(MESSAGE))
        return pa.ListArray.from_arrays(
            pa.array(self.offsets, pa.int32()), values, mask=pa.array(self.absent, pa.bool_())
        )


@dataclass
class Raw:
    """Columns of requests before they are checked; an absent column is all null."""

    rows: npt.NDArray[np.int64]
    """Row numbers in the file."""
    columns: dict[str, Any]
    """Arrays of RAW_TYPES by name."""
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    """Places in these columns that could not be read: index, column, reason."""
    stepped: list[tuple[int, str]] = field(default_factory=list)
    """Rows that are no requests to a language model: index and kind, as in SteppedOver."""


AT_ONCE = 512
"""Requests that are held as objects; more are put into columns, so that few objects live at a time."""


class Builder:
    """Collects requests until a batch is full."""

    def __init__(self) -> None:
        self._empty()

    def _empty(self) -> None:
        self.rows: list[int] = []
        self.bytes = 0
        self._values: list[Sequence[Any]] = []
        self._messages = MessageColumn()
        self._pieces: list[list[Any]] = []

    def add(self, row: int, request: Request) -> None:
        """Append one request read from a row."""
        self.add_plain(row, _plain_values(request), request.messages, _size(request))

    def add_plain(self, row: int, values: Sequence[Any], messages: Messages | None, size: int) -> None:
        """Append the columns PLAIN of one request and its messages; size: characters of its words."""
        self.rows.append(row)
        self._values.append(values)
        self._messages.add(messages)
        self.bytes += 200 + size
        if len(self._values) >= AT_ONCE:
            self._settle()

    def take(self) -> Raw:
        """Return the collected requests; the builder is empty afterwards."""
        if self._values or not self._pieces:
            self._settle()
        arrays = [
            pieces[0] if len(pieces) == 1 else pa.concat_arrays(pieces)
            for pieces in zip(*self._pieces, strict=True)
        ]
        raw = Raw(np.array(self.rows, np.int64), dict(zip((*PLAIN, "messages"), arrays, strict=True)))
        self._empty()
        return raw

    def _settle(self) -> None:
        """Put the requests that are held as objects into columns."""
        lists: Iterable[Sequence[Any]] = (
            zip(*self._values, strict=True) if self._values else ((),) * len(PLAIN)
        )
        columns = [pa.array(values, RAW_TYPES[name]) for name, values in zip(PLAIN, lists, strict=True)]
        self._pieces.append([*columns, self._messages.array()])
        self._values, self._messages = [], MessageColumn()


def _size(request: Request) -> int:
    messages: Iterable[tuple[str, str]] = request.messages or ()
    signatures = (*(request.signatures or ()), *(request.signed or ()))
    return (
        sum(len(words) for _, words in messages)
        + len(request.answer or "")
        + len(request.tools or "")
        + sum(map(len, signatures))
    )
