"""Owners that nothing links: whom their accounts are compared with, and the bets on their days."""

from __future__ import annotations

from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.heldout.content import OUTSIDERS
from stillwatch.heldout.owner_bets import NULLS, account_bets, most_of, owner_bets
from stillwatch.heldout.owner_peers import FLOOR, limits, main_clients
from stillwatch.settings import EngineSettings


def one_bet(days: list[tuple[int, int]], limit: float = FLOOR) -> float:
    """Logarithm of the e-value of one account with days of (prompts, harvest-like ones)."""
    texts, harvest = np.array(days).T
    return float(account_bets(np.zeros(len(days), np.int64), texts, harvest, np.array([limit]))[0])


@pytest.mark.parametrize("limit", [FLOOR, 0.3, 0.97])
def test_days_that_are_all_or_nothing_are_a_fair_bet_however_many_prompts_they_have(limit: float) -> None:
    days, prompts = 5, 1_000
    mean = sum(
        np.prod(np.where(hot, limit, 1.0 - limit))
        * np.exp(one_bet([(prompts, prompts * h) for h in hot], limit))
        for hot in product((0, 1), repeat=days)
    )
    assert mean == pytest.approx(1.0, rel=1e-6)


def test_a_bet_below_the_limit_loses_and_a_harvester_is_found_within_a_week() -> None:
    assert one_bet([(100, 10)] * 28) == pytest.approx(0.0)
    assert one_bet([(100, 5)] * 28) < 0.0
    assert one_bet([(100, 95)] * 7) > np.log(20 * 500), "seven days stand out among five hundred candidates"
    assert one_bet([(10_000, 9_500)]) < np.log(20), "one day alone does not, whatever it holds"
    assert one_bet([(50, 50)] * 28, limit=1.0) == pytest.approx(0.0), "nothing is beyond peers who all do it"


def test_half_of_the_accounts_within_the_limit_are_enough_to_clear_an_owner() -> None:
    hot, cold = 60.0, -2.0
    assert most_of(np.array([hot])) == hot
    assert most_of(np.array([hot, cold])) == pytest.approx(cold)
    assert most_of(np.array([hot, cold, hot])) == pytest.approx(hot - np.log(2))
    assert most_of(np.array([hot] * 20 + [cold] * 20)) == pytest.approx(cold)
    assert most_of(np.array([hot] * 21 + [cold] * 19)) == pytest.approx(hot - np.log(20))


def test_the_bet_on_most_accounts_is_fair_with_half_of_them_null_whatever_the_others_do() -> None:
    """Two of four accounts draw e-values 0 or 4 of mean one, the others are certain: the mean of all is one
    at most.
    """
    mean = np.mean(
        [
            np.exp(most_of(np.log(np.array([a, b, 1e30, 1e30]) + 1e-300)))
            for a, b in product((0.0, 0.0, 0.0, 4.0), repeat=2)
        ]
    )
    assert 0.5 < mean <= 1.0 + 1e-9


Habit = tuple[int, int | None, int, int]
"""Account, client, prompts, harvest-like ones."""


def habits(*rows: Habit) -> pa.Table:
    account, client, texts, harvest = zip(*rows, strict=True)
    return pa.table(
        {"account": account, "client": pa.array(client, pa.int64()), "texts": texts, "harvest": harvest}
    )


def test_peers_are_the_users_of_the_client_where_enough_can_be_rated_and_everyone_elsewhere() -> None:
    kit: list[Habit] = [(10 + number, 7, 100, 90) for number in range(OUTSIDERS)]
    plain: list[Habit] = [(30 + number, 8, 100, number % 2) for number in range(200)]
    rare: list[Habit] = [(300 + number, 9, 100, 100) for number in range(OUTSIDERS - 1)]
    few_texts: list[Habit] = [(310 + number, 9, 9, 9) for number in range(50)]
    candidates: list[Habit] = [
        (1, 7, 2_000, 1_900),
        (2, 8, 2_000, 1_900),
        (3, 9, 2_000, 1_900),
        (4, None, 2_000, 1_900),
    ]
    everyone = habits(*sorted(candidates + kit + plain + rare + few_texts))
    found = dict(
        zip(everyone.column("account").to_pylist(), limits(everyone, np.array([1, 2, 3, 4])), strict=True)
    )
    assert found[1] == pytest.approx(0.9), "who runs an open pipeline does what its users do"
    assert [found[2], found[3], found[4]] == [FLOOR] * 3
    assert limits(habits((1, 7, 0, 0)), np.array([1])) == [FLOOR], "without peers the floor stands"


def test_accounts_without_a_client_have_none_in_common() -> None:
    unknown = [(10 + number, None, 100, 100) for number in range(9)]
    plain = [(30 + number, 8, 100, 0) for number in range(300)]
    assert limits(habits((1, None, 100, 100), *unknown, *plain), np.array([1]))[0] == FLOOR


def test_the_main_client_is_that_of_most_exchanges() -> None:
    visits = pa.table(
        {
            "account": [1, 1, 1, 2, 2, 3],
            "client": pa.array([5, 6, 5, 8, 7, None], pa.int64()),
            "n": [4, 6, 3, 2, 2, 9],
        }
    )
    with DuckDBEngine(EngineSettings()) as engine:
        rows = engine.collect(
            main_clients(engine, engine.load("visits", visits)).order_by("account")
        ).to_pylist()
    assert rows == [{"account": 1, "client": 5}, {"account": 2, "client": 7}]


def test_owners_are_bet_on_by_their_accounts_and_linked_groups_are_not() -> None:
    candidates = pa.table(
        {
            "group": [1, 2, 2, 2, 3],
            "kind": ["linked", "declared", "declared", "declared", "single"],
            "account": [1, 2, 3, 4, 4],
        }
    )
    hours = [
        (account, 24 * day + hour, 5, 5 if account in (1, 4) else 0)
        for account in range(1, 5)
        for day in range(7)
        for hour in (3, 9)
    ]
    account, hour, texts, harvest = zip(*hours, strict=True)
    everyone = habits((1, 5, 70, 70), (2, 5, 70, 0), (3, 5, 70, 0), (4, 5, 70, 70))
    with DuckDBEngine(EngineSettings()) as engine:
        activity = engine.load(
            "activity", pa.table({"account": account, "hour": hour, "texts": texts, "harvest": harvest})
        )
        bets = owner_bets(engine, activity, everyone, candidates)
    assert set(bets) == {2, 3}
    assert bets[2] < 0.0 < bets[3] == pytest.approx(one_bet([(10, 10)] * 7), abs=1e-6)
    assert set(NULLS) == {"declared", "single"}
