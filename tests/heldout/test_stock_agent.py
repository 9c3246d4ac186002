"""Strangers in a group who use the campaign's stock agent are not named, and the bound does not count them.

A small version of the study in bench/calibration.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from made_worlds.stock_agent_world import Mix, told
from stillwatch.engine import DuckDBEngine
from stillwatch.settings import CampaignSettings, EngineSettings
from study.promises import exact

WORLDS = 20
SETTINGS = CampaignSettings()


@pytest.mark.parametrize("mix", [Mix(30, 30, 60, apart=1.0), Mix(0, 60, 60, apart=1.0)], ids=str)
def test_the_bound_holds_among_users_of_one_agent(mix: Mix) -> None:
    rng = np.random.default_rng(5)
    with DuckDBEngine(EngineSettings(memory="1GB", threads=1)) as engine:
        found = [told(engine, rng, mix, everyone=1200) for _ in range(WORLDS)]
    low, _high = exact(sum(one.above for one in found), WORLDS, 0.99)
    assert low <= SETTINGS.bound_level
    assert np.mean([one.strangers_named / max(one.named, 1) for one in found]) <= SETTINGS.naming_level
    if mix.guilty:
        assert np.mean([one.named - one.strangers_named for one in found]) > 0.8 * mix.guilty
        assert np.mean([one.at_least for one in found]) > 0.3 * mix.guilty
    else:
        assert sum(one.named > 0 for one in found) <= 1, "users of one agent alone name nobody"
