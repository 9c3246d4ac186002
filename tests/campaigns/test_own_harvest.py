"""An account's own prompts show a harvest, show none, or are too few to show either."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binom

from stillwatch.campaigns.own_harvest import HARVESTS, MISSED, below_most, own_prompts
from stillwatch.heldout.members import Tiers
from stillwatch.schema.codes import Tier, TierReason


@pytest.mark.parametrize(
    ("texts", "harvest", "shown", "nothing"),
    [
        (0, 0, False, False),
        (20, 0, False, False),
        (100, 0, False, True),
        (1, 1, False, False),
        (3, 3, True, False),
        (20, 20, True, False),
        (20, 4, True, False),
        (400, 24, False, False),
    ],
)
def test_few_prompts_show_neither(texts: int, harvest: int, shown: bool, nothing: bool) -> None:
    own = own_prompts(np.array([texts]), np.array([harvest]))
    assert (bool(own.harvest[0]), bool(own.nothing[0])) == (shown, nothing)


def test_few_prompts_without_a_harvest_are_unlike_those_of_accounts_that_do_little_else() -> None:
    # Two groups: in the first most harvest with all they send, in the second with an eighth of it.
    group = np.array([1] * 6 + [2] * 6)
    texts = np.array([60, 60, 60, 3, 12, 20, 80, 80, 80, 3, 12, 40])
    harvest = np.array([60, 50, 8, 0, 0, 1, 10, 10, 80, 0, 0, 0])
    own = own_prompts(texts, harvest)
    assert list(own.harvest) == [True, True, True, False, False, False] * 2
    unlike = below_most(texts, harvest, group, own.harvest)
    assert list(unlike[3:6]) == [True, True, True]
    assert list(unlike[9:]) == [False, False, True]


def test_accounts_are_unlike_nobody_where_nobody_harvests() -> None:
    texts, harvest = np.array([50, 50]), np.array([0, 1])
    assert not below_most(texts, harvest, np.array([1, 1]), own_prompts(texts, harvest).harvest).any()


@pytest.mark.parametrize("texts", [30, 72, 150, 400, 2_000])
def test_at_the_limit_either_is_said_by_mistake_as_seldom_as_promised(texts: int) -> None:
    harvest = np.arange(texts + 1)
    own = own_prompts(np.full(texts + 1, texts), harvest)
    chance = binom.pmf(harvest, texts, HARVESTS)
    assert chance[own.nothing].sum() <= MISSED
    assert chance[own.harvest].sum() <= MISSED


def test_who_is_taken_out_is_present_with_a_reason_and_a_group_rests_on_the_others() -> None:
    nothing = pa.array([0.0, 0.0, 0.0])
    counted = pa.table(
        {
            "group": pa.array([1, 1, 2], pa.int64()),
            "account": pa.array([10, 11, 10], pa.int64()),
            **dict.fromkeys(("nats", "formation", "keys", "semantic", "cap"), nothing),
            "tier": [Tier.NAMED.value] * 3,
            "reason": [TierReason.BOTH.value] * 3,
        }
    )
    found = Tiers(counted, counted.slice(0, 0)).without(pa.table({"group": [1], "account": [10]}))
    assert found.counted.select(["group", "account"]).to_pylist() == [
        {"group": 1, "account": 11},
        {"group": 2, "account": 10},
    ]
    assert found.beside.select(["group", "account", "tier", "reason"]).to_pylist() == [
        {
            "group": 1,
            "account": 10,
            "tier": Tier.PRESENT.value,
            "reason": TierReason.OTHERS_HARVEST.value,
        }
    ]
    assert found.named() == {1: {11}, 2: {10}}
