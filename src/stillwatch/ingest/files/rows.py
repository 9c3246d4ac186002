"""Any file as numbered rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from stillwatch.ingest.files.comma import csv_rows
from stillwatch.ingest.files.documents import objects
from stillwatch.ingest.files.lines import Piece, lines
from stillwatch.ingest.files.parquet import batches, open_parquet
from stillwatch.ingest.files.spans import Span, may_be_cut, span_bytes
from stillwatch.ingest.files.streams import magic_of, utf8
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.values import Row, loads
from stillwatch.settings import IngestSettings

Numbered = Iterator[tuple[int, Row | BadRow]]
HEAD = 1 << 16
LISTED = re.compile(rb'\{\s*"(?:data|observations|items|logs|records|Records)"\s*:\s*\[\s*\{')
"""An object around a list of rows, as in an API's answer."""
EXPORT = re.compile(rb'\{\s*"resource_?(?:Spans|Logs|spans|logs)"\s*:\s*\[')
"""An OTLP export: a row if each export is one line, a document if it has several lines."""


def kind_of(path: Path, compression: str) -> tuple[str, tuple[str, ...]]:
    """Return json, csv or parquet, with the column names if the file has them."""
    if not compression and magic_of(path).startswith(b"PAR1"):
        return "parquet", tuple(open_parquet(path).schema_arrow.names)
    head = _head(path, compression).lstrip()
    if head[:1] in (b"{", b"[") or not head:
        return "json", ()
    if _old_line_ends(head):
        head = head.replace(b"\r", b"\n")
    first = head.partition(b"\n")[0].decode("utf-8", "replace").strip()
    return "csv", tuple(name.strip().strip('"') for name in re.split(r"[,;\t]", first))


def _old_line_ends(head: bytes) -> bool:
    """Return whether lines end in a carriage return alone, as some spreadsheets still write them."""
    return b"\n" not in head and b"\r" in head


def _head(path: Path, compression: str) -> bytes:
    head = b""
    try:
        for piece in utf8(path, compression):
            head += piece
            if len(head) >= HEAD:
                break
    except BadRow:
        pass
    return head[:HEAD]


def may_be_split(path: Path, compression: str) -> bool:
    """Return whether a file holds a row in each line, so that it can be cut at line ends."""
    if compression or not may_be_cut(magic_of(path)) or kind_of(path, compression)[0] != "json":
        return False
    return _level(_head(path, compression).lstrip()) is None


def rows_in(path: Path, span: Span, settings: IngestSettings) -> Numbered:
    """Return the rows of a span with their numbers in the file."""
    for number, row in _parsed(lines(span_bytes(path, span), settings.max_row_bytes)):
        yield span.before + number, row


def rows_of(path: Path, compression: str, settings: IngestSettings) -> Numbered:
    """Return rows with their numbers, or the reason why a row has none."""
    kind, _ = kind_of(path, compression)
    if kind == "parquet":
        return _parquet_rows(path, settings)
    if kind == "csv":
        pieces = utf8(path, compression)
        if _old_line_ends(_head(path, compression)):
            pieces = (piece.replace(b"\r", b"\n") for piece in pieces)
        return csv_rows(pieces, settings.max_row_bytes)
    return _parsed(_json_pieces(path, compression, settings.max_row_bytes))


def _json_pieces(path: Path, compression: str, longest: int) -> Iterator[Piece]:
    level = _level(_head(path, compression).lstrip())
    pieces = utf8(path, compression)
    return lines(pieces, longest) if level is None else objects(pieces, level, longest)


def _level(head: bytes) -> int | None:
    """Return how many brackets deep the rows are in a document; None if each row has a line."""
    if head[:1] == b"[":
        return 1
    spread = re.match(rb"\{\s*\r?\n", head) is not None
    if LISTED.match(head) or (spread and EXPORT.match(head)):
        return 2
    return 0 if spread else None


def _parsed(pieces: Iterator[Piece]) -> Numbered:
    for number, piece in pieces:
        if isinstance(piece, BadRow):
            yield number, piece
            continue
        try:
            value: Any = loads(piece)
        except BadRow as bad:
            yield number, bad
            continue
        yield number, value if isinstance(value, dict) else BadRow("", "the row is no JSON object")


def _parquet_rows(path: Path, settings: IngestSettings) -> Numbered:
    for first, batch in batches(path, None, min(settings.batch_rows, 1024), settings.batch_bytes):
        if isinstance(batch, BadRow):
            yield first, batch
        else:
            yield from batch_rows(first, batch)


def batch_rows(first: int, batch: pa.RecordBatch) -> Numbered:
    """Return rows of an Arrow batch by column name, without nulls.

    Times are microseconds since 1970, since Python cannot hold every Arrow time.
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
    return column.cast(pa.timestamp("us", column.type.tz), safe=False).cast(pa.int64())
