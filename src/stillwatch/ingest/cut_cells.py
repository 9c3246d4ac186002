"""CSV whose rows are too long, cut to what can be held, in one pass over its bytes.

A client decides how long a prompt is: that must not take its request out of the analysis. Once a row has
reached its limit, what follows of each field is cut at SHORT bytes, never inside a character or a doubled
quote, so that the row keeps all its fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numba
import numpy as np
import numpy.typing as npt

from stillwatch.ingest.notes import note

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]
CUT_ROW = "row longer than ingest.max_row_bytes: its longest fields are cut"
SHORT = 1024
"""Bytes of a field that stay however long its row is."""
OPEN = 1 << 26
"""A row that is so many bytes too long is no row but a quote that is never closed, and is made unreadable."""
BEGIN, PLAIN, RETURNED, QUOTED, QUOTE, FAULT = range(6)
"""Where a byte stands: at the begin of a field, in one without quotes, after a carriage return, in one with
quotes, after a quote inside that, behind a fault up to the line's end.
"""
STATE, FIELD, ROW, SENT, CUTTING, CUT, CUTS, LINES, LOST = range(9)
"""Where the last byte stood, bytes kept of the field and of the row, bytes of the row, whether the field is
being cut, whether the row was, rows that were; line ends left out of this row, and of rows made unreadable.
"""
QUOTE_MARK, LINE_END, RETURN, LETTER = 34, 10, 13, 120


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _state_after(state: int, c: int, delimiter: int) -> int:
    """Where the byte stands, as Python's strict reader sees it."""
    if state == QUOTED:
        return QUOTE if c == QUOTE_MARK else QUOTED
    if c == LINE_END:
        return BEGIN
    if state in (FAULT, RETURNED):
        return RETURNED if state == RETURNED and c == RETURN else FAULT
    if c == delimiter:
        return BEGIN
    if c == RETURN:
        return RETURNED
    if state == QUOTE:
        return QUOTED if c == QUOTE_MARK else FAULT
    return QUOTED if state == BEGIN and c == QUOTE_MARK else PLAIN


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _cut_cells(data: Bytes, counts: Numbers, longest: int, most: int, delimiter: int, out: Bytes) -> int:
    """Copy what stays of `data` to `out`, which has room for three bytes more; return how many."""
    n = 0
    for i in range(len(data)):
        c = data[i]
        before = counts[STATE]
        now = _state_after(before, c, delimiter)
        counts[SENT] += 1
        if counts[CUTTING] and now not in (PLAIN, QUOTED, QUOTE):
            if before == QUOTE:  # it closes the field, and was held back until that was known
                out[n] = QUOTE_MARK
                n += 1
            counts[CUTTING] = 0
        elif not counts[CUTTING] and counts[ROW] >= longest and counts[FIELD] >= SHORT:
            inside = before in (PLAIN, QUOTED) and now in (PLAIN, QUOTED, QUOTE)
            counts[CUTTING] = inside and (c & 0xC0) != 0x80
            counts[CUT] |= counts[CUTTING]
        if not counts[CUTTING]:
            out[n] = c
            n += 1
            counts[FIELD] += 1
            counts[ROW] += 1
        elif now == QUOTED and counts[SENT] > most:
            out[n], out[n + 1] = QUOTE_MARK, LETTER
            n += 2
            now, counts[CUTTING], counts[CUT] = FAULT, 0, 0
            counts[LOST] += counts[LINES] + (c == LINE_END)
        else:
            counts[LINES] += c == LINE_END
        if now == BEGIN:
            counts[FIELD] = 0
            if c == LINE_END:
                counts[CUTS] += counts[CUT]
                counts[ROW] = counts[SENT] = counts[LINES] = counts[CUT] = 0
        counts[STATE] = now
    return n


class CellCutter:
    """Cuts the rows of one CSV. Memory: a piece at a time."""

    def __init__(self, longest: int, delimiter: str) -> None:
        """longest: bytes of a row from which its fields are cut."""
        self._longest = longest
        self._delimiter = ord(delimiter) if delimiter.isascii() else -1
        self._counts = np.zeros(LOST + 1, np.int64)

    def cut(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Return the bytes with long rows cut; each of them is noted."""
        for piece in pieces:
            data = np.frombuffer(piece, np.uint8)
            out = np.empty(len(data) + 3, np.uint8)
            most = self._longest + OPEN
            size = _cut_cells(data, self._counts, self._longest, most, self._delimiter, out)
            self._note_cuts(CUTS)
            yield out[:size].tobytes()
        if self._counts[STATE] == QUOTE:
            self._note_cuts(CUT)
            if self._counts[CUTTING]:
                yield b'"'
        elif self._counts[STATE] == PLAIN:
            self._note_cuts(CUT)

    def _note_cuts(self, counter: int) -> None:
        for _ in range(int(self._counts[counter])):
            note("", CUT_ROW)
        self._counts[counter] = 0

    def take_lost(self) -> int:
        """Return the lines left out of rows that were made unreadable since the last call."""
        lost = int(self._counts[LOST])
        self._counts[LOST] = 0
        return lost
