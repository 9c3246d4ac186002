"""Chances, thresholds and intervals of the intent model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from stillwatch.sketch.intent.calibrate import auroc, platt, rate, threshold


@given(st.integers(1, 400), st.floats(0, 1))
def test_the_interval_is_the_exact_one_where_each_row_is_a_group(n: int, share: float) -> None:
    hits = np.arange(n) < round(share * n)
    one = rate(hits, np.arange(n))
    exact = binomtest(int(hits.sum()), n).proportion_ci(0.95, "exact")
    assert one.groups == n
    assert one.share == pytest.approx(hits.mean())
    assert one.low == pytest.approx(exact.low, abs=1e-9)
    assert one.high == pytest.approx(exact.high, abs=1e-9)


def test_rows_of_one_group_count_as_one() -> None:
    hits, groups = np.array([True] * 98 + [False, False]), np.array(["a"] * 98 + ["b", "c"])
    one = rate(hits, groups)
    assert one.groups == 3
    assert one.share == pytest.approx(1 / 3)
    assert one.high > 0.85


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.5, 1.5), st.floats(-1.0, 1.0))
def test_calibration_finds_the_logits_at_even_odds(seed: int, slope: float, intercept: float) -> None:
    chance = np.random.default_rng(seed)
    scores = chance.uniform(-4, 4, 20_000)
    positive = chance.random(20_000) < 1 / (1 + np.exp(-(slope * scores + intercept)))
    found = platt(scores, positive, np.ones(len(scores)))
    shift = np.log(positive.sum() / (~positive).sum())
    assert found[0] == pytest.approx(slope, rel=0.15)
    assert found[1] == pytest.approx(intercept - shift, abs=0.25)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=300), st.floats(0.0, 0.5))
def test_no_more_than_the_share_reaches_the_threshold(scores: list[float], share: float) -> None:
    values = np.array(scores)
    assert (values >= threshold(values, np.ones(len(values)), share)).mean() <= share


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=30), st.lists(st.integers(0, 5), min_size=1, max_size=30)
)
def test_auroc_counts_pairs(positive: list[int], negative: list[int]) -> None:
    pairs = [1.0 if p > n else 0.5 if p == n else 0.0 for p in positive for n in negative]
    assert auroc(np.array(positive, float), np.array(negative, float)) == pytest.approx(np.mean(pairs))
