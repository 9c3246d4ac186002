"""Where a run comes from: what it read and what it was made with. Nothing here tells on which machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol

from stillwatch.errors import InputError

PACKAGES = ("duckdb", "ibis-framework", "numba", "numpy", "pyarrow", "scipy")


class Held(Protocol):
    """A Path, or another place that holds bytes."""

    def is_file(self) -> bool:
        """Whether its bytes lie on this machine."""

    def open(self, mode: Literal["rb"]) -> BinaryIO:
        """Open it at its beginning."""

    def stat(self) -> os.stat_result:
        """Its size."""


@dataclass(frozen=True)
class Content:
    """What a file held when it was read."""

    bytes: int
    """Its size."""
    sha256: str | None
    """The SHA-256 of its bytes as they lie on the disk or in an archive, 64 hexadecimal digits; None for what
    is no file here: a pipe, which can be read only once, or an object in a store.
    """

    @staticmethod
    def of(path: Held) -> Content:
        """The content of a file. Raises InputError where it cannot be read."""
        if not path.is_file():
            return Content(0 if isinstance(path, Path) else path.stat().st_size, None)
        try:
            with path.open("rb") as file:
                sha256 = _digest(file)
                return Content(file.tell(), sha256)
        except OSError as error:
            raise InputError(
                f"the file cannot be read: {error.strerror}", where=str(path), do="check its permissions"
            ) from error


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def side_inputs(given: Iterable[tuple[str, Path | None]]) -> list[dict[str, Any]]:
    """For run.json: the files beside the logs, each with the option it was given by."""
    return [
        {"option": option, "file": file.relative_to(path.parent).as_posix(), **asdict(Content.of(file))}
        for option, path in given
        if path is not None
        for file in (sorted(filter(Path.is_file, path.rglob("*"))) if path.is_dir() else [path])
    ]


def packages() -> dict[str, str]:
    """The versions of the packages that a run's bytes depend on."""
    return {name: version(name) for name in PACKAGES}
