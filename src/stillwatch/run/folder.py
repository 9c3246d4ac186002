"""A run folder being written: aside, under a lock, and put into its place when it is whole and on the
disk.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.engine.base import PARQUET_OPTIONS
from stillwatch.errors import RunError
from stillwatch.run.durable import seal, sync
from stillwatch.run.exchange import exchange
from stillwatch.run.layout import (
    MARK,
    TABLES,
    aside_of,
    earlier_of,
    files_of,
    is_leftover,
    no_run,
    table_file,
)
from stillwatch.run.lock import Lock
from stillwatch.run.manifest import (
    Entry,
    digest_of,
    document_of,
    entries_of,
    entry_of,
    tables_in,
)
from stillwatch.run.replaceable import place_of, refuse_inputs, refuse_no_leftovers, refuse_strange


class RunFolder:
    """A folder beside the wanted one that takes its place when `finish` is called; left in any other way,
    nothing of it stays. Nobody else can write the run meanwhile.
    """

    def __init__(self, out: Path, *, force: bool = False, inputs: Collection[Path] = ()) -> None:
        """For a new run. Raises RunError if `out` exists, unless `force` and it is a run without any of the
        inputs, and where another process is writing it.
        """
        self._begin(out, place_of(out))
        try:
            refuse_inputs((self.aside, self._earlier), inputs)
            # A run whose exchange was cut off stands there again before anything is decided about it.
            self._mend_exchange()
            if self._whole.exists() and not force:
                raise RunError(
                    "the run folder exists already",
                    where=str(out),
                    do="choose another --out, or replace it with --force",
                )
            if self._whole.exists():
                refuse_strange(self._whole, inputs)
            self._make()
        except BaseException:
            self._lock.release()
            self._leave_parents()
            raise

    @classmethod
    def of(cls, run: Path) -> Self:
        """For a run that is changed as a whole. Raises RunError where there is none, and where another
        process is writing it.
        """
        whole = run.resolve()
        if not whole.is_dir() and not earlier_of(whole).is_dir():
            raise no_run(run)
        folder = cls.__new__(cls)
        folder._begin(run, whole)
        try:
            folder._make()
        except BaseException:
            folder._lock.release()
            raise
        return folder

    def _begin(self, out: Path, whole: Path) -> None:
        self.out, self._whole = out, whole
        self._parents = [parent for parent in whole.parents if not parent.exists()]
        try:
            whole.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot_be_made(out, error) from error
        try:
            self._lock = Lock(whole)
        except BaseException:
            self._leave_parents()
            raise
        self.aside, self._earlier = aside_of(whole), earlier_of(whole)
        self.stage = self.aside / "stage"
        self._kept: list[Entry] | None = None
        self._written: list[str] = []
        self._finished = False

    def _make(self) -> None:
        self._mend_exchange()
        self._was = _state(self._whole)
        refuse_no_leftovers(self.aside, self._whole)
        try:
            shutil.rmtree(self.aside, ignore_errors=True)
            self.aside.mkdir(mode=0o700)
            self.stage.mkdir()
        except OSError as error:
            raise _cannot_be_made(self.out, error) from error

    def write(self, name: str, table: pa.Table) -> None:
        """One small table."""
        assert name in TABLES, f"table {name} has no contract"
        path = table_file(self.aside, name)
        path.unlink(missing_ok=True)  # a kept file is the earlier run's too
        pq.write_table(table, path, **PARQUET_OPTIONS)
        self._written.append(path.name)

    def keep(self, about: dict[str, Any], but: Iterable[str]) -> None:
        """Take over every file of the run that stands there, but for some tables that are written anew."""
        anew = {table_file(self._whole, name).name for name in but}
        self._kept = [e for e in entries_of(about, self._whole / MARK) if e.file not in anew]
        for file in files_of(self._whole):
            if file not in anew and file != MARK and not is_leftover(file):
                (self.aside / file).parent.mkdir(parents=True, exist_ok=True)
                _link(self._whole / file, self.aside / file)

    def about(self, document: dict[str, Any]) -> None:
        """run.json with the manifest and the digest of the tables, which must all be written by now."""
        if self._kept is None:
            entries = [entry_of(self.aside, file) for file in tables_in(self.aside)]
        else:
            entries = self._kept + [entry_of(self.aside, file) for file in self._written]
        first = {name: document[name] for name in ("id", "made")} | {"digest": digest_of(entries)}
        rest = {name: value for name, value in document.items() if name not in (*first, "manifest")}
        text = json.dumps({**first, **rest, "manifest": document_of(entries)}, indent=2, default=str)
        (self.aside / MARK).write_text(text + "\n", encoding="utf-8")

    def finish(self) -> Path:
        """Take the place of the wanted folder, once everything is on the disk. Raises RunError where
        something else was put there or changed there meanwhile.
        """
        shutil.rmtree(self.stage, ignore_errors=True)
        seal(self.aside)
        if _state(self._whole) != self._was:
            raise RunError(
                "the run folder was replaced or changed meanwhile; nothing was written",
                where=str(self.out),
                do="see what stands there now, and run the command again",
            )
        if not (self._whole.exists() and exchange(self.aside, self._whole)):
            self._rename()
        sync(self._whole.parent)
        shutil.rmtree(self.aside, ignore_errors=True)
        self._finished = True
        self._lock.release()
        return self.out

    def _rename(self) -> None:
        """In two steps, where the system cannot exchange two folders in one."""
        try:
            if self._whole.exists():
                self._whole.rename(self._earlier)
            self.aside.rename(self._whole)
        finally:
            self._mend_exchange()

    def _mend_exchange(self) -> None:
        """Remove the earlier run where the new one has its place; put it back where an exchange of both was
        cut off between them.
        """
        if self._earlier.exists() and not self._whole.exists():
            self._earlier.rename(self._whole)
        shutil.rmtree(self._earlier, ignore_errors=True)

    def abandon(self) -> None:
        """Leave nothing. After `finish` the places beside the run may be another process's already."""
        if self._finished:
            return
        shutil.rmtree(self.aside, ignore_errors=True)
        self._lock.release()
        self._leave_parents()

    def _leave_parents(self) -> None:
        with contextlib.suppress(OSError):  # another run may have come to live beside ours
            for parent in self._parents:
                parent.rmdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abandon()


def _cannot_be_made(out: Path, error: OSError) -> RunError:
    return RunError(
        f"the run folder cannot be made: {error.strerror}",
        where=str(out),
        do="choose a folder in which, and beside which, you may write",
    )


def _link(source: Path, target: Path) -> None:
    """The same file under a second name; a copy where the file system has no such links."""
    if source.is_symlink():
        target.symlink_to(os.readlink(source))
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _state(whole: Path) -> tuple[int, int, bytes] | None:
    """What tells a run folder from another one, or from itself after a change; None where there is none."""
    try:
        there = whole.stat()
        mark = whole / MARK
        return there.st_dev, there.st_ino, mark.read_bytes() if mark.exists() else b""
    except FileNotFoundError:
        return None
