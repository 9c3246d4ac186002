"""Logs to staged Parquet: each file is read and sketched in one worker; text never leaves the worker."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import active_children, get_context
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.engine.base import PARQUET_OPTIONS
from stillwatch.errors import InputError, SettingError
from stillwatch.ingest import IngestContext, Mapping, Quarantine, Source, newest_seen, read, read_edge
from stillwatch.ingest.files.rows import may_be_split
from stillwatch.ingest.files.spans import spans
from stillwatch.ingest.table_use import TableUse
from stillwatch.pipeline.account_of_use import AccountOfUse, Beside
from stillwatch.registry import FORMATS
from stillwatch.run.end_with_parent import end_with_parent
from stillwatch.run.provenance import Content
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.stored import EXCHANGES, LABELS
from stillwatch.schema.table import schema_of
from stillwatch.settings import SketchSettings
from stillwatch.sketch import sketch, sketch_edge

Progress = Callable[[str, int, int], None]
ACCOUNTS_SEEN = schema_of(account=pa.int64(), account_id=pa.string())
STAGED = pa.schema(
    [
        *EXCHANGES.arrow,
        pa.field("source", pa.int32(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
    ]
)
"""Exchanges with the file they came from and their place among its readable rows."""
ROWS_AT_ONCE = 131_072
READING = "reading logs"
COUNTING = "counting lines"
"""The steps of which progress is told in megabytes; lines of a file are counted where it is cut."""
MB = 1_000_000
SMALLEST_PART = 1 << 25
"""Bytes of a part of a large file: smaller ones cost more in starting than they gain."""
LARGEST_PART = 1 << 28
"""Bytes: progress is told after each part."""


class Gathered:
    """Rows of many small tables, each once: made distinct when as many have come as are known, so that the
    work grows with the rows alone.
    """

    def __init__(self, schema: pa.Schema) -> None:
        """No row yet."""
        self._known = schema.empty_table()
        self._more: list[pa.Table] = []
        self._waiting = 0

    def add(self, table: pa.Table) -> None:
        """Add rows; columns are cast to the schema."""
        self._more.append(table.cast(self._known.schema))
        self._waiting += table.num_rows
        if self._waiting > max(self._known.num_rows, ROWS_AT_ONCE):
            self._shrink()

    def table(self) -> pa.Table:
        """All rows, each once, in a fixed order."""
        self._shrink()
        return self._known

    def _shrink(self) -> None:
        self._known = distinct(pa.concat_tables([self._known, *self._more]))
        self._more, self._waiting = [], 0


@dataclass
class Staged:
    """What the workers left."""

    files: list[Path] = field(default_factory=list)
    """Staged Parquet files."""
    labels: pa.Table = field(default_factory=LABELS.arrow.empty_table)
    """Table labels."""
    accounts: pa.Table = field(default_factory=ACCOUNTS_SEEN.empty_table)
    """Accounts seen in the log."""
    quarantine: Quarantine = field(default_factory=Quarantine)
    """Rows kept out."""
    rows: list[int] = field(default_factory=list)
    """Good rows of each source."""
    rekeyed: Path | None = None
    """request, source and row of the rows whose id occurs twice, by the keys of their exchanges."""
    contents: list[Content] = field(default_factory=list)
    """What the file of each source held."""
    beside: dict[str, Beside] = field(default_factory=dict)
    """What was made of the edge log and the accounts file."""
    use: AccountOfUse = field(default_factory=AccountOfUse)
    """What was made of every file."""
    side_inputs: list[dict[str, Any]] = field(default_factory=list)
    """The files beside the logs, for run.json."""


def distinct(table: pa.Table) -> pa.Table:
    """Each row once, in a fixed order."""
    unique = table.group_by(table.column_names, use_threads=False).aggregate([])
    return unique.sort_by([(name, "ascending") for name in table.column_names]).cast(table.schema)


def read_logs(
    sources: list[Source],
    ingest_context: IngestContext,
    key: HashKey,
    settings: SketchSettings,
    stage: Path,
    progress: Progress,
) -> Staged:
    """Read and sketch every source into `stage`; files in parallel, results in the order of the sources."""
    workers = ingest_context.settings.workers or min(os.cpu_count() or 1, 4)
    jobs = [
        (number, part, source, ingest_context, key, settings, stage)
        for number, whole in enumerate(sources)
        for part, source in enumerate(split(whole, workers, progress))
    ]
    sizes = [_size(source) for _, _, source, *_ in jobs]
    staged = Staged()
    labels, accounts = Gathered(LABELS.arrow), Gathered(ACCOUNTS_SEEN)
    read_bytes = 0
    total = -(-sum(sizes) // MB)
    progress(READING, 0, total)
    for (number, part, *_), size, (path, labelled, seen, quarantine, content) in zip(
        jobs, sizes, _run(jobs, min(workers, len(jobs))), strict=True
    ):
        if path is not None:
            if part and staged.rows[number]:
                _move(path, staged.rows[number])
            staged.files.append(path)
        labels.add(labelled)
        accounts.add(seen)
        if content is not None:
            staged.rows.append(quarantine.good)
            staged.contents.append(content)
        else:
            staged.rows[number] += quarantine.good
        staged.quarantine.merge(quarantine)
        read_bytes += size
        progress(READING, -(-read_bytes // MB), total)
    staged.labels, staged.accounts = labels.table(), accounts.table()
    return staged


def read_believed(
    sources: list[Source],
    ingest_context: IngestContext,
    key: HashKey,
    settings: SketchSettings,
    stage: Path,
    progress: Progress,
) -> tuple[Staged, IngestContext]:
    """Read the logs, and once more where they run ahead of the clock as a whole; returns the context that
    they were read in.
    """
    staged = read_logs(sources, ingest_context, key, settings, stage, progress)
    rows = staged.quarantine.good + staged.quarantine.late.total()
    newest = newest_seen(staged.quarantine.late, rows, ingest_context.settings)
    if newest is None:
        return staged, ingest_context
    for path in staged.files:
        path.unlink()
    believed = replace(ingest_context, newest=newest)
    return read_logs(sources, believed, key, settings, stage, progress), believed


def split(source: Source, workers: int, progress: Progress) -> list[Source]:
    """Cut a large file of JSON lines into parts that several workers read; others stay whole."""
    size = _size(source)
    if workers <= 1 or size < 2 * SMALLEST_PART or not source.format or source.wrapped:
        return [source]
    format = FORMATS.all()[source.format]
    if format.gather is not None or format.facts is not None or source.beside:
        return [source]  # its rows need one another
    if not isinstance(source.path, Path) or not may_be_split(source.path, source.compression):
        return [source]
    part = min(LARGEST_PART, max(SMALLEST_PART, size // (2 * workers)))
    total = -(-size // MB)
    progress(COUNTING, 0, total)
    found = spans(source.path, part, lambda done: progress(COUNTING, -(-done // MB), total))
    return [replace(source, span=span) for span in found]


def _size(source: Source) -> int:
    if source.span is not None:
        return source.span.end - source.span.start
    try:
        return source.path.stat().st_size
    except OSError:
        return 0


def _move(path: Path, by: int) -> None:
    """Put the rows of a part behind those of the parts before it, of which it was not known how many there
    would be.
    """
    moved = path.with_suffix(".moved")
    with pq.ParquetFile(path) as file, pq.ParquetWriter(moved, STAGED, **PARQUET_OPTIONS) as writer:
        place = STAGED.get_field_index("row")
        for batch in file.iter_batches(ROWS_AT_ONCE, use_threads=False):
            table = pa.Table.from_batches([batch])
            rows = pa.array(np.asarray(table.column(place)) + by, pa.int64())
            writer.write_table(table.set_column(place, STAGED.field(place), rows))
    moved.replace(path)


Job = tuple[int, int, Source, IngestContext, HashKey, SketchSettings, Path]
Result = tuple[Path | None, pa.Table, pa.Table, Quarantine, Content | None]


def _run(jobs: list[Job], workers: int) -> Iterator[Result]:
    if workers <= 1:
        yield from map(_stage, jobs)
        return
    before = set(active_children())
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=end_with_parent)
    try:
        waiting = deque(_submitted(pool, jobs))
        while waiting:
            # Taken out, since a future keeps its result for as long as it lives.
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise SettingError(
            "a process that was reading the logs was ended from outside, perhaps for want of memory",
            do="lower ingest.workers or ingest.batch_bytes in the settings file",
        ) from error
    except BaseException:
        for process in set(active_children()) - before:
            process.terminate()
        raise
    finally:
        pool.shutdown()


def _submitted(pool: ProcessPoolExecutor, jobs: list[Job]) -> list[Future[Result]]:
    """The jobs on their way; the workers, which start here, inherit a blocked interrupt: a terminal sends it
    to them too, but it is ours to answer.
    """
    with uninterrupted(), unguarded():
        return [pool.submit(_stage, job) for job in jobs]


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put off an interrupt: one between the start of a worker and its first message would leave the worker
    with half a message.

    Blocking it is not enough, since it blocks it in this thread alone: a thread of a library may take it, and
    Python then raises it here. The wish to end is put off too, but never blocked: workers inherit what is
    blocked, and are ended by it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    answers = {
        asked: signal.signal(asked, lambda number, _frame: pressed.append(number))
        for asked in (signal.SIGINT, signal.SIGTERM)
    }
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for asked, answer in answers.items():
            signal.signal(asked, answer)
    if pressed:
        signal.raise_signal(signal.Signals(pressed[0]))


@contextmanager
def unguarded() -> Iterator[None]:
    """Start processes that do not import the calling script, as Python's would: a script that calls detect
    without `if __name__ == "__main__"` would be run again in each of them.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _stage(job: Job) -> Result:
    number, part, source, ingest_context, key, settings, stage = job
    quarantine = Quarantine()
    path = stage / f"exchanges-{number:06d}-{part:05d}.parquet"
    labels, accounts = Gathered(LABELS.arrow), Gathered(ACCOUNTS_SEEN)
    rows = 0
    with pq.ParquetWriter(path, STAGED, **PARQUET_OPTIONS) as writer:
        for batch in read(source, ingest_context, quarantine):
            sketched = sketch(batch, key, settings)
            writer.write_table(_placed(sketched.exchanges, number, rows))
            rows += batch.num_rows
            labels.add(sketched.labels)
            accounts.add(sketched.accounts)
    if rows == 0:
        path.unlink()
    # Read by the process that has just read it, so from the system's memory and not from the disk.
    content = Content.of(source.path) if part == 0 else None
    return path if rows else None, labels.table(), accounts.table(), quarantine, content


def _placed(batch: pa.RecordBatch, source: int, first: int) -> pa.Table:
    count = batch.num_rows
    places: list[pa.Array[Any]] = [
        pa.array(np.full(count, source, np.int32)),
        pa.array(np.arange(first, first + count)),
    ]
    return pa.Table.from_arrays([*batch.columns, *places], schema=STAGED)


def read_edge_log(
    path: Path,
    ingest_context: IngestContext,
    key: HashKey,
    stage: Path,
    staged: Staged,
    say: Callable[[str], None],
    mapping: Mapping | None = None,
) -> Path | None:
    """Read and key the edge log into `stage`; None if it held no row. say: told if it is empty."""
    quarantine = Quarantine()
    out = stage / "edge.parquet"
    writer: pq.ParquetWriter | None = None
    labels = Gathered(LABELS.arrow)
    try:
        for batch in read_edge(path, ingest_context, quarantine, mapping):
            if not batch.num_rows:
                continue
            keyed, found = sketch_edge(batch, key)
            writer = writer or pq.ParquetWriter(out, keyed.schema, **PARQUET_OPTIONS)
            writer.write_batch(keyed)
            labels.add(found)
    finally:
        if writer is not None:
            writer.close()
    refuse_unreadable(quarantine, path, "edge log", say)
    labels.add(staged.labels)
    staged.labels = labels.table()
    taken = quarantine.uses.get(path.name, TableUse())
    staged.beside["edge"] = Beside(quarantine, taken.columns_ignored)
    return out if writer is not None else None


def refuse_unreadable(quarantine: Quarantine, path: Path, name: str, say: Callable[[str], None]) -> None:
    """Raise InputError where a file given beside the logs has rows and none of them can be read: it was meant
    to tell something, and silence would look like innocence. An empty file is no error: `say` is told, and a
    note goes to the quarantine.
    """
    if not quarantine.good and not quarantine.bad:
        say(f"the {name} holds no row: {path}")
        if path.name not in quarantine.stored:
            quarantine.note(path.name, f"the {name} holds no row")
    elif not quarantine.good:
        reasons = {reason for _, reason in quarantine.reasons}
        raise InputError(
            f"the {name} holds no row that can be read",
            where=str(path),
            do="; ".join(sorted(reasons)) or "see docs/formats.md",
        )
