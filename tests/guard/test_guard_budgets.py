"""Budgets in one process: what a bucket grants, whatever clocks and crashes do."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from guard_runs import START
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import RunError
from stillwatch.guard.day_count import DAY_S
from stillwatch.guard.embedded_budgets import EmbeddedBudgets
from stillwatch.guard.problems import Problems

MIDNIGHT = START // DAY_S * DAY_S
ONE, TWO = 11, 22


def test_a_bucket_holds_one_minute_and_fills_as_time_goes() -> None:
    budgets = EmbeddedBudgets()
    assert budgets.reserve(ONE, "camp-a", 60, 60, 0, START).granted
    refused = budgets.reserve(ONE, "camp-a", 30, 60, 0, START)
    assert not refused.granted
    assert refused.retry_after_s == pytest.approx(30.0)
    assert not budgets.reserve(ONE, "camp-a", 30, 60, 0, START + 29.9).granted
    assert budgets.reserve(ONE, "camp-a", 30, 60, 0, START + 30.1).granted


def test_all_accounts_of_a_campaign_meet_one_bucket_and_a_refusal_takes_nothing() -> None:
    budgets = EmbeddedBudgets()
    granted = [budgets.reserve(account, "camp-a", 10, 100, 1_000, START).granted for account in range(24_000)]
    assert sum(granted) == 100
    assert granted[:100] == [True] * 100
    last = budgets.reserve(23_999, "camp-a", 10, 100, 0, START)
    assert last.granted, "its own bucket was not touched when the campaign's was spent"
    assert budgets.used(23_999, "camp-a", START) == (10, 1_010)
    assert budgets.reserve(ONE, "camp-b", 10, 100, 1_000, START).granted


def test_a_request_larger_than_the_bucket_is_granted_by_a_full_one_and_leaves_a_debt() -> None:
    budgets = EmbeddedBudgets()
    assert budgets.reserve(ONE, "camp-a", 180, 60, 0, START).granted
    refused = budgets.reserve(ONE, "camp-a", 1, 60, 0, START)
    assert refused.retry_after_s == pytest.approx(121.0)
    assert not budgets.reserve(ONE, "camp-a", 180, 60, 0, START + 179).granted
    assert budgets.reserve(ONE, "camp-a", 180, 60, 0, START + 181).granted


def test_what_was_not_used_comes_back_and_what_was_used_beyond_is_taken() -> None:
    budgets = EmbeddedBudgets()
    assert budgets.reserve(ONE, "camp-a", 60, 60, 60, START).granted
    budgets.settle(ONE, "camp-a", 60, 20, START)
    assert budgets.used(ONE, "camp-a", START) == (20, 20)
    assert budgets.reserve(ONE, "camp-a", 40, 60, 60, START).granted
    budgets.settle(ONE, "camp-a", 40, 100, START)
    assert budgets.used(ONE, "camp-a", START) == (120, 120)
    assert budgets.reserve(ONE, "camp-a", 1, 60, 60, START).retry_after_s == pytest.approx(61.0)
    budgets.settle(ONE, "camp-a", 10_000, 0, START)
    assert not budgets.reserve(TWO, "camp-a", 61, 0, 60, START - 1).retry_after_s, "full, and no fuller"
    assert budgets.used(ONE, "camp-a", START)[0] == 0


STEPS = st.lists(st.tuples(st.floats(-1e7, 1e7), st.integers(0, 150)), max_size=40)


@given(STEPS)
def test_clocks_that_jump_never_grant_more_than_a_bucket_for_each_jump(
    steps: list[tuple[float, int]],
) -> None:
    budgets = EmbeddedBudgets()
    now, allowed, granted, largest = START, 100.0, 0, 0
    for moved, tokens in steps:
        now += moved
        allowed += min(max(moved, 0.0) / 60.0 * 100.0, 150.0)  # a bucket, and the debt below it
        if budgets.reserve(ONE, "camp-a", tokens, 100, 0, now).granted:
            granted += tokens
            largest = max(largest, tokens)
        assert granted <= allowed + max(largest - 100, 0) + 1e-3


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90), st.floats(0, 30)), max_size=30))
def test_over_any_time_a_rate_is_kept(calls: list[tuple[int, int, float]]) -> None:
    budgets = EmbeddedBudgets()
    now, spent = START, 0
    for tokens, used, waits in calls:
        now += waits
        if budgets.reserve(ONE, "camp-a", tokens, 60, 0, now).granted:
            budgets.settle(ONE, "camp-a", tokens, min(used, tokens), now)
            spent += min(used, tokens)
        assert spent <= 60 + (now - START) + 90, "a bucket, what filled it since, and the last one's debt"


def test_threads_that_are_out_of_order_are_no_clock_that_went_back() -> None:
    budgets = EmbeddedBudgets()
    granted = 0
    for number in range(4_000):
        now = START + number / 400 + (0.5 if number % 2 else 0.0)
        granted += budgets.reserve(ONE, "camp-a", 1, 60, 0, now).granted
    assert granted <= 60 + 11


def test_a_day_ends_at_midnight_and_a_clock_that_jumps_over_it_loses_no_count() -> None:
    budgets = EmbeddedBudgets()
    budgets.reserve(ONE, "camp-a", 70, 0, 0, MIDNIGHT - 1)
    assert budgets.used(ONE, "camp-a", MIDNIGHT - 1) == (70, 70)
    assert budgets.used(ONE, "camp-a", MIDNIGHT) == (0, 0)
    assert budgets.reserve(ONE, "camp-a", 5, 0, 0, MIDNIGHT).account_today == 5
    assert budgets.used(ONE, "camp-a", MIDNIGHT - 1) == (70, 70)
    assert budgets.used(ONE, "camp-a", MIDNIGHT + 1) == (5, 5)
    budgets.settle(ONE, "camp-a", 70, 0, MIDNIGHT + 1)
    assert budgets.used(ONE, "camp-a", MIDNIGHT + 1) == (0, 0), "never less than nothing"


def test_memory_is_bounded_and_who_is_pushed_out_too_soon_is_counted() -> None:
    problems = Problems()
    budgets = EmbeddedBudgets(problems=problems, kept=100)
    for account in range(1_000):
        budgets.reserve(account, "camp-a", 1, 60, 0, START + account * 120.0)
    assert len(budgets) == 100
    assert problems.counts() == {}
    for account in range(200):
        budgets.reserve(account, "camp-b", 1, 60, 0, START + 1_000 * 120.0)
    assert problems.counts()["budgets-evicted"] > 50


def test_many_threads_spend_one_bucket_once() -> None:
    budgets = EmbeddedBudgets()
    granted: list[bool] = []

    def ask() -> None:
        granted.extend(budgets.reserve(ONE, "camp-a", 1, 5_000, 1_000, START).granted for _ in range(1_000))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (len(granted), sum(granted)) == (8_000, 1_000)
    assert budgets.used(ONE, "camp-a", START) == (1_000, 1_000)


def test_what_was_spent_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "budgets.db"
    budgets = EmbeddedBudgets(path)
    budgets.reserve(ONE, "camp-a", 180, 60, 0, START)
    with pytest.raises(RunError, match="another process keeps its budgets"):
        EmbeddedBudgets(path)
    budgets.close()
    again = EmbeddedBudgets(path)
    try:
        assert again.used(ONE, "camp-a", START) == (180, 180)
        assert again.reserve(ONE, "camp-a", 1, 60, 0, START).retry_after_s == pytest.approx(121.0)
        assert again.reserve(TWO, "camp-a", 1, 60, 0, START).granted
    finally:
        again.close()


SPENDER = """
import sys, time
from pathlib import Path
from stillwatch.guard.embedded_budgets import EmbeddedBudgets
budgets = EmbeddedBudgets(Path(sys.argv[1]))
spent = 0
while True:
    budgets.reserve(11, "camp-a", 1, 0, 0, float(sys.argv[2]))
    spent += 1
    print(time.monotonic(), spent, flush=True)
    time.sleep(0.005)
"""


def test_a_crash_forgets_a_second_at_most(tmp_path: Path) -> None:
    words = [sys.executable, "-c", SPENDER, str(tmp_path / "budgets.db"), str(START)]
    spender = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert spender.stdout is not None
    spender.stdout.readline()
    time.sleep(2.7)
    spender.send_signal(signal.SIGKILL)
    lines = [line.split() for line in spender.communicate()[0].splitlines() if line.count(" ") == 1]
    budgets = EmbeddedBudgets(tmp_path / "budgets.db")
    try:
        remembered, _ = budgets.used(ONE, "camp-a", START)
    finally:
        budgets.close()
    last = float(lines[-1][0])
    before = [int(spent) for at, spent in lines if float(at) < last - 1.3]
    assert before
    assert before[-1] <= remembered <= int(lines[-1][1]) + 1


def test_a_disk_that_is_full_is_counted_and_budgets_go_on(tmp_path: Path) -> None:
    problems = Problems()
    budgets = EmbeddedBudgets(tmp_path / "budgets.db", problems)
    try:
        assert budgets._db is not None
        budgets._db.execute("PRAGMA max_page_count = 3")
        for account in range(2_000):
            budgets.reserve(account, "camp-a", 1, 60, 0, START)
        budgets.write()
        assert problems.counts()["budgets-unwritten"] >= 1
        assert not budgets.reserve(ONE, "camp-a", 60, 60, 0, START).granted
        budgets._db.execute("PRAGMA max_page_count = 100000")
    finally:
        budgets.close()
    again = EmbeddedBudgets(tmp_path / "budgets.db")
    try:
        assert again.used(1_999, "camp-a", START) == (1, 2_000), (
            "what could not be written was kept for later"
        )
    finally:
        again.close()
