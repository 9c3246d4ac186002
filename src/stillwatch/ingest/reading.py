"""One log file as batches of requests."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from stillwatch.ingest.batches import Gate
from stillwatch.ingest.door import Door
from stillwatch.ingest.files.parquet import batches, open_parquet
from stillwatch.ingest.files.rows import Numbered, batch_rows, kind_of, rows_of
from stillwatch.ingest.quarantine import BadRow, Quarantine
from stillwatch.ingest.request import Builder, Context, Request
from stillwatch.ingest.source import Source
from stillwatch.ingest.values import Row
from stillwatch.registry import FORMATS, Format

SHAPES = (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError, RecursionError)
"""What a value of an unforeseen shape makes the code of a format raise."""


def read(source: Source, door: Door, quarantine: Quarantine) -> Iterator[pa.RecordBatch]:
    """Batches of REQUESTS, in the file's order; rows that cannot be read go to the quarantine."""
    if not source.format:
        quarantine.note(source.name, "the file is empty")
        return
    format = FORMATS.all()[source.format]
    context = Context(door.settings.account_field, source.mapping)
    gate = Gate(source.name, door, quarantine)
    columnar = format.columns is not None and kind_of(source.path, source.compression)[0] == "parquet"
    found = _columnar(source, format, context, door, gate, quarantine) if columnar else _by_row(source, format, context, door, gate, quarantine)
    for batch in found:
        yield from _in_size(batch, door.settings.batch_bytes)


def _columnar(source: Source, format: Format, context: Context, door: Door, gate: Gate, quarantine: Quarantine) -> Iterator[pa.RecordBatch]:
    assert format.columns is not None
    there = open_parquet(source.path).schema_arrow.names
    account = context.account_field.partition(".")[0]
    wanted = [name for name in there if not format.wants or name in format.wants or name in (account, context.account_field)]
    for first, batch in batches(source.path, wanted, door.settings.batch_rows, door.settings.batch_bytes):
        if isinstance(batch, BadRow):
            quarantine.add(source.name, first, batch.column, batch.reason, batch.lost)
            continue
        try:
            raw = format.columns(batch, first, context)
        except (pa.ArrowException, *SHAPES):
            # A column has a type that the fast way does not take: the way by rows says which rows are at fault.
            yield from _built(batch_rows(first, batch), source, format, context, door, gate, quarantine)
        else:
            yield gate(raw)


def _by_row(source: Source, format: Format, context: Context, door: Door, gate: Gate, quarantine: Quarantine) -> Iterator[pa.RecordBatch]:
    return _built(rows_of(source.path, source.compression, door.settings), source, format, context, door, gate, quarantine)


def _built(
    rows: Numbered, source: Source, format: Format, context: Context, door: Door, gate: Gate, quarantine: Quarantine
) -> Iterator[pa.RecordBatch]:
    builder = Builder()
    for number, row in rows:
        for request in _requests(row, format, context):
            if isinstance(request, BadRow):
                quarantine.add(source.name, number, request.column, request.reason, request.lost)
            else:
                builder.add(number, request)
        if len(builder.rows) >= door.settings.batch_rows or builder.bytes >= door.settings.batch_bytes:
            yield gate(builder.take())
    if builder.rows:
        yield gate(builder.take())


def _requests(row: Row | BadRow, format: Format, context: Context) -> Iterator[Request | BadRow]:
    """A format reads what others wrote: whatever it stumbles over is a bad row, not the end of the run."""
    if isinstance(row, BadRow):
        yield row
        return
    try:
        yield from format.read(row, context)
    except BadRow as bad:
        yield bad
    except SHAPES as error:
        yield BadRow("", f"a field has a shape the format does not know ({type(error).__name__})")


def _in_size(batch: pa.RecordBatch, most: int) -> Iterator[pa.RecordBatch]:
    """A batch cut into pieces where its text is larger than asked for."""
    if len(batch) > 1 and batch.nbytes > 2 * most:
        half = len(batch) // 2
        yield from _in_size(batch.slice(0, half), most)
        yield from _in_size(batch.slice(half), most)
    elif len(batch):
        yield batch
