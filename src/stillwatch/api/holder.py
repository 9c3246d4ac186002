"""What the objects of one run share: its folder, and an engine that is opened when a query is first made."""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path

from stillwatch.engine import DuckDBEngine, Table
from stillwatch.settings import EngineSettings


class TemporaryFolder:
    """A folder that goes when nobody has this object any more, at the latest with the process.

    tempfile's own warns when it is not closed, which a notebook never does.
    """

    def __init__(self, prefix: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=prefix))
        self.remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


class Holder:
    """Keeps a run's folder and engine for as long as anything that reads them.

    A temporary folder goes when the run, its frames and its Ibis tables are gone, or when `close` is called.
    """

    def __init__(self, folder: Path, temporary: TemporaryFolder | None = None) -> None:
        self.folder = folder
        self._temporary = temporary
        self._engine: DuckDBEngine | None = None
        self._scratch: TemporaryFolder | None = None
        self._lock = threading.Lock()

    def ibis(self, name: str, files: Sequence[Path]) -> Table:
        """Parquet files as an Ibis table; all tables of one run share a connection, so they can be joined."""
        with self._lock:
            if self._engine is None:
                self._scratch = TemporaryFolder("stillwatch-")
                self._engine = DuckDBEngine(EngineSettings(), self._scratch.path)
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
            for folder in (self._scratch, self._temporary):
                if folder is not None:
                    folder.remove()


def _let_go(*_kept: object) -> None:
    """Called when nobody has the connection any more; its arguments are free after it."""
