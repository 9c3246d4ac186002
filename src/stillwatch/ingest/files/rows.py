"""Any file as numbered rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from stillwatch.ingest.files.comma import csv_rows, header_of
from stillwatch.ingest.files.database import DatabaseTable
from stillwatch.ingest.files.documents import object_ends, objects
from stillwatch.ingest.files.lines import Piece, lines
from stillwatch.ingest.files.parquet import batches, open_parquet
from stillwatch.ingest.files.place import Place
from stillwatch.ingest.files.spans import Span, may_be_cut, span_bytes
from stillwatch.ingest.files.streams import magic_of, utf8
from stillwatch.ingest.files.text import text_log, text_rows
from stillwatch.ingest.files.view import PLAIN, View
from stillwatch.ingest.quarantine import Aside, BadRow
from stillwatch.ingest.request import Numbered
from stillwatch.ingest.values import Row, loads
from stillwatch.ingest.wrappers import extended_json
from stillwatch.ingest.wrappers.text_lines import holds_objects
from stillwatch.ingest.wrappers.unwrap import Unwrapper, unwrapped
from stillwatch.settings import IngestSettings

HEAD = 1 << 16
LISTED = re.compile(
    rb'\{\s*(?:"object"\s*:\s*"list"\s*,\s*)?'
    rb'"(?:data|observations|items|logs|records|Records|events|rows|results|value)"\s*:\s*\[\s*\{'
)
"""An object around a list of rows, as in an API's answer."""
EXPORT = re.compile(rb'\{\s*"resource_?(?:Spans|Logs|spans|logs)"\s*:\s*\[')
"""An OTLP export: a row if each export is one line, a document if it has several lines."""
NO_OBJECT = "log lines without a JSON object"


def kind_of(path: Place, compression: str) -> tuple[str, tuple[str, ...]]:
    """Return json, csv, text or parquet, with the column names if the file has them."""
    if isinstance(path, DatabaseTable):
        return "table", tuple(path.columns())
    if not compression and magic_of(path).startswith(b"PAR1"):
        return "parquet", tuple(open_parquet(path).schema_arrow.names)
    return _kind_in(_head(path, compression))


def _kind_in(head: bytes) -> tuple[str, tuple[str, ...]]:
    if not head or head[:1] == b"{" or (head[:1] == b"[" and _level(head) == 1):
        return "json", ()
    if text_log(head) is not None:
        return "text", ()
    if holds_objects(head):
        return "json", ()
    if _old_line_ends(head):
        head = head.replace(b"\r", b"\n")
    first, _, rest = head.partition(b"\n")
    texts = [part.decode("utf-8", "surrogateescape") for part in (first, rest.lstrip().partition(b"\n")[0])]
    header = header_of(*texts)
    return "csv", header.names if header is not None else ()


def _old_line_ends(head: bytes) -> bool:
    """Return whether lines end in a carriage return alone, as some spreadsheets still write them."""
    return b"\n" not in head and b"\r" in head


def _head(path: Place, compression: str) -> bytes:
    """Return the first bytes as UTF-8, without what a crash or a rotation left before the first row."""
    head = b""
    try:
        for piece in utf8(path, compression, accept_cut=True):
            head = (head + piece).lstrip(b"\0 \t\r\n")
            if len(head) >= HEAD:
                break
    except BadRow:
        pass
    return head[:HEAD]


def may_be_split(path: Place, compression: str) -> bool:
    """Return whether a file holds a row in each line, so that it can be cut at line ends."""
    if compression or not may_be_cut(magic_of(path)):
        return False
    head = _head(path, compression)
    return head.lstrip()[:1] == b"{" and _kind_in(head)[0] == "json" and _level(head.lstrip()) is None


def rows_in(path: Place, span: Span, settings: IngestSettings, view: View = PLAIN) -> Numbered:
    """Return the rows of a span with their numbers in the file."""
    longest = settings.max_row_bytes
    rows = _parsed(lines(span_bytes(path, span), longest, json=True), longest)
    for number, row in _through(rows, view, longest):
        yield span.before + number, row


def rows_of(path: Place, compression: str, settings: IngestSettings, view: View = PLAIN) -> Numbered:
    """Return rows with their numbers, or the reason why a row has none.

    Raises InputError where a compressed file breaks off, unless the settings accept it.
    """
    return _through(_rows_of(path, compression, settings, view), view, settings.max_row_bytes)


def _through(rows: Numbered, view: View, longest: int) -> Numbered:
    if view.unwrap:
        rows = unwrapped(rows, longest)
    return rows if view.plain else _seen(rows, view)


def _seen(rows: Numbered, view: View) -> Numbered:
    for number, row in rows:
        yield number, view.row(row) if isinstance(row, dict) else row


def _rows_of(path: Place, compression: str, settings: IngestSettings, view: View) -> Numbered:
    if isinstance(path, DatabaseTable) or (not compression and magic_of(path).startswith(b"PAR1")):
        return _column_rows(path, settings)
    head = _head(path, compression)
    pieces = utf8(path, compression, accept_cut=settings.accept_cut_files)
    longest = settings.max_row_bytes
    kind, _ = _kind_in(head)
    if kind == "text" and (log := text_log(head)) is not None:
        return text_rows(pieces, log, longest)
    if kind == "csv":
        if _old_line_ends(head):
            pieces = (piece.replace(b"\r", b"\n") for piece in pieces)
        return csv_rows(pieces, longest)
    if view.unwrap and head[:1] != b"{" and _level(head) is None:
        return _text_rows(lines(pieces, longest), longest)
    level = _level(head)
    return _parsed(
        lines(pieces, longest, json=True) if level is None else objects(pieces, level, longest), longest
    )


def _level(head: bytes) -> int | None:
    """Return how many brackets deep the rows are in a document; None if each row has a line."""
    if head[:1] == b"[":
        return 1 if head[1:].lstrip()[:1] in (b"{", b"]", b"") else None
    spread = re.match(rb"\{\s*\r?\n", head) is not None
    if LISTED.match(head) or (spread and EXPORT.match(head)):
        return 2
    return 0 if spread or _joined(head) else None


def _joined(head: bytes) -> bool:
    """Return whether one object begins where another ends, without a line between, as Firehose writes."""
    ends = object_ends(head)
    return any(head[end : end + 64].lstrip(b" \t")[:1] == b"{" for end in ends)


def _parsed(pieces: Iterator[Piece], longest: int) -> Numbered:
    take = Unwrapper(longest)
    moved = number = 0
    for number, piece in pieces:
        if isinstance(piece, BadRow):
            yield number + moved, piece
            continue
        try:
            value: Any = loads(piece)
        except BadRow as bad:
            found = _before_comma(piece) or _several(piece) or _after_text(take, piece) or [bad]
            for at, row in enumerate(found):
                yield number + moved + at, row
            moved += len(found) - 1
            continue
        if not isinstance(value, dict):
            yield number + moved, BadRow("", "the row is no JSON object")
        elif extended_json.MARK in piece:
            yield number + moved, extended_json.plain(value)
        else:
            yield number + moved, value


def _before_comma(piece: bytes) -> list[Row | BadRow] | None:
    """Return the object of a line that ends with a comma, as the rows of an array; None if it is none."""
    line = piece.rstrip()
    if line[-2:] != b"},":
        return None
    try:
        value = loads(line[:-1])
    except BadRow:
        return None
    return [extended_json.plain(value) if extended_json.MARK in piece else value]


def _after_text(take: Unwrapper, piece: bytes) -> list[Row | BadRow] | None:
    """Return the rows of a line that begins with no bracket; None if it holds none."""
    return None if piece[:1] == b"{" else take.line(piece.decode("utf-8", "replace"))


def _several(piece: bytes) -> list[Row | BadRow] | None:
    """Return the objects of a line that holds several; None if it does not."""
    ends = object_ends(piece)
    if len(ends) < 2:
        return None
    found: list[Row | BadRow] = []
    start = 0
    for end in ends:
        try:
            value = loads(piece[start:end])
        except BadRow:
            return None
        found.append(extended_json.plain(value) if extended_json.MARK in piece else value)
        start = end
    return found if not piece[start:].strip() else None


def _text_rows(pieces: Iterator[Piece], longest: int) -> Numbered:
    """Return the rows of a log in which text stands before the objects, or whole lines of text between."""
    take = Unwrapper(longest)
    moved = number = 0
    for number, piece in pieces:
        if isinstance(piece, BadRow):
            yield number + moved, piece
            continue
        found = take.line(piece.decode("utf-8", "replace"))
        if found is None:
            bad = piece.lstrip()[:1] == b"{"
            yield number + moved, BadRow("", "not valid JSON") if bad else Aside(NO_OBJECT)
            continue
        for at, row in enumerate(found):
            yield number + moved + at, row
        moved += max(0, len(found) - 1)
    for bad_end in take.rest():
        yield number + moved + 1, bad_end


def column_names(path: Place) -> list[str]:
    """Return the names of the columns of a Parquet file or a table."""
    return path.columns() if isinstance(path, DatabaseTable) else open_parquet(path).schema_arrow.names


def column_batches(
    path: Place, wanted: list[str] | None, most_rows: int, most_bytes: int
) -> Iterator[tuple[int, pa.RecordBatch | BadRow]]:
    """Return batches of a Parquet file or a table with the number of their first row, from 1."""
    if not isinstance(path, DatabaseTable):
        yield from batches(path, wanted, most_rows, most_bytes)
        return
    first = 1
    for whole in path.batches(wanted or (), most_bytes):
        for start in range(0, len(whole), most_rows):
            batch = whole.slice(start, most_rows)
            yield first, batch
            first += len(batch)


def _column_rows(path: Place, settings: IngestSettings) -> Numbered:
    for first, batch in column_batches(path, None, min(settings.batch_rows, 1024), settings.batch_bytes):
        if isinstance(batch, BadRow):
            yield first, batch
        else:
            yield from batch_rows(first, batch)


def batch_rows(first: int, batch: pa.RecordBatch) -> Numbered:
    """Return rows of an Arrow batch by column name, without nulls.

    Times with a zone are microseconds since 1970, since Python cannot hold every Arrow time; times without
    one are text, so that the settings say where they hold.
    """
    columns = {
        name: _timeless(column) for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }
    try:
        values = {name: column.to_pylist() for name, column in columns.items()}
    except (ValueError, OverflowError, pa.ArrowException):
        yield (
            first,
            BadRow("", "a stretch of the Parquet file holds values that cannot be read", lost=len(batch)),
        )
        return
    for i in range(len(batch)):
        yield first + i, {name: column[i] for name, column in values.items() if column[i] is not None}


def _timeless(column: Any) -> Any:
    if not pa.types.is_timestamp(column.type):
        return column
    micros = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return micros.cast(pa.int64()) if column.type.tz else micros.cast(pa.string())
