"""Logs to staged Parquet: each file is read and sketched in one worker; text never leaves the worker."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.engine.door import PARQUET_OPTIONS
from stillwatch.errors import InputError, SettingError
from stillwatch.ingest import Door, Quarantine, Source, read, read_edge
from stillwatch.schema.keyed import HashKey
from stillwatch.schema.stored import EXCHANGES, LABELS
from stillwatch.schema.table import schema_of
from stillwatch.settings import SketchSettings
from stillwatch.sketch import sketch, sketch_edge

Progress = Callable[[str, int, int], None]
ACCOUNTS_SEEN = schema_of(account=pa.int64(), account_id=pa.string())
STAGED = pa.schema([*EXCHANGES.arrow, pa.field("source", pa.int32(), nullable=False), pa.field("row", pa.int64(), nullable=False)])
"""Exchanges with the file they came from and their place among its readable rows."""
ROWS_AT_ONCE = 131_072


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

    def take(self, labels: pa.Table, accounts: pa.Table) -> None:
        """Merge a worker's labels and accounts."""
        self.labels = distinct(pa.concat_tables([self.labels, labels]))
        self.accounts = distinct(pa.concat_tables([self.accounts, accounts]))


def distinct(table: pa.Table) -> pa.Table:
    """Each row once, in a fixed order."""
    unique = table.group_by(table.column_names, use_threads=False).aggregate([])
    return unique.sort_by([(name, "ascending") for name in table.column_names]).cast(table.schema)


def read_logs(sources: list[Source], door: Door, key: HashKey, settings: SketchSettings, stage: Path, progress: Progress) -> Staged:
    """Read and sketch every source into `stage`; files in parallel, results in the order of the sources."""
    workers = door.settings.workers or min(os.cpu_count() or 1, 4)
    jobs = [(number, source, door, key, settings, stage) for number, source in enumerate(sources)]
    staged = Staged()
    for done, (path, labels, accounts, quarantine) in enumerate(_run(jobs, min(workers, len(jobs))), 1):
        if path is not None:
            staged.files.append(path)
        staged.take(labels, accounts)
        staged.rows.append(quarantine.good)
        staged.quarantine.merge(quarantine)
        progress("reading logs", done, len(jobs))
    return staged


Job = tuple[int, Source, Door, HashKey, SketchSettings, Path]
Result = tuple[Path | None, pa.Table, pa.Table, Quarantine]


def _run(jobs: list[Job], workers: int) -> Iterator[Result]:
    if workers <= 1:
        yield from map(_stage, jobs)
        return
    before = set(active_children())
    pool = ProcessPoolExecutor(workers, get_context("spawn"))
    try:
        for future in _submitted(pool, jobs):
            yield future.result()
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
    """The jobs on their way; the workers, which start here, inherit a blocked interrupt: a terminal sends it to them too, but it is ours to answer."""
    with uninterrupted():
        return [pool.submit(_stage, job) for job in jobs]


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put off an interrupt: one between the start of a worker and its first message would leave the worker with half a message.

    Blocking it is not enough, since it blocks it in this thread alone: a thread of a library may take it, and Python then raises it here.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    answer = signal.signal(signal.SIGINT, lambda number, _frame: pressed.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, answer)
    if pressed:
        signal.raise_signal(signal.SIGINT)


def _stage(job: Job) -> Result:
    number, source, door, key, settings, stage = job
    quarantine = Quarantine()
    path = stage / f"exchanges-{number:06d}.parquet"
    labels: list[pa.Table] = [LABELS.arrow.empty_table()]
    accounts: list[pa.Table] = [ACCOUNTS_SEEN.empty_table()]
    rows = 0
    with pq.ParquetWriter(path, STAGED, **PARQUET_OPTIONS) as writer:
        for batch in read(source, door, quarantine):
            sketched = sketch(batch, key, settings)
            writer.write_table(_placed(sketched.exchanges, number, rows))
            rows += batch.num_rows
            labels = _gathered(labels, sketched.labels, LABELS.arrow)
            accounts = _gathered(accounts, sketched.accounts, ACCOUNTS_SEEN)
    if rows == 0:
        path.unlink()
    return path if rows else None, distinct(pa.concat_tables(labels)), distinct(pa.concat_tables(accounts)), quarantine


def _gathered(tables: list[pa.Table], more: pa.Table, schema: pa.Schema) -> list[pa.Table]:
    """Tables side by side, made distinct from time to time so that they stay small."""
    tables.append(more.cast(schema))
    return [distinct(pa.concat_tables(tables))] if len(tables) >= 32 else tables


def _placed(batch: pa.RecordBatch, source: int, first: int) -> pa.Table:
    count = batch.num_rows
    places: list[pa.Array[Any]] = [pa.array(np.full(count, source, np.int32)), pa.array(np.arange(first, first + count))]
    return pa.Table.from_arrays([*batch.columns, *places], schema=STAGED)


def read_edge_log(path: Path, door: Door, key: HashKey, stage: Path, staged: Staged) -> Path | None:
    """Read and key the edge log into `stage`; None if it held no row."""
    quarantine = Quarantine()
    out = stage / "edge.parquet"
    writer: pq.ParquetWriter | None = None
    labels: list[pa.Table] = [LABELS.arrow.empty_table()]
    try:
        for batch in read_edge(path, door, quarantine):
            keyed, found = sketch_edge(batch, key)
            writer = writer or pq.ParquetWriter(out, keyed.schema, **PARQUET_OPTIONS)
            writer.write_batch(keyed)
            labels = _gathered(labels, found, LABELS.arrow)
    finally:
        if writer is not None:
            writer.close()
    refuse_unreadable(quarantine, path, "edge log")
    staged.take(pa.concat_tables(labels), ACCOUNTS_SEEN.empty_table())
    staged.quarantine.merge(quarantine)
    return out if writer is not None else None


def refuse_unreadable(quarantine: Quarantine, path: Path, name: str) -> None:
    """Raise InputError where a file given beside the logs gave no row: it was meant to tell something, and silence would look like innocence."""
    if not quarantine.good and path.stat().st_size:
        reasons = {reason for _, reason in quarantine.reasons}
        raise InputError(f"the {name} holds no row that can be read", where=str(path), do="; ".join(sorted(reasons)) or "see docs/formats.md")
