"""One log file as batches of requests."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from stillwatch.ingest.batch_normaliser import BatchNormaliser
from stillwatch.ingest.context import IngestContext
from stillwatch.ingest.files.parquet import batches, open_parquet
from stillwatch.ingest.files.rows import Numbered, batch_rows, kind_of, rows_in, rows_of
from stillwatch.ingest.frames.frame_reader import FrameReader
from stillwatch.ingest.frames.minutes import Minutes
from stillwatch.ingest.quarantine import BadRow, Quarantine
from stillwatch.ingest.request import Builder, Context, Request, SteppedOver
from stillwatch.ingest.source import Source
from stillwatch.ingest.values import Row
from stillwatch.registry import FORMATS, Format

SHAPES = (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError, RecursionError)
"""Errors that a format's code raises for a value of an unforeseen shape."""


def read(
    source: Source, ingest_context: IngestContext, quarantine: Quarantine, *, one_by_one: bool = False
) -> Iterator[pa.RecordBatch]:
    """Return batches of REQUESTS, in the file's order; rows that cannot be read go to quarantine.

    one_by_one: read each row by itself, and never by its frame; the result is the same, later.
    """
    if not source.format:
        quarantine.note(source.name, "the file is empty")
        return
    reading = _Reading(source, ingest_context, quarantine, one_by_one=one_by_one)
    columnar = reading.format.columns is not None and kind_of(source.path, source.compression)[0] == "parquet"
    rows = (
        rows_of(source.path, source.compression, ingest_context.settings)
        if source.span is None
        else rows_in(source.path, source.span, ingest_context.settings)
    )
    for batch in reading.by_columns() if columnar else reading.by_rows(rows):
        yield from _in_size(batch, ingest_context.settings.batch_bytes)


class _Reading:
    """One file while it is read."""

    def __init__(
        self,
        source: Source,
        ingest_context: IngestContext,
        quarantine: Quarantine,
        *,
        one_by_one: bool = False,
    ) -> None:
        self.format: Format = FORMATS.all()[source.format]
        self._source = source
        self._settings = ingest_context.settings
        self._context = Context(ingest_context.settings.account_field, source.mapping)
        self._quarantine = quarantine
        self._normaliser = BatchNormaliser(source.name, ingest_context, quarantine)
        self._minutes = Minutes(self._context)
        outline = self.format.outline
        self._frames = (
            FrameReader(self.format.read, outline, self._context)
            if outline is not None and not one_by_one
            else None
        )

    def by_columns(self) -> Iterator[pa.RecordBatch]:
        """Read Parquet, batch by batch."""
        assert self.format.columns is not None
        for first, batch in batches(
            self._source.path, self._wanted(), self._settings.batch_rows, self._settings.batch_bytes
        ):
            if isinstance(batch, BadRow):
                self._refuse(first, batch)
                continue
            try:
                raw = self.format.columns(batch, first, self._context)
            except (pa.ArrowException, *SHAPES):
                # The fast way does not accept the type of a column: reading by rows shows which rows are at
                # fault.
                yield from self.by_rows(batch_rows(first, batch))
            else:
                yield self._normaliser(raw)

    def by_rows(self, rows: Numbered) -> Iterator[pa.RecordBatch]:
        """Read any other file, row by row."""
        builder = Builder()
        for number, row in rows:
            if self._frames is None or not self._by_frame(number, row, builder):
                self._by_itself(number, row, builder)
            if len(builder.rows) >= self._settings.batch_rows or builder.bytes >= self._settings.batch_bytes:
                yield self._normaliser(builder.take())
        if builder.rows:
            yield self._normaliser(builder.take())

    def _by_frame(self, number: int, row: Row | BadRow, builder: Builder) -> bool:
        """Read a row like others of its frame; False where it has to be read by itself."""
        if type(row) is not dict or (found := self._frames.template(row)) is None:  # type: ignore[union-attr]
            return False
        template, values = found
        if template.stepped is not None:
            self._quarantine.step_over(self._source.name, template.stepped)
            return True
        try:
            columns, messages, size = template.fill(values, self._minutes)
        except BadRow:
            return False
        builder.add_plain(number, columns, messages, size)
        return True

    def _by_itself(self, number: int, row: Row | BadRow, builder: Builder) -> None:
        for request in self._requests(row):
            if isinstance(request, BadRow):
                self._refuse(number, request)
            elif isinstance(request, SteppedOver):
                self._quarantine.step_over(self._source.name, request.kind)
            else:
                builder.add(number, request)

    def _wanted(self) -> list[str]:
        there = open_parquet(self._source.path).schema_arrow.names
        account = self._context.account_field
        return [
            name
            for name in there
            if not self.format.wants
            or name in self.format.wants
            or name in (account, account.partition(".")[0])
        ]

    def _requests(self, row: Row | BadRow) -> Iterator[Request | BadRow | SteppedOver]:
        """Return the requests of a row. What a format cannot read is a bad row and does not end the run."""
        if isinstance(row, BadRow):
            yield row
            return
        try:
            yield from self.format.read(row, self._context)
        except BadRow as bad:
            yield bad
        except SHAPES as error:
            yield BadRow("", f"a field has a shape the format does not know ({type(error).__name__})")
        except Exception:
            with FORMATS.blaming(self.format.name):
                raise

    def _refuse(self, row: int, bad: BadRow) -> None:
        self._quarantine.add(self._source.name, row, bad.column, bad.reason, bad.lost)


def _in_size(batch: pa.RecordBatch, most: int) -> Iterator[pa.RecordBatch]:
    """Cut a batch into pieces if its text is larger than requested."""
    if len(batch) > 1 and batch.nbytes > 2 * most:
        half = len(batch) // 2
        yield from _in_size(batch.slice(0, half), most)
        yield from _in_size(batch.slice(half), most)
    elif len(batch):
        yield batch
