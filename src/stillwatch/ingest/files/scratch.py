"""A private folder for what can be read only once, or only from its beginning to its end."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from stillwatch.errors import InputError

FREE = 256 * 2**20
"""Bytes of the disk that a copy leaves free."""
CHECKED = 64 * 2**20
"""Bytes after which the free room is looked at again."""


class Scratch:
    """Copies of pipes and of compressed archives; the folder is made at its first use."""

    def __init__(self, beside: Path | None = None) -> None:
        """Below a folder, or the nearest one above it that exists; None: the system's folder for such
        files.
        """
        self._beside = beside
        self._folder: Path | None = None
        self._files = 0

    def __enter__(self) -> Self:
        """Begin; nothing is made yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove everything."""
        self.close()

    def close(self) -> None:
        """Remove everything."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def keep(self, pieces: Iterable[bytes], where: str, most: int | None = None) -> Path:
        """Write pieces to a file that only this user can read; returns its path.

        Raises InputError if there is no room, or if they are more bytes than `most`.
        """
        path = self._next(where)
        written = checked = 0
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                for piece in pieces:
                    written += len(piece)
                    if most is not None and written > most:
                        raise InputError(
                            f"it unpacks to more than {most:,} bytes, which looks like a bomb",
                            where=where,
                            do="raise ingest.max_unpacked_ratio in the settings file if it is a log",
                        )
                    if written >= checked:
                        self._must_have_room(where)
                        checked = written + CHECKED
                    file.write(piece)
        except OSError as error:
            raise InputError(
                f"no copy of it can be written: {error.strerror}", where=where, do=self._do()
            ) from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def _next(self, where: str) -> Path:
        if self._folder is None:
            above = self._beside
            while above is not None and not above.is_dir():
                above = above.parent
            try:
                self._folder = Path(tempfile.mkdtemp(prefix=".stillwatch-", dir=above))
            except OSError as error:
                raise InputError(
                    f"no copy of it can be written: {error.strerror}", where=where, do=self._do()
                ) from error
            atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        self._files += 1
        return self._folder / f"{self._files:06d}"

    def _must_have_room(self, where: str) -> None:
        assert self._folder is not None
        if shutil.disk_usage(self._folder).free < FREE:
            raise InputError(
                "the disk has no room for a copy of it: a pipe or a compressed archive is copied once",
                where=where,
                do=self._do(),
            )

    def _do(self) -> str:
        return "make room where --out lies, or give unpacked files"
