"""e-BH and the 'at least m of n' bound, against what they say of themselves."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from stillwatch.heldout.error_control import at_least, e_bh, needed_log_e

Floats = npt.NDArray[np.float64]
LOGS = st.lists(st.floats(-5.0, 12.0), min_size=0, max_size=12)
P_VALUES = st.lists(
    st.sampled_from([0.001, 0.005, 0.01, 0.02, 0.04, 0.05, 0.1, 0.3, 0.7, 1.0]), min_size=1, max_size=8
)


def plain_e_bh(log_e: Floats, level: float) -> npt.NDArray[np.bool_]:
    """The definition: the largest k such that k e-values are at least K / (level k)."""
    total = len(log_e)
    best = max(
        (k for k in range(1, total + 1) if (log_e >= math.log(total / (level * k))).sum() >= k), default=0
    )
    return log_e >= math.log(total / (level * best)) if best else np.zeros(total, np.bool_)


def simes_rejects(p: Floats, level: float) -> bool:
    return bool((np.sort(p) <= level * np.arange(1, len(p) + 1) / len(p)).any())


def closed_bound(p: Floats, named: npt.NDArray[np.bool_], level: float) -> int:
    """Closed testing without the shortcut: named hypotheses less the largest set of them that some unrejected
    set contains.
    """
    n = len(p)
    spared = [
        set(s)
        for size in range(n + 1)
        for s in combinations(range(n), size)
        if not size or not simes_rejects(p[list(s)], level)
    ]
    inside = set(np.flatnonzero(named).tolist())
    return len(inside) - max(len(inside & one) for one in spared)


@pytest.mark.parametrize(
    ("e_values", "level", "expected"),
    [
        ([], 0.05, []),
        ([19.9], 0.05, [False]),
        ([20.1], 0.05, [True]),
        ([39.0, 19.0], 0.05, [False, False]),
        ([39.0, 25.0], 0.05, [True, True]),
        ([41.0, 1.0], 0.05, [True, False]),
        ([21.0, 21.0, 0.0], 0.05, [False, False, False]),
        ([31.0, 0.5, 30.5], 0.05, [True, False, True]),
        ([math.inf, 0.0], 0.01, [True, False]),
    ],
)
def test_e_bh_by_hand(e_values: list[float], level: float, expected: list[bool]) -> None:
    with np.errstate(divide="ignore"):
        assert e_bh(np.log(np.array(e_values)), level).tolist() == expected


@given(LOGS, st.sampled_from([0.01, 0.05, 0.2]))
def test_e_bh_is_its_definition(logs: list[float], level: float) -> None:
    log_e = np.array(logs, np.float64)
    assert e_bh(log_e, level).tolist() == plain_e_bh(log_e, level).tolist()


@given(LOGS.filter(len), st.integers(0, 11), st.floats(0.0, 10.0))
def test_more_evidence_never_takes_a_rejection_away(logs: list[float], place: int, more: float) -> None:
    log_e = np.array(logs)
    before = e_bh(log_e, 0.05)
    log_e[place % len(log_e)] += more
    assert not (before & ~e_bh(log_e, 0.05)).any()


def test_e_bh_keeps_its_false_discovery_rate_with_dependent_nulls() -> None:
    rng = np.random.default_rng(11)
    worlds, nulls, real, level = 1500, 40, 5, 0.1
    shared = rng.normal(size=(worlds, 1))
    noise = 0.7 * shared + math.sqrt(1 - 0.49) * rng.normal(size=(worlds, nulls))
    null = 2.0 * noise - 2.0  # exp(mu z - mu^2 / 2): expectation one, all leaning on one shared draw
    planted = 2.0 * (rng.normal(size=(worlds, real)) + 4.0) - 2.0
    rejected = np.array([e_bh(row, level) for row in np.hstack([null, planted])])
    false = rejected[:, :nulls].sum(axis=1) / np.maximum(rejected.sum(axis=1), 1)
    assert false.mean() + 2.6 * false.std() / math.sqrt(worlds) <= level
    assert rejected[:, nulls:].mean() > 0.2, "a rule that lists nothing would pass too"


def test_e_bh_lists_something_false_in_few_null_worlds() -> None:
    rng = np.random.default_rng(12)
    null = 3.0 * rng.normal(size=(2000, 30)) - 4.5
    wrong = sum(bool(e_bh(row, 0.05).any()) for row in null)
    assert binomtest(wrong, 2000).proportion_ci(0.99, "exact").low <= 0.05


@settings(max_examples=150, deadline=None)
@given(P_VALUES, st.integers(0, 255), st.sampled_from([0.05, 0.1]))
def test_the_shortcut_equals_closed_testing(p_values: list[float], chosen: int, level: float) -> None:
    p = np.array(p_values)
    named = np.array([bool(chosen >> place & 1) for place in range(len(p))])
    assert at_least(p, level, named) == closed_bound(p, named, level)
    assert at_least(p, level) == closed_bound(p, np.ones(len(p), np.bool_), level)


def test_the_bound_by_hand() -> None:
    assert at_least(np.full(100, 0.001), 0.05) == 100
    assert at_least(np.ones(100), 0.05) == 0
    assert at_least(np.zeros(0), 0.05) == 0
    tiny = np.array([1e-9] * 30 + [0.9] * 70)
    assert at_least(tiny, 0.05) == 30
    assert at_least(tiny, 0.05, np.arange(100) >= 30) == 0, "naming the innocent gives no guilty one"
    assert at_least(tiny, 0.05, np.arange(100) < 10) == 10


@pytest.mark.parametrize("guilty", [0, 20, 60])
def test_the_bound_covers_even_the_most_flattering_choice(guilty: int) -> None:
    rng = np.random.default_rng(13)
    runs, accounts, level = 400, 100, 0.05
    wrong, bounds = 0, []
    for _ in range(runs):
        p = rng.random(accounts)
        p[:guilty] *= 1e-6
        order = np.argsort(p)
        sizes = [5, guilty or 1, guilty + 5, accounts]
        named = [np.isin(np.arange(accounts), order[:size]) for size in sizes]
        found = [at_least(p, level, one) for one in named]
        wrong += any(bound > one[:guilty].sum() for bound, one in zip(found, named, strict=True))
        bounds.append(found[-1])
    assert binomtest(wrong, runs).proportion_ci(0.99, "exact").low <= level
    assert np.mean(bounds) >= 0.9 * guilty


@given(st.integers(1, 60), st.sampled_from([0.001, 0.01, 0.05]), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_what_an_alarm_needs_is_what_e_bh_asks_of_the_first(tested: int, level: float, seed: int) -> None:
    log_e = np.random.default_rng(seed).normal(0.0, 4.0, tested)
    alone = log_e[np.argmax(log_e)] >= needed_log_e(tested, level)
    assert not alone or e_bh(log_e, level)[np.argmax(log_e)]
    assert math.exp(needed_log_e(tested, level)) * level == pytest.approx(tested)


def test_a_true_discovery_does_not_make_a_false_alarm_likelier() -> None:
    """Nine groups that do act as one, and one of chance that bets as boldly as Markov allows: e-BH lists the
    last one ten times as often.
    """
    level, draws = 0.05, 20_000
    rng = np.random.default_rng(5)
    bold = math.log(10 / (level * 10))
    hits = rng.random(draws) < math.exp(-bold)
    log_e = np.full(10, 100.0)
    by_rank = np.mean([e_bh(np.append(log_e[:9], bold if hit else -50.0), level)[-1] for hit in hits[:2_000]])
    assert by_rank == pytest.approx(level, abs=0.02)
    assert bold < needed_log_e(10, level)
    assert math.exp(-needed_log_e(10, level)) == pytest.approx(level / 10)
