"""Lines of a text; no line longer than allowed is held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stillwatch.ingest.quarantine import BadRow

Piece = tuple[int, bytes | BadRow]
"""Number of a row, from 1, and its bytes, or the reason why it has none."""


def lines(pieces: Iterable[bytes], longest: int, *, blank: bool = False) -> Iterator[Piece]:
    """Return lines with their numbers, without blank ones unless `blank`.

    A line that is too long is skipped without being held. A break in the file is its last row.
    """
    number = 0
    held: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            parts = piece.split(b"\n")
            for part in parts[:-1]:
                number += 1
                size += len(part)
                if size > longest:
                    yield number, too_long(longest)
                elif blank or (size and (size > 8 or held or not part.isspace())):
                    yield number, b"".join([*held, part]) if held else part
                held, size = [], 0
            size += len(parts[-1])
            held = [*held, parts[-1]] if size <= longest and parts[-1] else held if size <= longest else []
    except BadRow as broken:
        yield number + 1, broken
        return
    last = b"".join(held)
    if size > longest:
        yield number + 1, too_long(longest)
    elif last and not last.isspace():
        yield number + 1, last


def too_long(longest: int) -> BadRow:
    """Return why a row that is too long is left out."""
    return BadRow("", f"row longer than ingest.max_row_bytes ({longest:,} bytes)")
