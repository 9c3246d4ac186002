"""How often verdicts were overturned, counted and with exact intervals."""

from __future__ import annotations

from pathlib import Path

import pytest
from case_runs import Group
from case_stores import stocked
from scipy.stats import binomtest

from stillwatch.cases.precision import exact_interval, precision_of


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (1, 1), (0, 7), (3, 7), (7, 7), (12, 400)])
def test_the_interval_is_that_of_clopper_and_pearson(successes: int, trials: int) -> None:
    known = binomtest(successes, trials).proportion_ci(0.95, method="exact")
    assert exact_interval(successes, trials) == pytest.approx((known.low, known.high), abs=1e-12)


def test_no_cases_say_nothing() -> None:
    assert precision_of([]).shares == ()


def test_each_closing_counts_once_where_its_verdict_was_carried(tmp_path: Path) -> None:
    groups = [
        Group("camp-1", signals=("volume", "grading")),
        Group("camp-2", signals=("volume",)),
        Group("camp-3", signals=("volume",), verdict="unlicensed", role=""),
        Group("camp-4", signals=("volume",)),
        Group("camp-5", signals=("grading",)),
        Group("camp-6", signals=("grading",), role="victim"),
    ]
    with stocked(str(tmp_path / "CASES.db"), tmp_path / "run", *groups) as cases:
        for number in range(1, 7):
            cases.move(number, "investigating", by="Anna", reason="on")
        outcomes = ("confirmed", "not distillation", "licensed", "insufficient evidence", "victim", "victim")
        for number, outcome in enumerate(outcomes, 1):
            cases.close(number, outcome, by="Anna", reason="done")
        found = cases.precision()
    assert (found.cases, found.closed, found.undecided) == (6, 6, 1)
    told = {(one.by, one.name): (one.overturned, one.decided) for one in found.shares}
    assert told == {
        ("all", "all"): (2, 5),
        ("verdict", "adversarial"): (1, 4),
        ("verdict", "unlicensed"): (1, 1),
        ("kind", "operator"): (2, 3),
        ("kind", "victim"): (0, 1),
        ("kind", "unlicensed"): (1, 1),
        ("signal", "grading"): (0, 3),
        ("signal", "volume"): (2, 3),
    }


def test_a_case_that_was_opened_again_does_not_count_until_it_is_closed(tmp_path: Path) -> None:
    with stocked(str(tmp_path / "CASES.db"), tmp_path / "run") as cases:
        cases.close(1, "not distillation", by="Anna", reason="a class")
        assert cases.precision().shares[0].overturned == 1
        cases.move(1, "open", by="Bela", reason="the class does not exist")
        assert cases.precision().shares == ()
