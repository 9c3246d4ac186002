"""Rows without what shippers put around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stillwatch.ingest.quarantine import Aside, BadRow
from stillwatch.ingest.request import Numbered
from stillwatch.ingest.values import Row
from stillwatch.ingest.wrappers.layers import LAYERS, MARKS, Inside
from stillwatch.ingest.wrappers.text_lines import Piece, cri, line_of
from stillwatch.ingest.wrappers.typed_values import typed

DEEPEST = 5
"""Wrappers within one another that are taken off."""
TIMES = frozenset(
    [
        "time",
        "timestamp",
        "ts",
        "created_at",
        "created",
        "createdAt",
        "request_time",
        "requested_at",
        "start_time",
        "startTime",
        "starttime",
        "started_at",
        "date",
        "t",
        "t_s",
        "Timestamp",
        "timeUnixNano",
        "startTimeUnixNano",
        "resourceSpans",
        "resourceLogs",
        "scopeSpans",
        "eventTime",
        "datetime",
        "TimeGenerated",
        "Date",
        "EdgeStartTimestamp",
    ]
)
"""Fields in which rows tell their own time."""
DOCKER = frozenset(("log", "stream", "time", "attrs"))
STREAMS = ("stdout", "stderr")
"""All others are one, so that what waits for its end is bounded."""
NO_OBJECT = Aside("log lines without a JSON object")


class Unwrapper:
    """Takes wrappers off the rows of one file."""

    def __init__(self, longest: int) -> None:
        """longest: bytes that the parts of a line may have together."""
        self._longest = longest
        self._parts: dict[str, list[str]] = {}
        self._sizes: dict[str, int] = {}

    def rows(self, row: Row) -> list[Row | BadRow]:
        """Return the rows inside a row; the row itself if it is no wrapper."""
        if plainly(row):
            return [row]
        if "log" in row and row.keys() <= DOCKER | {"_p", "logtag"} and isinstance(row["log"], str):
            return self._docker(row)
        return list(_inside(row, 0))

    def line(self, text: str) -> list[Row | BadRow] | None:
        """Return the rows in a line that begins with no bracket; None if it holds none."""
        piece = cri(text)
        if piece is not None:
            return self._piece(piece)
        found = line_of(text)
        return None if found.row is None else list(_finished(found.row, found.time, 0))

    def rest(self) -> list[Row | BadRow]:
        """Return what is left at the end of the file: a line whose last part is missing."""
        return [BadRow("", "a line of a container's log has no end")] if self._parts else []

    def _docker(self, row: Row) -> list[Row | BadRow]:
        text, stream = row["log"], row.get("stream")
        stream = stream if stream in STREAMS else ""
        mark = row.get("_p", row.get("logtag"))
        ends = text.endswith("\n") or (text.endswith("}") and not self._parts.get(stream))
        time = row.get("time")
        return self._piece(
            Piece(str(time) if time is not None else "", stream, mark == "F" or (mark is None and ends), text)
        )

    def _piece(self, piece: Piece) -> list[Row | BadRow]:
        if not piece.whole and not self._parts.get(piece.stream) and line_of(piece.text).row is not None:
            piece = Piece(piece.time, piece.stream, True, piece.text)
        parts = self._parts.setdefault(piece.stream, [])
        size = self._sizes[piece.stream] = self._sizes.get(piece.stream, 0) + len(piece.text)
        if size <= self._longest:
            parts.append(piece.text)
        else:
            parts[:] = [""]  # nothing of it is needed any more, but that its end is awaited
        if not piece.whole:
            return []
        del self._parts[piece.stream], self._sizes[piece.stream]
        if size > self._longest:
            return [BadRow("", f"row longer than ingest.max_row_bytes ({self._longest:,} bytes)")]
        return list(_opened(Inside("".join(parts), piece.time or None), 0))


def plainly(row: Row) -> bool:
    """Return whether a row is none that stands in a wrapper."""
    if not MARKS.isdisjoint(row):
        return False
    first = next(iter(row.values()), None)
    return not (type(first) is dict and len(first) == 1 and typed(row))


def unwrapped(rows: Numbered, longest: int) -> Numbered:
    """Return rows without wrappers. A row that holds several moves the numbers of those after it."""
    take = Unwrapper(longest)
    moved = number = 0
    for number, row in rows:
        if not isinstance(row, dict) or plainly(row):
            yield number + moved, row
            continue
        found = take.rows(row)
        for at, inside in enumerate(found):
            yield number + moved + at, inside
        moved += max(0, len(found) - 1)
    for bad in take.rest():
        yield number + moved + 1, bad


def _inside(row: Row, depth: int) -> Iterator[Row | BadRow]:
    """Return the rows in a row."""
    if depth < DEEPEST and not plainly(row):
        for layer in LAYERS:
            found = layer(row)
            if found is not None:
                if not found:
                    yield Aside("headers and control messages of a log shipper")
                if len(found) == 1 and not found[0].surely:
                    yield from _perhaps(row, found[0], depth)
                else:
                    for one in found:
                        yield from _opened(one, depth)
                return
    yield _timed(row, row.get("@timestamp"))


def _perhaps(row: Row, one: Inside, depth: int) -> Iterator[Row | BadRow]:
    """Return what is inside if it is an object; else the row is no wrapper."""
    line = line_of(one.content) if isinstance(one.content, str) else None
    if line is None or line.row is None or len(line.row) < 2:
        yield _timed(row, row.get("@timestamp"))
    else:
        yield from _finished({**line.row, **(one.over or {})}, line.time or one.time, depth)


def _opened(one: Inside, depth: int) -> Iterator[Row | BadRow]:
    content, time = one.content, one.time
    if isinstance(content, str):
        line = line_of(content)
        content, time = line.row, line.time or time
    if not isinstance(content, dict):
        yield content if isinstance(content, Aside) else NO_OBJECT
        return
    yield from _finished({**(one.beside or {}), **content, **(one.over or {})}, time, depth)


def _finished(row: Row, time: Any, depth: int) -> Iterator[Row | BadRow]:
    for inside in _inside(row, depth + 1):
        yield inside if isinstance(inside, BadRow) else _timed(inside, time)


def _timed(row: Row, time: Any) -> Row:
    """Return the row with a time, if it has none of its own."""
    return row if time is None or not TIMES.isdisjoint(row) else {**row, "time": time}
