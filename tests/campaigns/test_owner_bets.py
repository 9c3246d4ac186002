"""Owners that nothing links: the bet on harvest-like prompts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binom

from stillwatch.campaigns import owner_test


def bets(texts: list[int], harvest: list[int], rate: float) -> list[float]:
    sums = pa.table({"group": np.arange(len(texts)), "texts": texts, "harvest": harvest})
    return list(owner_test.test_owners(sums, rate).values())


@pytest.mark.parametrize("texts", [1, 20, 1000])
@pytest.mark.parametrize(("peer_rate", "rate"), [(0.3, 0.3), (0.3, 0.1), (0.0, owner_test.FLOOR), (0.0, 0.01)])
def test_the_bet_is_fair_at_the_limit_and_a_loss_below_it(texts: int, peer_rate: float, rate: float) -> None:
    hits = np.arange(texts + 1)
    mean = (binom.pmf(hits, texts, rate) * np.exp(np.minimum(bets([texts] * len(hits), hits.tolist(), peer_rate), 700.0))).sum()
    assert mean <= 1.0 + 1e-4
    if rate == max(peer_rate, owner_test.FLOOR) and texts < 1000:
        assert mean == pytest.approx(1.0, rel=1e-4)


def test_the_bet_grows_with_hits_and_finds_a_harvester() -> None:
    grown = bets([1000] * 11, list(range(0, 1001, 100)), 0.2)
    assert grown == sorted(grown)
    assert grown[6] > np.log(20 * 50), "six in ten prompts against one in five of the peers stands out among fifty"
    assert grown[2] < 0.0
    assert bets([0], [0], 0.2) == [0.0]


def volumes(*rows: tuple[int, int, int]) -> pa.Table:
    account, texts, harvest = zip(*rows, strict=True)
    return pa.table({"account": account, "texts": texts, "harvest": harvest})


def test_groups_are_summed_and_peers_rated_by_account() -> None:
    everyone = volumes((1, 4, 1), (2, 3, 3), *((peer, peer, peer - 10) for peer in range(10, 30)), (99, 9, 9))
    sums, rate = owner_test.harvest_sums(everyone, pa.table({"group": [1, 1], "account": [1, 2]}))
    assert sums.to_pylist() == [{"group": 1, "texts": 7, "harvest": 4}]
    assert rate == pytest.approx(np.quantile([hits / (hits + 10) for hits in range(20)], 0.95)), "nine prompts are too few to rate a peer"


def test_without_peers_the_floor_stands_and_without_text_no_bet_is_won() -> None:
    sums, rate = owner_test.harvest_sums(volumes((1, 0, 0)), pa.table({"group": [1], "account": [1]}))
    assert rate == 0.0
    assert owner_test.test_owners(sums, rate) == {1: 0.0}


def test_lost_bets_are_let_go_but_not_the_permitted_nor_the_largest_that_fit() -> None:
    kinds = ["linked", "single", "declared", "single", "single", "single"]
    chosen = pa.table({"group": range(1, 7), "kind": kinds, "account": range(1, 7)})
    lost = {2: 5.0, 3: -1.0, 4: -2.0, 5: -2.0, 6: -2.0}
    kept = owner_test.worth_a_look(chosen, lost, {3}, {4: 900, 5: 80, 6: 30}, 100)
    assert kept.column("group").to_pylist() == [1, 2, 3, 5]
