"""The mapping of a file beside the logs goes with that file."""

from __future__ import annotations

from pathlib import Path

from stillwatch.errors import SettingError


def mapping_of_table(mapping: Path | None, table: Path | None, option: str) -> Path | None:
    """Return a mapping. Raises SettingError where the file that it is for is not given."""
    if mapping is not None and table is None:
        raise SettingError(
            f"a mapping of the file given with --{option}, but there is no such file",
            where=f"--{option}-mapping",
            do=f"give --{option}, or leave out the mapping",
        )
    return mapping
