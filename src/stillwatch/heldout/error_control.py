"""Which of many groups may be listed, and how many accounts of a group are guilty at least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def e_bh(log_e: Floats, level: float) -> npt.NDArray[np.bool_]:
    """The hypotheses rejected by e-BH at a false discovery rate, whatever the dependence (Wang and Ramdas
    2022, section 4).

    log_e: natural logarithms of e-values, shape (k,). Returns a mask of the same shape.
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
    """Which of the candidates pass e-BH.

    log_e: natural logarithms of the candidates' e-values; lost: candidates that were tested too, with
    e-values of at most one; they count among the hypotheses.
    """
    return [bool(ok) for ok in e_bh(np.array([*log_e, *([0.0] * lost)]), level)[: len(log_e)]]


def needed_log_e(tested: int, level: float) -> float:
    """Natural logarithm of the e-value that none of `tested` true null hypotheses reaches but with chance
    `level`.

    P(any e >= tested / level) <= tested * level / tested by Markov's inequality and the union bound, whatever
    the dependence and whatever is true of the other hypotheses. e-BH promises the latter only where all are
    null: a true discovery lowers its bar for the next.
    """
    return float(np.log(max(tested, 1) / level))


def at_least(p_values: Floats, level: float, named: npt.NDArray[np.bool_] | None = None) -> int:
    """Lower bound of the number of false null hypotheses among the named ones, by closed testing with Simes
    local tests.

    Holds for every choice of `named` at once with probability 1 - level when Simes' inequality does, so the
    choice may depend on the data (Goeman and Solari 2011; Goeman, Meijer, Krebs and Solari 2019, theorem 1;
    for conformal p-values Magnani, Sesia and Solari 2023). p_values, named: shape (n,); None names all. Cost
    n log n where most are small, n² at worst.
    """
    spared = _spared(np.sort(p_values), level)
    chosen = np.sort(p_values if named is None else p_values[named])
    if spared == 0:
        return len(chosen)
    # 1 - u + #{i: h p_i <= u level}, the best over u; u runs over the ranks at which the count grows.
    ranks = np.maximum(np.ceil(chosen * spared / level), 1.0)
    bounds = 1.0 - ranks + np.searchsorted(ranks, ranks, side="right")
    return max(int(bounds.max(initial=0.0)), 0)


def _spared(p: Floats, level: float) -> int:
    """Hommel's h: the size of the largest set of hypotheses that the Simes test does not reject. p:
    sorted.
    """
    n = len(p)
    for size in range(n, 0, -1):
        # The `size` largest p-values are the set of that size hardest to reject.
        if not (p[n - size :] <= level * np.arange(1, size + 1) / size).any():
            return size
    return 0


def bound(p_values: Mapping[int, float], named: Set[int], level: float) -> int:
    """At least so many of the named accounts are guilty; accounts named by content alone were not tested and
    count as innocent here. 0 where no account was tested.

    p_values: account -> p-value of each account that was tested in the group, named in the end or not.
    """
    if not p_values:
        return 0
    which = np.array([account in named for account in p_values])
    return at_least(np.array(list(p_values.values())), level, which)
