"""Shares of prompts are corrected for the flags' errors, and their intervals cover."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from stillwatch.signals.prevalence import (
    LEAST_YOUDEN,
    Rates,
    Shares,
    adjusted,
    as_one_more,
    effective_texts,
    pooled_effect,
)

Floats = npt.NDArray[np.float64]


def one(
    flagged: float, texts: float, effective: float | None = None, rates: Rates | None = None
) -> tuple[float, float, float]:
    found = adjusted(
        np.array([flagged]),
        np.array([texts]),
        np.array([texts if effective is None else effective]),
        rates or Rates.perfect(1),
    )
    return float(found.share[0]), float(found.low[0]), float(found.high[0])


def rates(sensitivity: float, positives: float, false: float, negatives: float) -> Rates:
    return Rates(*(np.array([value]) for value in (sensitivity, positives, false, negatives)))


@given(st.integers(0, 300), st.integers(1, 300))
def test_a_perfect_flag_gives_the_interval_of_wilson(flagged: int, texts: int) -> None:
    flagged = min(flagged, texts)
    expected = binomtest(flagged, texts).proportion_ci(0.95, "wilson")
    assert one(flagged, texts) == pytest.approx((flagged / texts, expected.low, expected.high), abs=1e-6)


def test_the_published_example() -> None:
    """23 of 150 positive at sensitivity 0.96 and specificity 0.89 is a prevalence of 5.1 % (0 to 13) in
    epiR's documentation.
    """
    share, low, high = one(23, 150, rates=rates(0.96, np.inf, 0.11, np.inf))
    assert share == pytest.approx(0.051, abs=0.001)
    assert low == pytest.approx(0.0, abs=0.005)
    assert high == pytest.approx(0.13, abs=0.01)


def test_false_positives_alone_are_no_traffic_that_asks_for_it() -> None:
    share, low, high = one(40, 10_000, rates=rates(0.9, 500, 0.005, 20_000))
    assert share == low == 0.0
    assert high < 0.01


def test_a_flag_that_tells_nothing_leaves_everything_open() -> None:
    assert one(50, 100, rates=rates(0.5, 100, 0.5 - LEAST_YOUDEN / 2, 100))[1:] == (0.0, 1.0)


@given(
    st.integers(1, 10_000),
    st.floats(0, 1),
    st.floats(1, 10_000),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(1, 1e6),
    st.floats(1, 1e6),
)
def test_an_interval_holds_its_estimate_and_lies_between_0_and_1(
    texts: int,
    part: float,
    effective: float,
    sensitivity: float,
    false: float,
    positives: float,
    negatives: float,
) -> None:
    share, low, high = one(
        round(part * texts), texts, min(effective, texts), rates(sensitivity, positives, false, negatives)
    )
    assert 0.0 <= low <= share <= high <= 1.0


@given(st.integers(20, 2_000), st.floats(0.05, 0.95), st.floats(1.5, 50))
def test_less_evidence_gives_a_wider_interval(texts: int, part: float, factor: float) -> None:
    def width(effective: float, count: float) -> float:
        _, low, high = one(round(part * texts), texts, effective, rates(0.9, count, 0.02, count))
        return high - low

    assert width(texts / factor, 1_000) >= width(texts, 1_000) - 1e-9
    # Pseudo-counts move the middle of a short interval, so that it may even shrink by a little.
    assert width(texts, 1_000 / factor) >= 0.98 * width(texts, 1_000)


def clusters(flagged: list[float], texts: list[float]) -> Floats:
    zeros = np.zeros(len(texts), np.int64)
    return np.asarray(effective_texts(np.array(flagged)[:, None], np.array(texts), zeros, 1, few=False)[0])


def test_accounts_that_go_together_are_worth_one_prompt_each() -> None:
    apart = clusters([50.0, 0.0] * 20, [50.0] * 40)
    assert apart[0] == pytest.approx(40, rel=0.1)
    alike = clusters([24.0, 26.0] * 20, [50.0] * 40)
    assert alike[0] > 0.75 * 40 * 50
    assert clusters([0.0] * 40, [50.0] * 40)[0] == pytest.approx(40)
    assert clusters([7.0], [50.0])[0] == 50


def test_a_pooled_effect_is_that_of_days_within_accounts() -> None:
    flagged = np.array([20.0, 0.0, 20.0, 0.0, 10.0, 10.0, 10.0, 10.0])[:, None]
    account = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    effect = pooled_effect(flagged, np.full(8, 20.0), account, 2, np.array([0, 1]), 2)
    assert effect[0, 0] > 10
    assert 1 < effect[1, 0] < 3


def test_a_rate_that_differs_between_sources_says_little_of_the_next_one() -> None:
    hits, count = as_one_more(np.array([990.0, 600.0, 950.0, 300.0]), np.full(4, 1_000.0))
    assert hits / count == pytest.approx(0.71)
    assert count < 5
    assert as_one_more(np.full(8, 500.0), np.full(8, 1_000.0))[1] > 50
    assert as_one_more(np.full(8, 100.0), np.full(8, 100.0)) == pytest.approx((8.0, 8.0))
    assert as_one_more(np.array([9.0]), np.array([10.0]))[1] < 2


def drawn(
    rng: np.random.Generator,
    truth: float,
    accounts: int,
    alike: float,
    sizes: Floats,
    sensitivity: float,
    false: float,
) -> Shares:
    """The estimate for one group whose accounts' own shares are beta with an intraclass correlation, and
    rates measured on 300 and 3,000 prompts.
    """
    weight = 1 / alike - 1
    own = rng.beta(truth * weight, (1 - truth) * weight, accounts)
    texts = rng.choice(sizes, accounts)
    flagged = rng.binomial(texts.astype(np.int64), own * sensitivity + (1 - own) * false).astype(np.float64)
    seen = rates(rng.binomial(300, sensitivity) / 300, 300, rng.binomial(3_000, false) / 3_000, 3_000)
    worth = effective_texts(flagged[:, None], texts, np.zeros(accounts, np.int64), 1, few=True)[0]
    return adjusted(flagged.sum(keepdims=True), texts.sum(keepdims=True), worth, seen)


@pytest.mark.parametrize("truth", [0.005, 0.02, 0.3, 0.9])
@pytest.mark.parametrize("accounts", [6, 60])
@pytest.mark.parametrize("alike", [0.02, 0.3])
def test_intervals_cover(truth: float, accounts: int, alike: float) -> None:
    rng = np.random.default_rng(round(truth * 1_000 + accounts + alike * 100))
    found = [
        drawn(rng, truth, accounts, alike, np.array([20.0, 60.0, 200.0]), 0.88, 0.01) for _ in range(500)
    ]
    covered = np.mean([shares.low[0] <= truth <= shares.high[0] for shares in found])
    assert covered >= 0.92


def test_the_share_of_flagged_prompts_alone_would_not_cover() -> None:
    rng = np.random.default_rng(1)
    missed = 0
    for _ in range(200):
        own = rng.beta(0.3 * 9, 0.7 * 9, 60)
        flagged = rng.binomial(100, own * 0.8 + (1 - own) * 0.01).sum()
        _, low, high = one(float(flagged), 6_000.0)
        missed += not low <= 0.3 <= high
    assert missed > 150
