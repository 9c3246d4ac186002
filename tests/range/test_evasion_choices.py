"""Knobs turned in shipped scenarios, in scenario files and on the command line."""

from __future__ import annotations

import itertools
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from range_hamlet import HAMLET

from stillwatch.cli.range import command
from stillwatch.errors import SettingError
from stillwatch.simulate import evasion
from stillwatch.simulate.accounts import DAY
from stillwatch.simulate.checks import faults
from stillwatch.simulate.scenario import load, parse, shipped_names
from stillwatch.simulate.specs import Campaign
from stillwatch.simulate.world import make_world

PLAYED = [name for name in shipped_names() if load(name).campaigns]
"""Shipped scenarios with campaigns."""


def turned(scenario: str, **choices: str) -> tuple[Campaign, Campaign]:
    """The campaign of a shipped scenario, and the same with knobs turned."""
    found = load(scenario)
    return found.campaigns[0], evasion.played(evasion.ordered(found, choices)).campaigns[0]


@pytest.mark.parametrize("name", PLAYED)
def test_every_setting_of_every_knob_leaves_a_scenario_without_faults(name: str) -> None:
    for knob, setting in itertools.product((*evasion.knobs(), evasion.ALL), evasion.SETTINGS):
        assert not list(faults(evasion.played(evasion.ordered(load(name), {knob: setting})))), (
            f"{knob}={setting}"
        )


@pytest.mark.parametrize(
    "name",
    [PLAYED[0], *(pytest.param(name, marks=pytest.mark.thorough) for name in PLAYED[1:])],
)
def test_every_knob_turned_all_the_way_can_be_played(name: str) -> None:
    for knob in (*evasion.knobs(), evasion.ALL):
        with suppress(SettingError):  # so small a world may have too few accounts to steal from, and says so
            make_world(evasion.ordered(load(name), {knob: "high"}), 0.0002, 1)


def test_registration_spreads_those_of_each_wave() -> None:
    plain, earlier = turned("fixed_prompt", registration="middle")
    assert [wave.registered_days for wave in plain.account_waves] == [20, 3]
    assert {wave.registered_days for wave in earlier.account_waves} == {120.0}
    scenario = evasion.ordered(load("fixed_prompt"), {"registration": "middle"})
    accounts = make_world(scenario, 0.001, 1).accounts
    of_campaign = accounts.campaign >= 0
    waited = (accounts.first - accounts.created)[of_campaign] / DAY
    assert np.median(waited) > 30


def test_a_campaign_that_was_there_before_moves_to_another_model_when_it_did() -> None:
    plain, before = turned("refinery", baseline="middle")
    assert (plain.first_day, before.first_day) == (2, 0)
    assert before.first_day + before.moves_day == plain.first_day + plain.moves_day
    assert before.first_day + before.pathways[0].late_day == plain.first_day + plain.pathways[0].late_day


@pytest.mark.parametrize("name", ["bypass_search", "fixed_prompt"])
def test_waves_that_come_later_come_when_they_did_and_each_keeps_its_rate(name: str) -> None:
    plain, before = turned(name, baseline="middle")
    assert (before.first_day, before.days) == (0, plain.days + plain.first_day)
    assert before.exchanges > plain.exchanges
    for wave, earlier in zip(plain.account_waves, before.account_waves, strict=True):
        assert (
            earlier.first_day + earlier.days + before.first_day
            == wave.first_day + wave.days + plain.first_day
        )
        assert earlier.volume * before.exchanges / earlier.days == pytest.approx(
            wave.volume * plain.exchanges / wave.days, rel=1e-3
        )
    assert {wave.registered_days for wave in before.account_waves} == {120.0}
    assert before.account_waves[1].first_day == before.account_waves[0].days


@pytest.mark.parametrize(
    ("setting", "generations"), [("low", [1, 6]), ("middle", [2, 12]), ("high", [6, 39])]
)
def test_each_wave_has_as_many_generations_as_its_days_hold(setting: str, generations: list[int]) -> None:
    plain, short = turned("fixed_prompt", churn=setting)
    for wave, lived, times in zip(plain.account_waves, short.account_waves, generations, strict=True):
        assert lived.share * short.accounts == pytest.approx(times * wave.share * plain.accounts, rel=1e-3)
        assert lived.at_least == times * wave.at_least
    assert sum(wave.share for wave in short.account_waves) == pytest.approx(1.0)


def test_a_knob_changes_nothing_of_a_campaign_that_hides_as_much_already() -> None:
    plain, lived = turned("harness_relay", churn="low")
    assert lived == plain
    plain, settled = turned("harness_relay", churn="middle")
    assert settled.accounts == 2 * plain.accounts
    churned = evasion.evaded(settled, {"churn": "low"})
    assert churned == settled
    assert evasion.evaded(settled, {"churn": "high"}).accounts == 7 * plain.accounts


def test_all_together_turns_every_knob_and_a_single_choice_overrules_it() -> None:
    thistle_of = parse(HAMLET, "hamlet.toml").campaigns[0]
    together = evasion.evaded(thistle_of, {"all": "high"})
    assert together.pool == 20 * 24 / 4
    assert together.isolated == dict.fromkeys(("network", "identity", "software", "rhythm", "content"), 1.0)
    assert together.cover == 0.8
    assert evasion.evaded(thistle_of, {"all": "high", "cover": "off"}).cover == thistle_of.cover
    assert evasion.evaded(together, {"all": "low"}).cover == 0.8


def test_a_scenario_says_how_its_campaigns_evade_and_an_order_overrules_it() -> None:
    text = HAMLET.replace("windows = 4", 'windows = 4\nevade = { pool = "middle", cover = "low" }', 1)
    scenario = parse(text, "hamlet.toml")
    assert [one.pool for one in evasion.played(scenario).campaigns] == [5.0, 1.0]
    ordered = evasion.played(evasion.ordered(scenario, {"cover": "high"}))
    assert [(one.pool, one.cover) for one in ordered.campaigns] == [(5.0, 0.8), (1.0, 0.8)]
    assert evasion.played(ordered) == ordered


@pytest.mark.parametrize(
    ("key", "what", "do"),
    [
        ('evade = { pol = "middle" }', "no knob of evasion 'pol'", "did you mean pool"),
        ('evade = { pool = "max" }', "no setting 'max'", "off, low, middle, high"),
        ("isolated = { card = 1.0 }", "no family 'card'", "network, identity"),
        ("isolated = { content = 2.0 }", "isolated.content is a share", "from 0 to 1"),
    ],
)
def test_a_wrong_choice_in_a_scenario_is_named_with_its_line(key: str, what: str, do: str) -> None:
    text = HAMLET.replace("windows = 4", f"windows = 4\n{key}", 1)
    with pytest.raises(SettingError, match=what) as caught:
        parse(text, "hamlet.toml")
    line = text[: text.index(key)].count("\n") + 1
    assert caught.value.where == f"hamlet.toml, line {line}"
    assert do in str(caught.value.do)


def test_the_command_line_turns_knobs_and_names_them_where_one_is_wrong(
    hamlet_file: Path, tmp_path: Path
) -> None:
    order = ["make", str(hamlet_file), "--scale", "1", "--seed", "3", "--no-prompts", "--json", "--out"]
    done = CliRunner().invoke(
        command, [*order, str(tmp_path / "world"), "--evade", "volume=low", "--evade", "pool=high"]
    )
    assert done.exit_code == 0, done.output
    accounts = {row["name"]: row["accounts"] for row in json.loads(done.stdout)["groups"]}
    assert 36 <= accounts["thistle"] <= 40
    for word in ("speed=high", "volume=loud", "volume"):
        failed = CliRunner().invoke(command, [*order, str(tmp_path / "no"), "--evade", word])
        assert isinstance(failed.exception, SettingError)
        assert failed.exception.where == f"--evade {word}"
        known: Any = evasion.knobs() if word == "speed=high" else evasion.SETTINGS
        assert all(name in str(failed.exception.do) for name in known)


def test_a_backdrop_that_is_not_there_is_named_on_the_command_line(hamlet_file: Path, tmp_path: Path) -> None:
    failed = CliRunner().invoke(
        command, ["make", str(hamlet_file), "--out", str(tmp_path / "no"), "--backdrop", "village"]
    )
    assert isinstance(failed.exception, SettingError)
    assert "no backdrop 'village'" in failed.exception.what
    assert not (tmp_path / "no").exists()


def test_every_knob_says_what_it_does_and_pays_and_the_page_names_it() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "range.md").read_text(encoding="utf-8")
    for knob in evasion.KNOBS:
        assert knob.does.endswith(".")
        assert knob.pays
        assert len(knob.values) == 3
        values = (", ".join(f"{value:g}" for value in knob.at(setting)) for setting in evasion.SETTINGS[1:])
        assert f"| `{knob.name}` | {knob.does} | {knob.unit} | {' | '.join(values)} | {knob.pays} |" in page
