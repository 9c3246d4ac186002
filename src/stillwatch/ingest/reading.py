"""One log file as batches of requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

import pyarrow as pa

from stillwatch.ingest.batch_normaliser import BatchNormaliser
from stillwatch.ingest.context import IngestContext
from stillwatch.ingest.elsewhere import Elsewhere, Wanting
from stillwatch.ingest.files.rows import (
    batch_rows,
    column_batches,
    column_names,
    kind_of,
    rows_in,
    rows_of,
)
from stillwatch.ingest.frames.frame_reader import FrameReader
from stillwatch.ingest.frames.minutes import Minutes
from stillwatch.ingest.line_columns import LineColumns, holds_objects, lacks, numbers_of
from stillwatch.ingest.mapping import time_rules
from stillwatch.ingest.notes import take_notes
from stillwatch.ingest.quarantine import BadRow, Quarantine
from stillwatch.ingest.request import Builder, Context, Numbered, Request, SteppedOver
from stillwatch.ingest.salvage import Tries, without_fault
from stillwatch.ingest.second_look import SecondLook
from stillwatch.ingest.source import Source
from stillwatch.ingest.values import Row
from stillwatch.registry import FORMATS, Format

LINES_AT_ONCE = 4_096
"""Rows of JSON lines that become columns together."""
MANY_LACK = 8
"""Where more than one row in so many lacks a time or an account, all are read by themselves."""
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
    kind, _ = kind_of(source.path, source.compression)
    columnar = reading.format.columns is not None and not source.wrapped and kind in ("parquet", "table")
    rows = (
        rows_of(source.path, source.compression, ingest_context.settings, source.view)
        if source.span is None
        else rows_in(source.path, source.span, ingest_context.settings, source.view)
    )
    take_notes()  # of the sample that the format was told by
    by_lines = reading.takes_lines and not one_by_one and kind == "json"
    for batch in (
        reading.by_columns() if columnar else reading.by_lines(rows) if by_lines else reading.by_rows(rows)
    ):
        _count_notes(quarantine)
        yield from _in_size(batch, ingest_context.settings.batch_bytes)
    for batch in reading.again():
        yield from _in_size(batch, ingest_context.settings.batch_bytes)
    _count_notes(quarantine)
    reading.told()


def _count_notes(quarantine: Quarantine) -> None:
    for (column, reason), count in sorted(take_notes().items()):
        quarantine.mend(column or "(row)", reason, count)


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
        self._elsewhere = Elsewhere(looked=self.format.facts is None)
        self._context = Context(
            ingest_context.settings.account_field,
            source.mapping,
            ingest_context.settings.request_id_field,
            self._elsewhere,
            time_rules(ingest_context.settings, source.mapping),
        )
        self._look = SecondLook(source, ingest_context.settings)
        self._quarantine = quarantine
        self._normaliser = BatchNormaliser(source.name, ingest_context, quarantine)
        self._tries = Tries()
        self._minutes = Minutes(self._context)
        outline = self.format.outline
        self._frames = (
            FrameReader(self.format.read, outline, self._context)
            if outline is not None and not one_by_one and self._context.times.plain
            else None
        )

    def by_columns(self) -> Iterator[pa.RecordBatch]:
        """Read Parquet, batch by batch."""
        assert self.format.columns is not None
        for first, batch in column_batches(
            self._source.path, self._wanted(), self._settings.batch_rows, self._settings.batch_bytes
        ):
            if isinstance(batch, BadRow):
                self._refuse(first, batch)
                continue
            batch = self._source.view.batch(batch)
            try:
                raw = self.format.columns(batch, first, self._context)
            except (pa.ArrowException, *SHAPES):
                # The fast way does not accept the type of a column: reading by rows shows which rows are at
                # fault.
                yield from self.by_rows(batch_rows(first, batch))
            else:
                yield self._normaliser(raw)

    def by_lines(self, rows: Numbered) -> Iterator[pa.RecordBatch]:
        """Read rows of JSON lines as columns, and by themselves those that are unlike the others."""
        first = next(rows, None)
        if first is None:
            return
        rows = chain([first], rows)
        if holds_objects(first[1], self.format.json_columns):
            # To become columns, objects would have to be written as text and parsed again.
            yield from self.by_rows(rows)
            return
        held = LineColumns(self.format.wants, self.format.json_columns)
        most = min(self._settings.batch_rows, LINES_AT_ONCE)
        for number, row in rows:
            if type(row) is dict and held.add(number, row):
                if len(held.rows) >= most or held.bytes >= self._settings.batch_bytes:
                    yield from self._taken(held)
                continue
            yield from self._taken(held)
            yield from self.by_rows(iter([(number, row)]))
        yield from self._taken(held)

    def _taken(self, held: LineColumns) -> Iterator[pa.RecordBatch]:
        if not held.rows:
            return
        rows, batch = held.take()
        yield from self._columns_of(rows, batch) if batch is not None else self.by_rows(iter(rows))

    def _columns_of(self, rows: list[tuple[int, Row]], batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """Read rows as columns, and by themselves those without a time or an account: why is told there."""
        assert self.format.columns is not None
        _count_notes(self._quarantine)
        try:
            raw = self.format.columns(batch, 1, self._context)
        except (pa.ArrowException, *SHAPES):
            take_notes()
            yield from self.by_rows(iter(rows))
            return
        lacking = lacks(raw)
        if not len(lacking):
            yield self._normaliser(replace(raw, rows=numbers_of(rows)))
            return
        take_notes()  # the rows are read once more
        if MANY_LACK * len(lacking) > len(rows):
            yield from self.by_rows(iter(rows))
            return
        start = 0
        for at in [*lacking.tolist(), len(rows)]:
            if at > start:
                yield from self._columns_of(rows[start:at], batch.slice(start, at - start))
            yield from self.by_rows(iter(rows[at : at + 1]))
            start = at + 1

    @property
    def takes_lines(self) -> bool:
        """Whether rows of JSON lines may be read as columns."""
        account = self._settings.account_field
        return (
            bool(self.format.json_columns)
            and self._context.times.plain
            and (not account or account in self.format.wants)
        )

    def by_rows(self, rows: Numbered) -> Iterator[pa.RecordBatch]:
        """Read any other file, row by row."""
        builder = Builder()
        for number, row in self.format.gather(rows) if self.format.gather is not None else rows:
            if self._frames is None or not self._by_frame(number, row, builder):
                self._by_itself(number, row, builder)
            if len(builder.rows) >= self._settings.batch_rows or builder.bytes >= self._settings.batch_bytes:
                yield self._normaliser(builder.take())
        if builder.rows:
            yield self._normaliser(builder.take())

    def _by_frame(self, number: int, row: Row | BadRow | SteppedOver, builder: Builder) -> bool:
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

    def _by_itself(self, number: int, row: Row | BadRow | SteppedOver, builder: Builder) -> None:
        for request in self._requests(row):
            if isinstance(request, Wanting):
                self._look.want(number, request)
            elif isinstance(request, BadRow):
                self._refuse(number, request)
            elif isinstance(request, SteppedOver):
                self._quarantine.step_over(self._source.name, request.kind)
            else:
                builder.add(number, request)

    def again(self) -> Iterator[pa.RecordBatch]:
        """Read the rows that had to wait for what other rows say."""
        if self._look.rows:
            self._elsewhere.known, self._elsewhere.looked = self._look.found(), True
            yield from self.by_rows(self._look.held())
            for kind, count in self._look.left.items():
                self._quarantine.mend("account_id", kind, count)

    def told(self) -> None:
        """Count the local times that a change of clocks made doubtful."""
        for what, count in self._context.times.odd.items():
            self._quarantine.mend("time", what, count)

    def _wanted(self) -> list[str]:
        there = column_names(self._source.path)
        account = self._context.account_field
        return [
            name
            for name in there
            if not self.format.wants
            or name in self.format.wants
            or name in (account, account.partition(".")[0])
            or name in dict(self._source.view.names)
        ]

    def _requests(
        self, row: Row | BadRow | SteppedOver
    ) -> Iterator[Request | BadRow | SteppedOver | Wanting]:
        """Return the requests of a row. What a format cannot read is a bad row and does not end the run."""
        if isinstance(row, BadRow | SteppedOver):
            yield row
            return
        told = 0
        try:
            for request in self.format.read(row, self._context):
                told += 1
                yield request
        except BadRow as bad:
            if bad.required:
                yield bad
            else:
                yield from self._salvaged(row, told, bad.column, bad)
        except SHAPES as error:
            fault = f"a field has a shape the format does not know ({type(error).__name__})"
            yield from self._salvaged(row, told, "", BadRow("", fault))
        except Exception:
            with FORMATS.blaming(self.format.name):
                raise

    def _salvaged(
        self, row: Row, told: int, column: str, fault: BadRow
    ) -> Iterator[Request | BadRow | SteppedOver]:
        """Return the rest of a row's requests without the field at fault, or the fault if that is no help."""

        def rest(less: Row) -> list[Request | SteppedOver]:
            found = list(self.format.read(less, self._context))[told:]
            if not any(isinstance(request, Request) for request in found):
                raise BadRow("", "no request is left")
            return found

        try:
            found = without_fault(rest, row, SHAPES, self._tries)
        except BadRow:
            yield fault
            return
        self._quarantine.mend(column or "(row)", f"{fault.reason}: the field is left out")
        yield from found

    def _refuse(self, row: int, bad: BadRow) -> None:
        bad.tell(self._quarantine, self._source.name, row)


def _in_size(batch: pa.RecordBatch, most: int) -> Iterator[pa.RecordBatch]:
    """Cut a batch into pieces if its text is larger than requested."""
    if len(batch) > 1 and batch.nbytes > 2 * most:
        half = len(batch) // 2
        yield from _in_size(batch.slice(0, half), most)
        yield from _in_size(batch.slice(half), most)
    elif len(batch):
        yield batch
