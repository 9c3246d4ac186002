"""Test a group on what its prompts mean: do its accounts ask alike, more than their peers do?"""

from __future__ import annotations

import itertools

import numba
import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from stillwatch.heldout.peers import Compared, shuffled
from stillwatch.heldout.semantic_vectors import SemanticVectors, Space, space

ORDERS = 4
"""Orders in which the group's accounts are uncovered; the mean over them is the bet."""
MANY = 1_000
"""Accounts for which one order is enough; smaller groups take more orders."""
STAKES = (0.25, 0.5, 1.0)
"""Shares of the tilt suggested by the accounts uncovered so far."""
FIRST, MOST = 0.5, 3.0
"""Tilt before two accounts are uncovered, and the largest tilt, in nats per standard deviation."""
FAR = 4.0
"""A peer's score is held within so many standard deviations, so that one odd peer does not set the price."""
GROWTH = 1.3
"""The direction is computed again when so many times as many accounts are uncovered."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def semantic_log_e(semantic_vectors: SemanticVectors, compared: Compared) -> float:
    """Return the natural logarithm of an e-value: a two-sample test by betting on the MMD's witness function.

    The group's accounts are uncovered one by one. Those before give a direction, their mean less the peers'
    (the witness function of Gretton et al. 2012 for the sketches' kernel; Shekhar and Ramdas 2023 bet on it).
    Given the pool's accounts and those uncovered, under the null hypothesis the next one is a uniform draw
    from those left. So exp(tilt * score) over its mean over those left has expectation one, exactly, and the
    product of such bets is an e-value (Ramdas and Wang 2024, section 7). The randomness is in who of the pool
    asked what. A Monte Carlo e-value with B draws could never pass B + 1.
    """
    if compared.own.sum() < 2 or compared.own.all():
        return 0.0
    made = space(semantic_vectors, compared)
    own = np.flatnonzero(compared.own)
    orders = max(1, min(ORDERS, MANY // len(own)))
    logs = [
        _one_order(made, compared.pool, own[np.argsort(shuffled(compared.account[own], 1 + turn))])
        for turn in range(orders)
    ]
    return float(np.round(logsumexp(logs) - np.log(orders * len(STAKES)), 6))


def _one_order(made: Space, pool: Ints, order: Ints) -> Floats:
    """Return the logarithms of the bets, one for each of STAKES."""
    size = len(order)
    turn = np.full(len(pool), size, np.int64)
    turn[order] = np.arange(size)
    gain = np.zeros(len(STAKES))
    bounds = _bounds(size)
    for known, until in itertools.pairwise(bounds):
        seen = made.vector[order[:known]]
        direction = seen.sum(axis=0)
        deviation = np.sqrt(max(float(direction @ made.spread @ direction), 1e-18))
        score = np.clip(made.vector @ direction / deviation, -FAR, FAR)
        tilts = np.array(STAKES) * _tilt(seen, direction, deviation)
        gain += _paid(score, pool, order, turn, known, until, tilts)
    return gain


def _bounds(size: int) -> list[int]:
    bounds = [1]
    while bounds[-1] < size:
        bounds.append(min(size, max(bounds[-1] + 1, int(bounds[-1] * GROWTH))))
    return bounds


def _tilt(seen: Floats, direction: Floats, deviation: float) -> float:
    """Return the mean score of those uncovered, each left out of the direction.

    For normal scores this is the tilt with the fastest growth.
    """
    if len(seen) < 2:
        return FIRST
    alike = float(direction @ direction - (seen * seen).sum()) / (len(seen) - 1)
    return min(max(alike / deviation, 0.0), MOST)


@numba.njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _paid(score: Floats, pool: Ints, order: Ints, turn: Ints, start: int, end: int, tilts: Floats) -> Floats:
    """Return the log gains of the accounts from `start` to `end`.

    They are summed from the last, so that accounts left are only added, never subtracted.
    """
    pools = pool.max() + 1
    left = np.zeros(pools)
    rest = np.zeros((pools, len(tilts)))
    gain = np.zeros(len(tilts))
    for i in range(len(score)):
        if turn[i] >= end:
            left[pool[i]] += 1.0
            for k in range(len(tilts)):
                rest[pool[i], k] += np.exp(tilts[k] * score[i])
    for place in range(end - 1, start - 1, -1):
        i = order[place]
        left[pool[i]] += 1.0
        for k in range(len(tilts)):
            rest[pool[i], k] += np.exp(tilts[k] * score[i])
            gain[k] += tilts[k] * score[i] - np.log(rest[pool[i], k] / left[pool[i]])
    return gain
