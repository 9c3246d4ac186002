"""Owners that nothing links: the bet on harvest-like prompts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binom

from stillwatch.campaigns import owner_test
from stillwatch.engine import DuckDBEngine
from stillwatch.schema.flags import Flag
from stillwatch.settings import EngineSettings


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine(EngineSettings(memory="1GB")) as opened:
        yield opened


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


def rows(group: int, account: int, flags: Sequence[int | None], has_text: bool = True) -> list[dict[str, Any]]:
    return [{"group": group, "account": account, "flags": flag, "has_text": has_text} for flag in flags]


def test_prompts_are_counted_once_and_peers_by_account(engine: DuckDBEngine) -> None:
    both = int(Flag.REASONING | Flag.GRADING | Flag.EVALUATION)
    table = pa.Table.from_pylist(
        rows(1, 1, [both, int(Flag.EVALUATION), int(Flag.AGENTIC), None])
        + rows(1, 2, [int(Flag.GENERATION)] * 3)
        + rows(1, 3, [both] * 5, has_text=False)
        + [row for peer in range(10, 30) for row in rows(0, peer, [int(Flag.GENERATION)] * (peer - 10) + [0] * 10)]
        + rows(0, 99, [both] * 9)
    )
    sums, rate = owner_test.harvest_sums(engine, engine.load("work", table))
    assert {row["group"]: (row["texts"], row["harvest"]) for row in sums.to_pylist()}[1] == (7, 4)
    assert rate == pytest.approx(np.quantile([hits / (hits + 10) for hits in range(20)], 0.95)), "nine prompts are too few to rate a peer"


def test_without_peers_or_text_the_floor_stands(engine: DuckDBEngine) -> None:
    sums, rate = owner_test.harvest_sums(engine, engine.load("work", pa.Table.from_pylist(rows(1, 1, [0], has_text=False))))
    assert (sums.num_rows, rate) == (0, 0.0)
    assert owner_test.test_owners(sums, rate) == {}
