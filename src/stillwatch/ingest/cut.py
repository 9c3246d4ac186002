"""JSON that is too long or nested too deeply, cut to what can be held, in one pass over its bytes.

A client decides how long a prompt is and how deep a tool's schema: that must not take its request out of the
analysis. Strings are cut at their end, containers at a comma, and what is nested too deeply becomes null, so
that what is left is JSON, with every short field in it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numba
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]
DEEPEST = 64
"""Levels that are kept."""
FIELDS = 4096
"""Fields of the row itself that are kept."""
IN_STRING, ESCAPED, HEX, LENGTH, DEPTH, SKIP, TOTAL, FIELD, PART, NTH, DEEP = range(11)
"""State between pieces: inside a string, after a backslash, digits of an escape to come, bytes of the string,
open brackets, the depth to come back to (-1: nothing is skipped), bytes written; of the row's field, of a
field inside it; number of the row's field; whether what is skipped is nested too deeply.
"""
STRING, OF_FIELD, OF_PART, OF_ALL = range(4)
"""Limits: bytes of a string, of a field of the row, of a field inside it, of all."""


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _stays(state: Numbers, limits: Numbers, c: int, n: int) -> bool:
    """Take one more byte of a string; return whether it stays. n: bytes written of this piece."""
    if state[HEX] > 0:
        state[HEX] -= 1
    elif state[ESCAPED]:
        state[ESCAPED] = 0
        state[HEX] = 4 if c == 117 else 0
    elif c == 34:
        state[IN_STRING] = 0
    else:
        # A cut is made neither in an escape nor in a character of several bytes.
        long = state[LENGTH] >= limits[STRING] or (
            state[LENGTH] >= 1024 and state[TOTAL] + n > limits[OF_ALL]
        )
        if long and (c & 0xC0) != 0x80:
            state[LENGTH] = 2**62
        if c == 92:
            state[ESCAPED] = 1
    stays = state[LENGTH] < 2**62 or not state[IN_STRING]
    if state[LENGTH] < 2**62:
        state[LENGTH] += 1
    return bool(stays)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _cut(data: Bytes, state: Numbers, limits: Numbers, out: Bytes) -> int:
    """Copy what stays of `data` to `out`, which has room for four bytes a byte; return how many."""
    n = 0
    for i in range(len(data)):
        c = data[i]
        keep = state[SKIP] < 0
        if state[IN_STRING]:
            if _stays(state, limits, c, n) and keep:
                out[n] = c
                n += 1
            continue
        if c == 34:
            state[IN_STRING] = 1
            state[LENGTH] = 0
        elif c == 123 or c == 91:
            state[DEPTH] += 1
            if keep and state[DEPTH] > DEEPEST:
                state[SKIP], state[DEEP] = state[DEPTH] - 1, 1
                for letter in (110, 117, 108, 108):
                    out[n] = letter
                    n += 1
                keep = False
        elif c == 125 or c == 93:
            state[DEPTH] = max(state[DEPTH] - 1, 0)
            if not keep and state[DEEP] and state[DEPTH] == state[SKIP]:
                state[SKIP], state[DEEP] = -1, 0
            elif not keep and not state[DEEP] and state[DEPTH] == state[SKIP] - 1:
                state[SKIP] = -1
                keep = True
        elif c == 44 and keep:
            depth, written = state[DEPTH], state[TOTAL] + n
            if depth == 1:
                state[FIELD] = state[PART] = written
                state[NTH] += 1
            elif depth == 2:
                state[PART] = written
            if (
                (depth > 1 and written - state[FIELD] > limits[OF_FIELD])
                or (depth > 2 and written - state[PART] > limits[OF_PART])
                or (depth > 1 and written > limits[OF_ALL])
                or (depth == 1 and state[NTH] > FIELDS)
            ):
                state[SKIP] = depth
                keep = False
        if keep:
            out[n] = c
            n += 1
    state[TOTAL] += n
    return n


STEP = 1 << 20


class Cutter:
    """Cuts one JSON value that comes in pieces. Memory: at most `longest` bytes and a few pieces."""

    def __init__(self, longest: int) -> None:
        """longest: bytes that are kept of the value; 0: it is cut in depth only."""
        self._longest = longest
        most = longest or 2**61
        self._limits = np.array([most // 64, most // 4, most // 8, most // 2], np.int64)
        self._state = np.zeros(DEEP + 1, np.int64)
        self._state[SKIP] = -1
        self._held: list[bytes] = []

    def add(self, pieces: Iterable[bytes]) -> None:
        """Take the next bytes."""
        for piece in pieces:
            for start in range(0, len(piece), STEP):
                data = np.frombuffer(piece[start : start + STEP], np.uint8)
                out = np.empty(4 * len(data), np.uint8)
                size = _cut(data, self._state, self._limits, out)
                if not self._longest or self._state[TOTAL] <= self._longest:
                    self._held.append(out[:size].tobytes())

    def take(self) -> bytes | None:
        """Return the value; None where even its short fields are more than allowed."""
        if self._longest and self._state[TOTAL] > self._longest:
            return None
        return b"".join(self._held)


def shallow(data: bytes) -> bytes:
    """Return a JSON text without what is nested deeper than DEEPEST levels."""
    cutter = Cutter(0)
    cutter.add([data])
    return cutter.take() or b""
