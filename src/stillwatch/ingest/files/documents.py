"""Objects inside one big JSON document, read without holding the whole document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numba
import numpy as np
import numpy.typing as npt

from stillwatch.ingest.files.lines import Held, Piece
from stillwatch.ingest.quarantine import BadRow

Bytes = npt.NDArray[np.uint8]
States = npt.NDArray[np.int64]
DEPTH, IN_STRING, ESCAPED = 0, 1, 2


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _scan(data: Bytes, state: States, level: int, cuts: States) -> int:
    """Find where objects at `level` begin (place) and end (-place - 1), skipping strings; return how many."""
    depth, in_string, escaped = state[0], state[1], state[2]
    found = 0
    for i in range(len(data)):
        c = data[i]
        if in_string:
            if escaped:
                escaped = 0
            elif c == 92:
                escaped = 1
            elif c == 34:
                in_string = 0
        elif c == 34:
            in_string = 1
        elif c == 123 or c == 91:
            if depth == level and c == 123:
                cuts[found] = i
                found += 1
            depth += 1
        elif c == 125 or c == 93:
            depth = max(depth - 1, 0)
            if depth == level and c == 125:
                cuts[found] = -i - 1
                found += 1
    state[0], state[1], state[2] = depth, in_string, escaped
    return found


def object_ends(data: bytes) -> list[int]:
    """Return where the outermost objects of a piece of JSON end, in order."""
    cuts = np.empty(len(data) + 1, np.int64)
    found = cuts[: _scan(np.frombuffer(data, np.uint8), np.zeros(3, np.int64), 0, cuts)].tolist()
    return [-cut for cut in found if cut < 0]


def objects(pieces: Iterable[bytes], level: int, longest: int) -> Iterator[Piece]:
    """Return the objects that are `level` brackets deep, in order, with their numbers.

    Objects that are too long are cut, and never held.
    """
    state = np.zeros(3, np.int64)
    number = passed = size = 0
    held: Held | None = None
    try:
        for piece in pieces:
            cuts = np.empty(len(piece) + 1, np.int64)
            start = 0
            for cut in cuts[: _scan(np.frombuffer(piece, np.uint8), state, level, cuts)].tolist():
                if cut >= 0:
                    held, size, start = Held(longest, json=True), 0, cut
                elif held is not None:
                    number += 1
                    size += -cut - start
                    passed += size
                    held.add(piece[start:-cut])
                    yield number, held.take()
                    held = None
            if held is not None:
                size += len(piece) - start
                held.add(piece[start:])
    except BadRow as broken:
        yield number + 1, broken
        return
    if held is not None or state[DEPTH] or state[IN_STRING]:
        # One bracket too many hides everything after it: the loss is estimated from the size of the rows
        # before.
        yield (
            number + 1,
            BadRow("", "the JSON document breaks off here", lost=max(1, size * number // max(passed, 1))),
        )
