"""What chance alone gives: the moments of a draw without replacement."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
AT_ONCE = 1_000_000
"""Terms that are summed at once, to bound memory."""


def log_moments(whole: Ints, marked: Ints, drawn: Ints, tilts: tuple[float, ...]) -> Floats:
    """Return log E exp(tilt X) for hypergeometric X, shape (rows, tilts).

    X counts the accounts with a key among `drawn` of `whole` accounts, `marked` of which carry it. Exact: the
    sum over all values of X. The cost grows with the sum of min(marked, drawn).
    """
    result = np.zeros((len(whole), len(tilts)))
    lengths = np.minimum(marked, drawn) + 1
    parts = np.cumsum(lengths) // AT_ONCE
    for part in np.unique(parts):
        rows = parts == part
        result[rows] = _some(whole[rows], marked[rows], drawn[rows], tilts)
    return result


def _some(whole: Ints, marked: Ints, drawn: Ints, tilts: tuple[float, ...]) -> Floats:
    low = np.maximum(drawn + marked - whole, 0)
    lengths = np.minimum(marked, drawn) - low + 1
    start = np.cumsum(lengths) - lengths
    row = np.repeat(np.arange(len(whole)), lengths)
    x = np.arange(len(row)) - start[row] + low[row]
    chance = (
        _log_choose(marked[row], x)
        + _log_choose((whole - marked)[row], drawn[row] - x)
        - _log_choose(whole, drawn)[row]
    )
    return np.stack([_log_sums(chance + tilt * x, start, row) for tilt in tilts], axis=1)


def _log_sums(terms: Floats, start: Ints, row: Ints) -> Floats:
    """Return the log of the sum of exp(terms) over each row."""
    top = np.maximum.reduceat(terms, start)
    return np.asarray(top + np.log(np.add.reduceat(np.exp(terms - top[row]), start)))


def _log_choose(n: Ints, k: Ints) -> Floats:
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))
