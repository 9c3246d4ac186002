"""Where a run comes from: what it read and what it was made with. Nothing here tells on which machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stillwatch.errors import InputError

PACKAGES = ("duckdb", "ibis-framework", "numba", "numpy", "pyarrow", "scipy")


@dataclass(frozen=True)
class Content:
    """What a file held when it was read."""

    bytes: int
    """Its size."""
    sha256: str | None
    """The SHA-256 of its bytes as they lie on the disk, 64 hexadecimal digits; None for what is no file, as a
    pipe, which can be read only once.
    """

    @staticmethod
    def of(path: Path) -> Content:
        """The content of a file. Raises InputError where it cannot be read."""
        if not path.is_file():
            return Content(0, None)
        try:
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                return Content(file.tell(), sha256)
        except OSError as error:
            raise InputError(
                f"the file cannot be read: {error.strerror}", where=str(path), do="check its permissions"
            ) from error


def side_inputs(given: Iterable[tuple[str, Path | None]]) -> list[dict[str, Any]]:
    """For run.json: the files beside the logs, each with the option it was given by."""
    return [
        {"option": option, "file": path.name, **asdict(Content.of(path))}
        for option, path in given
        if path is not None
    ]


def packages() -> dict[str, str]:
    """The versions of the packages that a run's bytes depend on."""
    return {name: version(name) for name in PACKAGES}
