"""One section of the file of channels, read field by field; secrets come from files or the environment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stillwatch.errors import SettingError
from stillwatch.small_file import read_small
from stillwatch.toml_file import nearest

LARGEST_SECRET = 2**14
LONGEST = 2_000
"""Characters of a text."""


class Given:
    """The fields of one channel. Each method raises SettingError for a field that is missing or wrong; none
    shows a secret.
    """

    def __init__(self, row: Mapping[str, Any], where: str, folder: Path) -> None:
        """where: the file and the channel, for messages; folder: what relative paths are relative to."""
        self.row = row
        self.where = where
        self._folder = folder

    def wrong(self, key: str, do: str) -> SettingError:
        """Return the error for a field."""
        told = "is missing" if key not in self.row else "cannot be used"
        return SettingError(f"{key} of a channel {told}", where=self.where, do=do)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text of printable characters."""
        value = self.row.get(key, default)
        if not isinstance(value, str) or not value.isprintable() or len(value) > LONGEST:
            raise self.wrong(key, f'write {key} = "…", on one line')
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return a list of texts, at least one."""
        value = self.row.get(key, default)
        if (
            not isinstance(value, list | tuple)
            or not 0 < len(value) <= 100
            or not all(isinstance(one, str) and 0 < len(one) <= LONGEST for one in value)
        ):
            raise self.wrong(key, f'write {key} = ["…", "…"]')
        return tuple(value)

    def one_of(self, key: str, words: tuple[str, ...], default: str | None = None) -> str:
        """Return one of some words."""
        value = self.text(key, default)
        if value not in words:
            raise self.wrong(key, nearest(value, words))
        return value

    def each_of(self, key: str, words: tuple[str, ...]) -> Iterator[str]:
        """Return some of some words; none where the field is not there."""
        for value in self.texts(key) if key in self.row else ():
            if value not in words:
                raise self.wrong(key, nearest(value, words))
            yield value

    def whole(self, key: str, default: int, most: int) -> int:
        """Return a whole number from 1 up to `most`."""
        value = self.row.get(key, default)
        if type(value) is not int or not 1 <= value <= most:
            raise self.wrong(key, f"write a whole number from 1 to {most}")
        return value

    def yes(self, key: str) -> bool:
        """Return true or false, false where the field is not there."""
        value = self.row.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, f"write {key} = true, or leave it out")
        return value

    def path(self, key: str) -> Path:
        """Return a path."""
        return self._folder / self.text(key)

    def secret(self, key: str) -> str:
        """Return what KEY_file or KEY_env names: exactly one of them must be there."""
        in_file, in_env = f"{key}_file", f"{key}_env"
        if (in_file in self.row) == (in_env in self.row):
            raise SettingError(
                f"a channel needs {in_file} or {in_env}, and not both",
                where=self.where,
                do="name a file, or a variable of the environment; a secret never stands in this file",
            )
        if in_file in self.row:
            data = read_small(
                self.path(in_file),
                LARGEST_SECRET,
                what=f"file named by {in_file}",
                error=SettingError,
                do=f"check {in_file} in {self.where}",
            )
            found = data.decode("utf-8", "replace").strip()
        else:
            found = os.environ.get(self.text(in_env), "").strip()
        if not found:
            raise SettingError(
                f"{key} of a channel is empty", where=self.where, do=f"fill {key}_file or {key}_env"
            )
        return found
