"""Files of values and of tokens, one on a line."""

from __future__ import annotations

from pathlib import Path

from stillwatch.errors import IntelError
from stillwatch.intel.private.token import Token
from stillwatch.small_file import read_small

LARGEST = 128 << 20
MOST_LINES = 1_048_576


def lines_of(path: Path, what: str) -> list[tuple[int, str]]:
    """The lines that hold something, with their numbers from 1. Raises IntelError for a file that is too
    large or no text.
    """
    data = read_small(path, LARGEST, what=what, error=IntelError, do="give a text file, one on a line")
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise IntelError(f"the {what} is no text in UTF-8", where=str(path), do="write it as UTF-8") from None
    if len(lines) > MOST_LINES:
        raise IntelError(
            f"the {what} has more than {MOST_LINES:,} lines", where=str(path), do="give it in parts"
        )
    return [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]


def tokens_of(path: Path) -> list[Token]:
    """The tokens of a file. Raises IntelError with the line of one that is none."""
    found: list[Token] = []
    for number, line in lines_of(path, "file of tokens"):
        try:
            found.append(Token.parse(line))
        except IntelError as error:
            raise IntelError(error.what, where=f"{path}, line {number}", do=error.do) from None
    return found
