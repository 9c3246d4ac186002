"""Which of many groups may be listed, and how many accounts of a group are guilty at least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def e_bh(log_e: Floats, level: float) -> npt.NDArray[np.bool_]:
    """Return the hypotheses that e-BH rejects at a false discovery rate, whatever the dependence.

    Wang and Ramdas 2022, section 4. log_e: natural logarithms of e-values, shape (k,). Returns a mask of the
    same shape.
    """
    k = len(log_e)
    if k == 0:
        return np.zeros(0, np.bool_)
    order = np.argsort(-log_e, kind="stable")
    passes = log_e[order] >= np.log(k / (level * np.arange(1, k + 1)))
    rejected = np.zeros(k, np.bool_)
    if passes.any():
        rejected[order[: int(np.flatnonzero(passes)[-1]) + 1]] = True
    return rejected


def passed(log_e: Sequence[float], lost: int, level: float) -> list[bool]:
    """Return which of the candidates pass e-BH.

    log_e: natural logarithms of the candidates' e-values. lost: number of other tested candidates, with
    e-values of at most one; they count among the hypotheses.
    """
    return [bool(ok) for ok in e_bh(np.array([*log_e, *([0.0] * lost)]), level)[: len(log_e)]]


def needed_log_e(tested: int, level: float) -> float:
    """Return the log e-value that any of `tested` true nulls reaches with a chance of at most `level`.

    P(any e >= tested / level) <= tested * level / tested by Markov's inequality and the union bound. This
    holds whatever the dependence and whatever is true of the other hypotheses. e-BH promises this only where
    all hypotheses are null: a true discovery lowers its bar for the next one.
    """
    return float(np.log(max(tested, 1) / level))


def at_least(p_values: Floats, level: float, named: npt.NDArray[np.bool_] | None = None) -> int:
    """Return a lower bound of the number of false nulls among the named, by closed testing.

    The local tests are Simes'. The bound holds for every choice of `named` at once with probability 1 - level
    when Simes' inequality does, so the choice may depend on the data (Goeman and Solari 2011; Goeman, Meijer,
    Krebs and Solari 2019, theorem 1; for conformal p-values Magnani, Sesia and Solari 2023). p_values, named:
    shape (n,); None names all. The cost is n log n where most are small, n² at worst.
    """
    spared = _spared(np.sort(p_values), level)
    chosen = np.sort(p_values if named is None else p_values[named])
    if spared == 0:
        return len(chosen)
    # The best of 1 - u + #{i: h p_i <= u level} over u; u runs over the ranks at which the count grows.
    ranks = np.maximum(np.ceil(chosen * spared / level), 1.0)
    bounds = 1.0 - ranks + np.searchsorted(ranks, ranks, side="right")
    return max(int(bounds.max(initial=0.0)), 0)


def _spared(p: Floats, level: float) -> int:
    """Return Hommel's h: the size of the largest set that the Simes test does not reject. p: sorted."""
    n = len(p)
    for size in range(n, 0, -1):
        # The `size` largest p-values are the set of that size that is hardest to reject.
        if not (p[n - size :] <= level * np.arange(1, size + 1) / size).any():
            return size
    return 0


def bound(p_values: Mapping[int, float], named: Set[int], level: float) -> int:
    """Return how many of the named accounts are guilty at least; 0 where no account was tested.

    Accounts named by content alone were not tested and count as innocent here. p_values: account -> p-value
    of each account that was tested in the group, whether named in the end or not.
    """
    if not p_values:
        return 0
    which = np.array([account in named for account in p_values])
    return at_least(np.array(list(p_values.values())), level, which)
