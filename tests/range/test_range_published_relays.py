"""The shipped scenarios of relays, replays and stolen keys have the published numbers at full size."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest

from stillwatch.simulate.accounts import DAY
from stillwatch.simulate.day import rows_of
from stillwatch.simulate.rhythm import _grown
from stillwatch.simulate.scenario import load, shipped_names
from stillwatch.simulate.world import World, make_world

PUBLISHED = {
    "live_relay": ("ferry", 5_380, 23_000_000, 75),
    "session_replay": ("parrot", 1_500, 400_000, 20),
    "stolen_keys": ("magpie", 32, 286_160, 28),
}
"""Campaign, accounts, exchanges, days."""


@cache
def world(name: str) -> World:
    return make_world(load(name), 0.003, 1)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_numbers_are_the_published_ones(name: str) -> None:
    campaign, accounts, exchanges, days = PUBLISHED[name]
    assert name in shipped_names()
    (spec,) = load(name).campaigns
    assert (spec.name, spec.accounts, spec.exchanges, spec.days) == (campaign, accounts, exchanges, days)
    assert load(name).window.days <= 100


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_small_world_is_the_published_one_in_little(name: str) -> None:
    _, stated, exchanges, days = PUBLISHED[name]
    accounts = world(name).accounts
    mine = np.flatnonzero(accounts.campaign == 0)
    assert len(mine) == load(name).campaigns[0].at_least
    active = (accounts.last - accounts.first)[mine] / DAY
    assert float((accounts.rate[mine] * active).sum()) / len(mine) * stated == pytest.approx(
        exchanges, rel=0.01
    )
    assert active.max() == pytest.approx(days)
    assert accounts.rate[mine].min() >= 6
    assert accounts.rate[mine].max() <= 860


def test_the_relay_grows_through_the_published_slice() -> None:
    accounts = world("live_relay").accounts
    mine = np.flatnonzero(accounts.campaign == 0)
    first, last = accounts.first[mine].min(), accounts.last[mine].max()
    day = [
        float(
            (
                accounts.rate[mine]
                * _grown(
                    accounts.ramp[mine], accounts.first[mine], accounts.last[mine], first + d * DAY + DAY // 2
                )
            ).sum()
        )
        for d in range(75)
    ]
    slice_of_ten = sum(day[:10]) / len(mine) * 5_380
    assert 250_000 < slice_of_ten < 450_000
    assert sum(day) / len(mine) * 5_380 == pytest.approx(23_000_000, rel=0.05)
    assert (last - first) / DAY == 75


def test_the_relay_seems_to_be_in_two_regions_mostly() -> None:
    accounts = world("live_relay").accounts
    regions = np.bincount(accounts.region[accounts.campaign == 0])
    assert np.sort(regions)[-2:].sum() / regions.sum() > 0.75


def test_end_users_speak_the_published_twelve_languages() -> None:
    made = world("session_replay")
    chat = made.setting.jobs.names.index("replay_chat")
    bodies = made.setting.jobs.body[0, chat]
    assert len(set(bodies.tolist())) == 12
    italian = 0
    for day in range(8, 12):
        rows = rows_of(made, day, 0, 1, text=True)
        assert rows.messages is not None
        italian += sum(
            "Mi spieghi" in json.loads(str(messages))[-1]["content"] for messages in rows.messages.to_pylist()
        )
    assert italian > 3


def test_sessions_are_replayed_at_about_thirteen_an_account_and_day() -> None:
    (spec,) = load("session_replay").campaigns
    assert spec.exchanges / spec.accounts / spec.days == pytest.approx(13, abs=0.5)


def test_stolen_accounts_are_customers_of_the_kinds_named() -> None:
    made = world("stolen_keys")
    used = made.accounts.owner[made.accounts.campaign == 0]
    assert len(np.unique(used)) == len(used) == 12
    assert {made.kinds[kind] for kind in made.accounts.kind[used]} <= {"company", "coding_agent"}
    assert made.accounts.rate[used].min() > 0
