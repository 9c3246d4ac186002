"""What the objects of one run share: its folder, and an engine that is opened when a query is first made."""

from __future__ import annotations

import shutil
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from stillwatch.engine import DuckDBEngine, Table
from stillwatch.settings import EngineSettings


class Holder:
    """Keeps a run's folder and engine for as long as anything that reads them.

    A temporary folder goes when the run, its frames and its Ibis tables are gone, or when `close` is called.
    """

    def __init__(self, folder: Path, temporary: TemporaryDirectory[str] | None = None) -> None:
        self.folder = folder
        self._temporary = temporary
        self._engine: DuckDBEngine | None = None
        self._scratch: TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()

    def ibis(self, name: str, files: Sequence[Path]) -> Table:
        """Parquet files as an Ibis table; all tables of one run share a connection, so they can be joined."""
        with self._lock:
            if self._engine is None:
                self._scratch = TemporaryDirectory(prefix="stillwatch-", ignore_cleanup_errors=True)
                self._engine = DuckDBEngine(EngineSettings(), Path(self._scratch.name))
                # An Ibis table holds the connection only: folder and spill files must live as long.
                kept = (self._temporary, self._scratch)
                weakref.finalize(self._engine.connection, _let_go, *kept).atexit = False
            return self._engine.read(name, files)

    def close(self) -> None:
        """Close the engine and remove a temporary folder; what was read stays, nothing more can be read."""
        with self._lock:
            if self._engine is not None:
                self._engine.close()
                self._engine = None
            if self._scratch is not None:
                shutil.rmtree(self._scratch.name, ignore_errors=True)
            if self._temporary is not None:
                self._temporary.cleanup()


def _let_go(*_kept: object) -> None:
    """Called when nobody has the connection any more; its arguments are free after it."""
