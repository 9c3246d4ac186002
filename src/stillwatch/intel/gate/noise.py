"""Exact noise for counts: the discrete Laplace distribution, from whole random numbers alone.

Source: Canonne, Kamath and Steinke, The Discrete Gaussian for Differential Privacy, 2020, algorithms 1 and 2.
No floating point takes part, so that no last bit of a result tells anything (Mironov 2012).
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from fractions import Fraction

Below = Callable[[int], int]
"""Gives a whole number from 0 to below its argument, each equally likely."""


def noised(count: int, epsilon: Fraction, below: Below = secrets.randbelow) -> int:
    """Return a count with noise: epsilon-differentially private where one account changes it by at most one.
    It may be less than 0. Raises ValueError unless epsilon is greater than 0.
    """
    return count + discrete_laplace(epsilon, below)


def discrete_laplace(epsilon: Fraction, below: Below = secrets.randbelow) -> int:
    """Return a whole number x with probability proportional to exp(-epsilon |x|)."""
    if epsilon <= 0:
        raise ValueError("BUG: epsilon must be greater than 0")
    top, bottom = epsilon.denominator, epsilon.numerator
    while True:
        part = below(top)
        if not _exp_minus_small(Fraction(part, top), below):
            continue
        whole = 0
        while _exp_minus_small(Fraction(1), below):
            whole += 1
        size = (part + top * whole) // bottom
        negative = below(2) == 1
        if negative and size == 0:
            continue
        return -size if negative else size


def rare(epsilon: Fraction, chance: float) -> int:
    """Return the least whole number t so that the noise is t or more with at most this chance."""
    part = math.exp(-float(epsilon))
    return max(math.ceil(math.log(chance * (1 + part)) / -float(epsilon)), 1)


def _exp_minus_small(gamma: Fraction, below: Below) -> bool:
    """True with probability exp(-gamma), for gamma from 0 to 1."""
    k = 1
    while _bernoulli(gamma / k, below):
        k += 1
    return k % 2 == 1


def _bernoulli(part: Fraction, below: Below) -> bool:
    return below(part.denominator) < part.numerator
