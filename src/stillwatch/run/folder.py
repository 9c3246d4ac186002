"""The run folder: written aside, renamed when whole."""

from __future__ import annotations

import contextlib
import json
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.engine.base import PARQUET_OPTIONS
from stillwatch.errors import RunError
from stillwatch.run.layout import MARK

PACKAGES = ("duckdb", "ibis-framework", "numba", "numpy", "pyarrow", "scipy")


class RunFolder:
    """A folder beside the wanted one that takes its place when `finish` is called; on any error nothing is
    left.
    """

    def __init__(self, out: Path, *, force: bool) -> None:
        """Raises RunError if `out` exists, unless `force` and it is an earlier run."""
        whole = self._whole = out.resolve()
        self.aside = whole.with_name(f".{whole.name}.part")
        self._earlier = whole.with_name(f".{whole.name}.earlier")
        self._settle_earlier()
        if whole.exists() and not force:
            raise RunError(
                "the run folder exists already",
                where=str(out),
                do="choose another --out, or replace it with --force",
            )
        if whole.exists() and not (whole.is_dir() and (not any(whole.iterdir()) or (whole / MARK).exists())):
            raise RunError(
                "what stands there is no run folder, so --force does not replace it",
                where=str(out),
                do="choose another --out",
            )
        self.out = out
        self._parents = [parent for parent in whole.parents if not parent.exists()]
        shutil.rmtree(self.aside, ignore_errors=True)
        self.stage = self.aside / "stage"
        try:
            self.stage.mkdir(parents=True)
        except OSError as error:
            raise RunError(
                f"the run folder cannot be made: {error.strerror}",
                where=str(out),
                do="choose an --out where you may write",
            ) from error

    def write(self, name: str, table: pa.Table) -> None:
        """One small table."""
        pq.write_table(table, self.aside / f"{name}.parquet", **PARQUET_OPTIONS)

    def about(self, document: dict[str, Any]) -> None:
        """run.json: settings, versions and counts."""
        packages = {name: version(name) for name in PACKAGES}
        (self.aside / MARK).write_text(
            json.dumps({**document, "packages": packages}, indent=2, default=str) + "\n", encoding="utf-8"
        )

    def finish(self) -> Path:
        """Take the place of the wanted folder; an earlier run goes only when the new one stands."""
        shutil.rmtree(self.stage, ignore_errors=True)
        try:
            if self._whole.exists():
                self._whole.rename(self._earlier)
            self.aside.rename(self._whole)
        finally:
            self._settle_earlier()
        return self.out

    def _settle_earlier(self) -> None:
        """Remove the earlier run where the new one has its place; put it back where an exchange of both was
        cut off between them.
        """
        if self._earlier.exists() and not self._whole.exists():
            self._earlier.rename(self._whole)
        shutil.rmtree(self._earlier, ignore_errors=True)

    def abandon(self) -> None:
        """Leave nothing."""
        shutil.rmtree(self.aside, ignore_errors=True)
        with contextlib.suppress(OSError):  # another run may have come to live beside ours
            for parent in self._parents:
                parent.rmdir()
