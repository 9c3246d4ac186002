"""An account's own prompts show a harvest, show none, or are too few to show either."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binom

from stillwatch.campaigns.own_harvest import HARVESTS, MISSED, own_prompts
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
