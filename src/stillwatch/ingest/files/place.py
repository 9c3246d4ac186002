"""Where the bytes of a log lie: a file, a member of an archive, or an object in a store."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol


class Place(Protocol):
    """What can be opened and read more than once; a Path of a regular file is one."""

    @property
    def name(self) -> str:
        """Its name without folders."""

    def open(self, mode: Literal["rb"]) -> BinaryIO:
        """Open it at its beginning. Raises OSError."""

    def stat(self) -> os.stat_result:
        """Its size, as `st_size`. Raises OSError."""

    def is_file(self) -> bool:
        """Return whether its bytes lie on this machine."""


@dataclass(frozen=True)
class Stretch:
    """A stretch of a file: a member of an archive."""

    path: Path
    """The archive, or its unpacked copy."""
    shown: str
    """The archive and the member, as messages name it."""
    start: int
    """Its first byte in the archive."""
    size: int
    """Its bytes, as they lie in the archive."""
    crc: int | None = None
    """CRC-32 of its unpacked bytes; None: not known."""

    @property
    def name(self) -> str:
        """Name of the member without its folders."""
        return self.shown.rpartition("/")[2]

    def __str__(self) -> str:
        """Return archive and member."""
        return self.shown

    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO:
        """Open it at its beginning."""
        return io.BufferedReader(_Window(self.path.open("rb"), self.start, self.size))

    def stat(self) -> os.stat_result:
        """Its size."""
        return sized(self.size)

    def is_file(self) -> bool:
        """Return whether the archive is there."""
        return self.path.is_file()


def sized(size: int) -> os.stat_result:
    """Return the result of a `stat` that knows a size only."""
    return os.stat_result((0, 0, 0, 0, 0, 0, size, 0, 0, 0))


class _Window(io.RawIOBase):
    """A part of an open file as a file of its own."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        super().__init__()
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = max(0, min(len(buffer), self._size - self._at))
        self._file.seek(self._start + self._at)
        data = self._file.read(wanted)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()
