"""Files of sketches, one on a line."""

from __future__ import annotations

from pathlib import Path

from stillwatch.errors import IntelError
from stillwatch.intel.private.sketches.template_sketch import TemplateSketch
from stillwatch.intel.private.value_file import lines_of

MOST = 10_000
"""Sketches of a file."""


def sketches_of(path: Path) -> list[TemplateSketch]:
    """The sketches of a file. Raises IntelError with the line of one that is none, and for too many."""
    found: list[TemplateSketch] = []
    for number, line in lines_of(path, "file of sketches"):
        if len(found) == MOST:
            raise IntelError(f"the file has more than {MOST:,} sketches", where=str(path), do="split it")
        try:
            found.append(TemplateSketch.parse(line))
        except IntelError as error:
            raise IntelError(error.what, where=f"{path}, line {number}", do=error.do) from None
    return found
