"""Where things stand in the folder of a published state."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from stillwatch.errors import RunError
from stillwatch.run.durable import FOLDER
from stillwatch.small_file import read_small

SNAPSHOT_NAME = re.compile(r"(\d{12})\.snapshot")
"""Name of a snapshot's file: its version in twelve digits."""
LARGEST_CURRENT = 4_096
"""Bytes of the file `current`."""
PUBLISH = "run `stillwatch guard publish RUN --to STATE`"


@dataclass(frozen=True)
class Current:
    """What the file `current` says."""

    version: int
    """Version of the newest snapshot."""
    digest: str
    """Its digest."""

    def text(self) -> str:
        """Return the file's text."""
        return json.dumps({"version": self.version, "digest": self.digest}) + "\n"


@dataclass(frozen=True)
class StateFolder:
    """The folder STATE."""

    path: Path
    """Where it is."""

    @property
    def snapshots(self) -> Path:
        """The folder of the snapshots."""
        return self.path / "snapshots"

    @property
    def current(self) -> Path:
        """The file that names the newest snapshot."""
        return self.path / "current"

    @property
    def keys(self) -> Path:
        """The folder of the keys."""
        return self.path / "keys"

    @property
    def journal(self) -> Path:
        """The journal of people's decisions."""
        return self.path / "journal.db"

    @property
    def budgets(self) -> Path:
        """What embedded budgets remember."""
        return self.path / "budgets.db"

    @property
    def records(self) -> Path:
        """The folder of decisions and exchanges."""
        return self.path / "records"

    @property
    def lock(self) -> Path:
        """The file that whoever writes holds locked."""
        return self.path / ".lock"

    def snapshot(self, version: int) -> Path:
        """Return the file of a snapshot."""
        return self.snapshots / f"{version:012d}.snapshot"

    def versions(self) -> list[int]:
        """Return the versions whose files are there, in order."""
        if not self.snapshots.is_dir():
            return []
        found = (SNAPSHOT_NAME.fullmatch(path.name) for path in self.snapshots.iterdir())
        return sorted(int(match[1]) for match in found if match)

    def make(self) -> None:
        """Make the folder and those in it. Raises RunError where something else stands there."""
        if self.path.exists() and not self.path.is_dir():
            raise RunError(
                "a file stands where the state is to be", where=str(self.path), do="choose another"
            )
        self.path.mkdir(mode=FOLDER, parents=True, exist_ok=True)
        for folder in (self.snapshots, self.keys):
            folder.mkdir(mode=FOLDER, exist_ok=True)

    def read_current(self) -> Current | None:
        """Return what `current` says; None if there is none. Raises RunError where it says nothing."""
        if not self.current.exists():
            return None
        data = read_small(
            self.current, LARGEST_CURRENT, what="name of the newest snapshot", error=RunError, do=PUBLISH
        )
        try:
            found = json.loads(data.decode("ascii"))
            version, digest = found["version"], found["digest"]
            if type(version) is not int or not 0 < version < 10**12 or not isinstance(digest, str):
                raise ValueError
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise RunError(
                "the file that names the newest snapshot cannot be understood",
                where=str(self.current),
                do=PUBLISH,
            ) from error
        return Current(version, digest)


def state_at(path: Path) -> StateFolder:
    """Return a state that is there. Raises RunError where it is not."""
    folder = StateFolder(path)
    if not folder.keys.is_dir():
        raise RunError("there is no such state", where=str(path), do=PUBLISH)
    return folder
