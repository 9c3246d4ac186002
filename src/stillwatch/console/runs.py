"""The runs that the console shows: found below the folders that it was given, opened when looked at."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stillwatch.errors import RunError, StillwatchError
from stillwatch.run.about import read_about
from stillwatch.run.layout import MARK
from stillwatch.run.reading import Run

MOST_OPEN = 8
"""Runs that are kept open; each holds its small tables in memory."""
MOST_RUNS = 10_000
"""Runs that are looked for below one folder."""


class Runs:
    """Runs by their id. Threads may share it."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        """folders: runs, or folders of runs."""
        self.folders = tuple(folders)
        self._lock = threading.Lock()
        self._open: OrderedDict[tuple[Path, int, int], Run] = OrderedDict()
        self._abouts: dict[tuple[Path, int, int], dict[str, Any]] = {}

    def all(self) -> list[tuple[Path, dict[str, Any]]]:
        """Return each run's folder with what its run.json says, the newest traffic first; unreadable ones are
        left out.
        """
        found = []
        for folder in self._places():
            try:
                found.append((folder, self._about(folder)))
            except (StillwatchError, OSError):
                continue
        return sorted(found, key=lambda one: (str(one[1].get("last", "")), one[0].name), reverse=True)

    def newest(self) -> Run | None:
        """Return the run of the newest traffic; None where there is none."""
        found = self.all()
        return self._opened(found[0][0]) if found else None

    def named(self, name: str) -> Run:
        """Return the run of an id. Raises RunError where the console has none."""
        for folder, about in self.all():
            if about.get("id") == name:
                return self._opened(folder)
        raise RunError(
            "the console has no such run",
            where=name[:80],
            do="see the list of runs, or start `stillwatch serve --runs FOLDER` with its folder",
        )

    def _places(self) -> list[Path]:
        places: list[Path] = []
        for folder in self.folders:
            if (folder / MARK).is_file():
                places.append(folder)
            elif folder.is_dir():
                below = (one for one in folder.iterdir() if (one / MARK).is_file())
                places.extend(sorted(below)[:MOST_RUNS])
        return list(dict.fromkeys(places))

    def _about(self, folder: Path) -> dict[str, Any]:
        key = _key(folder)
        with self._lock:
            if key in self._abouts:
                return self._abouts[key]
        about = read_about(folder / MARK)
        with self._lock:
            self._abouts[key] = about
        return about

    def _opened(self, folder: Path) -> Run:
        key = _key(folder)
        with self._lock:
            if key in self._open:
                self._open.move_to_end(key)
                return self._open[key]
        run = Run(folder)
        with self._lock:
            self._open[key] = run
            while len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)
        return run


def _key(folder: Path) -> tuple[Path, int, int]:
    """What changes when a run is made anew in the same folder."""
    stat = (folder / MARK).stat()
    return folder, stat.st_mtime_ns, stat.st_ino
