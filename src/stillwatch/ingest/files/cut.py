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
IN_STRING, ESCAPED, HEX, LENGTH, DEPTH, SKIP, TOTAL, FIELD, PART, NTH = range(10)
"""State between pieces: inside a string, after a backslash, digits of an escape to come, bytes of the string,
open brackets, the depth to come back to (-1: nothing is skipped), bytes written; of the row's field, of a
field inside it; number of the row's field.
"""
STRING, OF_FIELD, OF_PART, OF_ALL = range(4)
"""Limits: bytes of a string, of a field of the row, of a field inside it, of all."""


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _cut(data: Bytes, state: Numbers, limits: Numbers, out: Bytes) -> int:
    """Copy what stays of `data` to `out`, which has room for four bytes a byte; return how many."""
    n = 0
    for i in range(len(data)):
        c = data[i]
        keep = state[SKIP] < 0
        if state[IN_STRING]:
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
            if keep and (state[LENGTH] < 2**62 or not state[IN_STRING]):
                out[n] = c
                n += 1
            if state[LENGTH] < 2**62:
                state[LENGTH] += 1
            continue
        if c == 34:
            state[IN_STRING] = 1
            state[LENGTH] = 0
        elif c == 123 or c == 91:
            state[DEPTH] += 1
            if keep and state[DEPTH] > DEEPEST:
                state[SKIP] = state[DEPTH] - 1
                for letter in (110, 117, 108, 108):
                    out[n] = letter
                    n += 1
                keep = False
        elif c == 125 or c == 93:
            state[DEPTH] = max(state[DEPTH] - 1, 0)
            if not keep and state[DEPTH] == state[SKIP]:
                state[SKIP] = -1  # the end of what was nested too deeply
                continue
            if not keep and state[DEPTH] < state[SKIP]:
                state[SKIP] = -1  # the end of the container that was too long
                keep = True
        elif c == 44:
            depth, written = state[DEPTH], state[TOTAL] + n
            if not keep and state[SKIP] > depth:
                keep = False
            if depth == 1:
                state[FIELD] = state[PART] = written
                state[NTH] += 1
            elif depth == 2:
                state[PART] = written
            full = (
                (depth > 1 and written - state[FIELD] > limits[OF_FIELD])
                or (depth > 2 and written - state[PART] > limits[OF_PART])
                or (depth > 1 and written > limits[OF_ALL])
                or (depth == 1 and state[NTH] > FIELDS)
            )
            if keep and full:
                state[SKIP] = depth * 1 + 0
                keep = False
        if keep:
            out[n] = c
            n += 1
    state[TOTAL] += n
    return n
