"""Lines of a text; no line longer than allowed is held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stillwatch.ingest.cut import Cutter
from stillwatch.ingest.notes import note
from stillwatch.ingest.quarantine import BadRow

Piece = tuple[int, bytes | BadRow]
"""Number of a row, from 1, and its bytes, or the reason why it has none."""


class Held:
    """The pieces of one row; a JSON row that grows too long is cut, any other one is dropped."""

    def __init__(self, longest: int, *, json: bool) -> None:
        """No piece yet."""
        self._longest = longest
        self._json = json
        self._pieces: list[bytes] = []
        self._cutter: Cutter | None = None
        self.size = 0

    def add(self, piece: bytes) -> None:
        """Take the next bytes of the row."""
        self.size += len(piece)
        if self.size <= self._longest:
            self._pieces.append(piece)
        elif self._json:
            self._cutter = self._cutter or Cutter(self._longest)
            self._cutter.add([*self._pieces, piece])
            self._pieces = []
        else:
            self._pieces = []

    def take(self) -> bytes | BadRow:
        """Return the row, or why there is none."""
        if self.size <= self._longest:
            return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        cut = self._cutter.take() if self._cutter else None
        if cut is None:
            return too_long(self._longest)
        note("", "row longer than ingest.max_row_bytes: its longest fields are cut")
        return cut


def lines(
    pieces: Iterable[bytes], longest: int, *, json: bool = False, blank: bool = False
) -> Iterator[Piece]:
    """Return lines with their numbers, without blank ones unless `blank`.

    A line that is too long is cut if it is JSON, else skipped; it is never held. A break in the file is its
    last row.
    """
    number = 0
    held: Held | None = None
    try:
        for piece in pieces:
            parts = piece.split(b"\n")
            for part in parts[:-1]:
                number += 1
                if held is None and len(part) <= longest:
                    if blank or (part and (len(part) > 8 or not part.isspace())):
                        yield number, part
                    continue
                held = held or Held(longest, json=json)
                held.add(part)
                row, held = held.take(), None
                if blank or isinstance(row, BadRow) or not row.isspace():
                    yield number, row
            if parts[-1]:
                held = held or Held(longest, json=json)
                held.add(parts[-1])
    except BadRow as broken:
        yield number + 1, broken
        return
    if held is not None:
        row = held.take()
        if isinstance(row, BadRow) or not row.isspace():
            yield number + 1, row


def too_long(longest: int) -> BadRow:
    """Return why a row that is too long is left out."""
    return BadRow("", f"row longer than ingest.max_row_bytes ({longest:,} bytes)")
