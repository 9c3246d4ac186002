"""The scenarios of published campaigns have the published sizes, and do what was published."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import pytest

from stillwatch.errors import SettingError
from stillwatch.simulate.accounts import DAY
from stillwatch.simulate.day import rows_of
from stillwatch.simulate.operators import account_waves
from stillwatch.simulate.operators.rhythm import FASTEST
from stillwatch.simulate.rhythm import active_on, exchanges_on
from stillwatch.simulate.scenario import load, parse
from stillwatch.simulate.specs import Campaign
from stillwatch.simulate.world import World, make_world, sized

PUBLISHED = {
    # accounts, exchanges, days, exchanges an account and day
    "june": (25_000, 28_800_000, 45, 26),
    "fixed_prompt": (8_500, 151_000_000, 90, None),
    "harness_relay": (3_000, 12_100_000, 14, 288),
    "refinery": (273, 3_400_000, 17, 733),
    "slow_ramp": (4_000, 9_000_000, 90, 25),
    "bypass_search": (2_060, 1_212_000, 26, None),
}
"""What docs/range.md says of each; its notes say which of these numbers were published and which are
assumed.
"""
SCALE = 0.05


@cache
def world(name: str) -> World:
    """The world with its campaign at a twentieth and few others."""
    scenario = load(name)
    few = dataclasses.replace(scenario.populations[0], accounts=2_000)
    return make_world(dataclasses.replace(scenario, populations=(few,)), SCALE, 1)


def campaign(name: str) -> Campaign:
    return load(name).campaigns[0]


@cache
def drawn(name: str) -> Any:
    """Exchanges of each campaign account, a row for each day of the window."""
    return draw(world(name), world(name).accounts.campaign == 0)


def draw(made: World, whose: Any) -> Any:
    rng = np.random.default_rng(5)
    count = np.zeros((made.setting.days, len(made.accounts)))
    for day in range(made.setting.days):
        active = active_on(made, day)
        count[day, active] = exchanges_on(made, day, active, rng)
    return count[:, whose]


def wave_of(name: str) -> list[slice]:
    """Where each account wave stands among the campaign's accounts."""
    spec = campaign(name)
    ends = np.cumsum([stage.accounts for stage in account_waves.stages(spec, sized(spec, SCALE))])
    return [
        slice(int(end - size), int(end)) for end, size in zip(ends, np.diff(ends, prepend=0), strict=True)
    ]


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_scenario_states_the_published_size(name: str) -> None:
    accounts, exchanges, days, rate = PUBLISHED[name]
    spec = campaign(name)
    assert (spec.accounts, spec.exchanges, spec.days) == (accounts, exchanges, days)
    if rate is not None:
        assert exchanges / accounts / days == pytest.approx(rate, rel=0.02)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_world_has_the_volume_that_its_scenario_states(name: str) -> None:
    spec, count = campaign(name), drawn(name)
    stages = account_waves.stages(spec, sized(spec, SCALE))
    assert sum(stage.accounts for stage in stages) == count.shape[1]
    assert sum(stage.spec.accounts for stage in stages) == pytest.approx(spec.accounts, abs=2)
    assert sum(stage.spec.exchanges for stage in stages) == pytest.approx(spec.exchanges, rel=0.001)
    for stage, where in zip(stages, wave_of(name), strict=True):
        stated = stage.spec.exchanges * stage.accounts / stage.spec.accounts
        assert count[:, where].sum() == pytest.approx(stated, rel=0.05), (
            f"{name}, account wave of {stage.accounts}"
        )
        assert stage.spec.slowest < stage.spec.exchanges / stage.spec.accounts / stage.spec.days < FASTEST
    quiet = np.flatnonzero(count.sum(1) == 0)
    assert not ((quiet > spec.first_day) & (quiet < spec.first_day + spec.days - 1)).any()
    assert count.sum(1)[: spec.first_day].sum() == 0
    assert count.sum(1)[spec.first_day + spec.days :].sum() == 0


def test_june_happens_within_150_million_exchanges() -> None:
    made = make_world(load("june"), 0.02, 1)
    assert draw(made, slice(None)).sum() / 0.02 > 150e6


def test_the_fixed_prompts_peak_is_the_published_one() -> None:
    _, second = wave_of("fixed_prompt")
    days = drawn("fixed_prompt")[:, second]
    peak = days.sum(1).max() / SCALE
    assert peak == pytest.approx(3_000_000, rel=0.04)
    assert peak / (days.shape[1] / SCALE) == pytest.approx(857, rel=0.04)


def test_a_banned_wave_is_followed_by_another_that_keeps_some_means() -> None:
    made, (first, second) = world("fixed_prompt"), wave_of("fixed_prompt")
    mine = np.flatnonzero(made.accounts.campaign == 0)
    gone, fresh = mine[first], mine[second]
    end = made.setting.start + 13 * DAY
    assert (made.accounts.banned[gone] > end - 3 * DAY).all()
    assert (made.accounts.banned[gone] <= end).all()
    assert (made.accounts.first[fresh] == end).all()
    assert (made.accounts.banned[fresh] == 0).all()
    assert np.median(end - made.accounts.created[fresh]) < 8 * DAY
    days = drawn("fixed_prompt").sum(1)
    assert days[13] > 0.2 * days[9]
    for column in ("payment", "client"):
        values = getattr(made.accounts, column)
        assert 0.1 < np.isin(values[fresh], values[gone]).mean() < 0.6
    places = made.accounts.places[:, :6]
    assert 0.2 < np.isin(np.unique(places[fresh]), places[gone]).mean() < 0.45
    assert len(np.unique(made.accounts.group_seed[mine])) == 1


def spoken(name: str, day: int, parts: int = 1) -> list[dict[str, Any]]:
    """What the campaign says on a day of its world, or on one of the parts that it is cut into; failed
    exchanges are left out.
    """
    made = world(name)
    rows = rows_of(made, day, 0, parts, text=True)
    columns: list[Any] = [rows.messages, rows.response]
    texts = zip(
        rows.account.tolist(), rows.model.tolist(), *(column.to_pylist() for column in columns), strict=True
    )
    return [
        {
            "model": made.setting.models[model].name,
            "messages": json.loads(said),
            "answer": json.loads(answer)["choices"][0]["message"]["content"],
        }
        for account, model, said, answer in texts
        if made.accounts.campaign[account] == 0 and answer
    ]


def test_one_fixed_prompt_brings_the_reasoning_into_the_answer() -> None:
    rows = spoken("fixed_prompt", 20, 40)
    systems = [row["messages"][0]["content"] for row in rows if row["messages"][0]["role"] == "system"]
    assert len(systems) > 0.9 * len(rows)
    assert len({text for text in systems if "<reasoning>" in text}) == 1
    given = [row["answer"] for row in rows if "<reasoning>" in row["messages"][0]["content"]]
    assert np.mean(["</reasoning>" in text for text in given]) > 0.95


def test_a_refinery_moves_to_another_model_when_it_is_refused() -> None:
    for day, model, refused in ((3, "heron-4", (0.2, 0.4)), (12, "heron-3", (0.0, 0.04))):
        rows = spoken("refinery", day)
        assert {row["model"] for row in rows} == {model}
        assert refused[0] <= np.mean([denied(row) for row in rows]) <= refused[1]


def denied(row: dict[str, Any]) -> bool:
    return str(row["answer"]).startswith(("I'm sorry", "I can't", "I'm unable"))


def test_a_search_is_refused_and_its_winner_is_not() -> None:
    searched = [row for day in range(2, 10) for row in spoken("bypass_search", day)]
    tricks = [row["messages"][-1]["content"] for row in searched]
    assert len(set(tricks)) == len(tricks) > 100
    assert 0.75 < np.mean([denied(row) for row in searched]) < 0.95
    rows = spoken("bypass_search", 17)
    assert np.mean([denied(row) for row in rows]) < 0.08
    assert np.mean(["notes_before_answer" in row["messages"][-1]["content"] for row in rows]) > 0.9


def test_a_relay_pins_a_client_for_each_account() -> None:
    made = world("harness_relay")
    mine = made.accounts.campaign == 0
    assert (made.accounts.client[mine] == made.accounts.other_client[mine]).all()
    _, count = np.unique(made.accounts.client[mine], return_counts=True)
    assert count.max() == pytest.approx(0.65 * mine.sum(), rel=0.15)
    conversations = [row["messages"] for row in spoken("harness_relay", 5, 40)]
    assert np.mean([len(said) > 2 for said in conversations]) > 0.7


def test_a_slow_ramp_begins_as_a_trickle() -> None:
    days = drawn("slow_ramp").sum(1)[1:91]
    assert days[:7].sum() < 0.1 * days[-7:].sum()
    weeks = days[: 12 * 7].reshape(12, 7).sum(1)
    assert (np.diff(weeks) < 0.12 * weeks[-1]).all()


WAVES = """
[[campaign.account_wave]]
share = 0.5
volume = 0.5
first_day = 0
days = 2

[[campaign.account_wave]]
share = 0.5
volume = 0.5
first_day = 2
days = 2
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("first_day = 2\ndays = 2", "first_day = 2\ndays = 30", "does not fit into its campaign"),
        (
            "volume = 0.5\nfirst_day = 0",
            "volume = 0.2\nfirst_day = 0",
            "the account_waves' volumes add up to 0.700",
        ),
        (
            "share = 0.5\nvolume = 0.5\nfirst_day = 2",
            "share = 0\nvolume = 0.5\nfirst_day = 2",
            "an account wave needs accounts",
        ),
        ("days = 2\n\n", 'days = 2\nagent = "x/1"\n\n', "go together"),
        ("days = 2\n\n", "days = 2\ncarries = 3.0\n\n", "carries is a share"),
        ("days = 2\n\n", "days = 2\nregistered_days = 0\n\n", "30 hours does not fit into 0 days"),
        ("days = 2\n\n", "days = 2\ncarry = 1.0\n\n", "there is no key campaign[0].account_wave[0].carry"),
    ],
)
def test_a_mistake_in_a_wave_is_named_with_its_line(old: str, new: str, said: str) -> None:
    text = scenario_text("wave_hours = 24", "wave_hours = 30") + WAVES
    assert len(parse(text, "x.toml").campaigns[0].account_waves) == 2
    with pytest.raises(SettingError) as caught:
        parse(text.replace(old, new, 1), "x.toml")
    assert said in caught.value.what
    assert str(caught.value.where).startswith("x.toml, line ")


def scenario_text(old: str, new: str) -> str:
    text = (
        resources.files("stillwatch.simulate")
        .joinpath("scenarios", "refinery.toml")
        .read_text(encoding="utf-8")
    )
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize("key", ["model", "moves_to"])
def test_a_model_that_is_not_served_is_refused(key: str) -> None:
    text = scenario_text(
        'model = "heron-4"' if key == "model" else 'moves_to = "heron-3"', f'{key} = "heron-9"'
    )
    with pytest.raises(SettingError, match="no model 'heron-9'"):
        parse(text, "x.toml")
