"""A mistake in a scenario is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from range_hamlet import HAMLET

from stillwatch.errors import SettingError
from stillwatch.simulate.scenario import load, parse, shipped_names


def line_of(text: str, piece: str) -> int:
    return text[: text.index(piece)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "said", "at"),
    [
        ("windows = 4", "window = 4", "there is no key campaign[0].window", "window = 4"),
        ("windows = 4", 'windows = "four"', "campaign[0].windows must be a whole number", 'windows = "four"'),
        ("windows = 4", "windows = 4.5", "campaign[0].windows must be a whole number", "windows = 4.5"),
        ("weight = 0.3", "weight = true", "region[1].weight must be a number", "weight = true"),
        ('kind = "office"', 'kind = "castle"', "there is no kind 'castle'", 'kind = "castle"'),
        (
            "jobs = { resold = 0.7, chat = 0.3 }",
            "jobs = { resold = 0.7, sing = 0.3 }",
            "there is no job 'sing'",
            "jobs = { resold = 0.7, sing",
        ),
        ('plan = "plus"', 'plan = "gold"', "there is no plan 'gold'", 'plan = "gold"'),
        ('rhythm = "flat"', 'rhythm = "waltz"', "there is no rhythm 'waltz'", 'rhythm = "waltz"'),
        ("pivot = 0.5", "pivot = 1.5", "pivot is a share", "pivot = 1.5"),
        ("cards = 3", "cards = -3", "cards must not be negative", "cards = -3"),
        ("first_day = 1", "first_day = 2", "campaign thistle does not fit into the world", "days = 5"),
        (
            "end = 2026-03-08T00:00:00Z",
            "end = 2026-03-08",
            "world.end must be a time with its zone",
            "end = 2026-03-08",
        ),
        (
            "late_jobs = { trace = 1.0 }",
            "late_jobs = { trace = 0 }",
            "a mixture of jobs is empty",
            "late_jobs = { trace = 0 }",
        ),
        (
            "released = 2025-01-01",
            "released = 2026-03-03",
            "no model was out before the window",
            "released = 2026-03-03",
        ),
        ("group_max = 15", "group_max = 5", "group_max is below group_min", "group_max = 5"),
        ("[world]", "[[world]]", "world must be one section", "[[world]]"),
        ('kind = "office"', 'kind = ["office"]', "there is no kind ['office']", 'kind = ["office"]'),
        ("windows = 4", "windows = 0", "a day of a balanced rhythm needs windows", "windows = 0"),
        ("windows = 4", "windows = 4\nramp = 3", "ramp must lie between -1 and 1", "ramp = 3"),
        ("windows = 4", "windows = 4\nramp = nan", "ramp must lie between -1 and 1", "ramp = nan"),
        (
            "windows = 4",
            "windows = 4\nnetworks = { hosting = 0 }",
            "the shares of networks",
            "networks = { hosting = 0 }",
        ),
        (
            "windows = 4",
            "windows = 4\nnetworks.hosting = -1",
            "the shares of networks",
            "networks.hosting = -1",
        ),
        ('name = "thistle"', 'name = ""', "a campaign needs a name of its own, not ''", 'name = ""'),
        (
            'name = "bramble"',
            'name = "thistle" # again',
            "a campaign needs a name of its own, not 'thistle'",
            'name = "thistle" # again',
        ),
        ("weight = 0.5\nreleased", "weight = nan\nreleased", "weight must not be nan", "weight = nan"),
        ("cards = 3", "cards = 3\nmail_share = inf", "mail_share must not be inf", "mail_share = inf"),
        ("late_day = 3", "late_day = 6", "the later phase begins after the campaign's end", "late_day = 6"),
        ("late_jobs = { trace = 1.0 }", "", "late_day is given without late_jobs", "late_day = 3"),
        (
            "share = 0.6\nplan",
            "share = 0.5\nplan",
            "the pathways' shares add up to 0.900",
            "share = 0.5\nplan",
        ),
        (
            'runtime = "go 1.23"',
            'runtime = "go1.23"',
            "runtime must be two words, not 'go1.23'",
            'runtime = "go1.23"',
        ),
        ('system = "Linux x64"', 'system = ""', "system must be two words, not ''", 'system = ""'),
        (
            "jobs = { tool_use",
            "parameters = { temprature = 1 }\njobs = { tool_use",
            "there is no sampling parameter 'temprature'",
            "parameters = { temp",
        ),
        (
            "windows = 4",
            "windows = 4\nwave_hours = 100\nregistered_days = 2",
            "100 hours does not fit into 2 days",
            "registered_days = 2",
        ),
        ("exchanges = 1_200", "exchanges = 0", "campaign thistle has no exchanges", "exchanges = 0"),
        (
            'name = "wren-2"',
            'name = "wren-1" # again',
            "there are two models 'wren-1'",
            'name = "wren-1" # again',
        ),
        ('models = ["wren-1"]', 'models = ["crow"]', "there is no model 'crow'", 'models = ["crow"]'),
        (
            "expires = 2026-12-31",
            "expires = 2025-12-31",
            "the permit expires before it starts",
            "expires = 2025-12-31",
        ),
        (
            "expires = 2026-12-31T00:00:00Z",
            "expires = 2026-12-31T00:00:00Z\nheadroom = -1",
            "headroom must not be negative",
            "headroom = -1",
        ),
        (
            "launched = 2024-01-01",
            "launched = 2027-01-01",
            "the provider opens after the window has begun",
            "launched = 2027-01-01",
        ),
        ("languages = { en = 0.8, hi = 0.2 }", "languages = {}", "the shares of languages", "languages = {}"),
    ],
)
def test_a_mistake_is_named_with_its_line(old: str, new: str, said: str, at: str) -> None:
    text = HAMLET.replace(old, new, 1)
    with pytest.raises(SettingError) as caught:
        parse(text, "hamlet.toml")
    assert said in caught.value.what
    assert caught.value.where == f"hamlet.toml, line {line_of(text, at)}"
    assert caught.value.do


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        (
            HAMLET.replace("windows = 4", "windows = 4\nwindows = 5"),
            "windows",
            line_of(HAMLET, "windows = 4") + 1,
        ),
        (HAMLET.replace("windows = 4", "windows = "), "windows", line_of(HAMLET, "windows = 4")),
        ('backdrop = "provider"\nbackdrop = "provider"', "backdrop", 2),
    ],
)
def test_a_key_that_is_not_toml_or_stands_twice_is_named_with_its_line(
    text: str, key: str, line: int
) -> None:
    with pytest.raises(SettingError, match=f"at the key {key}:") as caught:
        parse(text, "hamlet.toml")
    assert caught.value.where == f"hamlet.toml, line {line}"


def test_a_missing_key_is_named_with_the_section() -> None:
    text = HAMLET.replace('organisation = "Kestrel Learning"\nmodels', "models")
    with pytest.raises(SettingError, match=r"permit\[0\]\.organisation is missing") as caught:
        parse(text, "hamlet.toml")
    assert caught.value.where == f"hamlet.toml, line {line_of(text, '[[permit]]')}"


@pytest.mark.parametrize(
    "text",
    [
        "[world",
        HAMLET.replace("[world]", "[word]"),
        "population = 3\n" + HAMLET.replace("[[population]]", "[[permit]]"),
        "world = 3\n" + HAMLET[HAMLET.index("[[region]]") :],
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(SettingError):
        parse(text, "x.toml")


def test_an_unknown_scenario_names_the_shipped_ones(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="february"):
        load(str(tmp_path / "nowhere.toml"))


def test_february_has_the_published_shape() -> None:
    february = load("february")
    assert {"benign", "february"} <= set(shipped_names())
    assert {c.name: (c.accounts, c.exchanges) for c in february.campaigns} == {
        "lantern": (1_200, 150_000),
        "quarry": (2_800, 3_400_000),
        "orchard": (20_000, 13_000_000),
    }
    assert february.window.days == 28
    assert sum(p.accounts for p in february.populations) >= 2_000_000


BEFORE = """backdrop = "provider"

[world]
start = 2026-03-02T00:00:00Z
end = 2026-05-25T00:00:00Z
launched = 2024-01-01T00:00:00Z

[[population]]
kind = "office"
accounts = 20
median = 9
sigma = 1.3
group_min = 8
group_max = 60
jobs = { writing = 1.0 }
"""


def test_a_backdrop_stands_behind_a_scenario() -> None:
    month, quarter = load("february"), parse(BEFORE, "quarter.toml")
    assert [r.name for r in quarter.regions] == [r.name for r in month.regions]
    assert quarter.populations[-1].kind == "office"
    assert quarter.populations[-1].median == 9
    assert quarter.populations[0].region == ""
    for longer, shorter in zip(quarter.populations, month.populations, strict=False):
        assert longer.median == pytest.approx(shorter.median * 84 / 28)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('backdrop = "provider"', 'backdrop = "village"', "there is no backdrop 'village'"),
        ("median = 9", 'median = "nine"', "median must be a number"),
        ("group_max = 60", "group_max = 6", "group_max is below group_min"),
        ('kind = "office"', 'kind = "castle"', "there is no kind 'castle'"),
    ],
)
def test_a_mistake_before_a_backdrop_is_named_with_its_line(old: str, new: str, said: str) -> None:
    text = BEFORE.replace(old, new)
    with pytest.raises(SettingError) as caught:
        parse(text, "quarter.toml")
    assert said in caught.value.what
    assert caught.value.where == f"quarter.toml, line {line_of(text, new)}"


def test_several_backdrops_stand_one_behind_the_other() -> None:
    text = BEFORE.replace('backdrop = "provider"', 'backdrop = ["provider", "lookalikes"]')
    one, both = parse(BEFORE, "one.toml"), parse(text, "both.toml")
    assert [r.name for r in both.regions] == [*(r.name for r in one.regions), "island"]
    assert [p.organisation for p in both.permits][: len(one.permits)] == [p.organisation for p in one.permits]
    assert len(both.populations) > len(one.populations)
    assert both.populations[-1] == one.populations[-1]


def test_a_scenario_plays_before_another_backdrop_where_that_is_asked_for() -> None:
    alone, among = load("february"), load("february", ("lookalikes", "provider"))
    assert among.campaigns == alone.campaigns
    assert {spec.kind for spec in among.populations} - {spec.kind for spec in alone.populations} >= {
        "translation_vendor",
        "hackathon",
        "red_team",
    }
    assert len([spec for spec in among.populations if spec.kind == "ordinary"]) == 1
    assert load("benign", ("lookalikes",)) == load("benign")
    assert "red_team" in {spec.kind for spec in parse(HAMLET, "hamlet.toml", ("lookalikes",)).populations}
    with pytest.raises(SettingError, match="no backdrop 'village'") as caught:
        load("february", ("village",))
    assert "lookalikes" in str(caught.value.do)


def test_a_window_before_a_backdrops_models_is_refused_though_they_are_not_the_files() -> None:
    early = BEFORE.replace("2026-", "2020-").replace("launched = 2024", "launched = 2019")
    with pytest.raises(SettingError, match="no model was out before the window"):
        parse(early, "quarter.toml")


def test_an_events_volume_does_not_grow_with_the_window() -> None:
    text = BEFORE.replace('backdrop = "provider"', 'backdrop = ["provider", "lookalikes"]')
    quarter, week = (parse(t, "x.toml") for t in (text, text.replace("2026-05-25", "2026-03-09")))
    grown = {
        a.kind: a.median / b.median
        for a, b in zip(quarter.populations[:-1], week.populations[:-1], strict=True)
    }
    assert {kind for kind, factor in grown.items() if factor == 1} == {"hackathon", "viral_prompt"}
    assert all(factor in (1, 12) for factor in grown.values())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('backdrop = "provider"', 'backdrop = ["provider", "village"]', "there is no backdrop 'village'"),
        ('backdrop = "provider"', 'backdrop = ["provider", 3]', "there is no backdrop 3"),
        ('backdrop = "provider"', 'backdrop = [["provider"]]', "there is no backdrop ['provider']"),
        ("median = 9", 'median = 9\nregion = "nowhere"', "there is no region 'nowhere'"),
        ("group_max = 60", "group_max = 60\nregion = 4", "region must be text"),
    ],
)
def test_a_wrong_backdrop_of_several_or_region_is_named_with_its_line(old: str, new: str, said: str) -> None:
    text = BEFORE.replace(old, new)
    with pytest.raises(SettingError) as caught:
        parse(text, "quarter.toml")
    assert said in caught.value.what
    assert caught.value.where == f"quarter.toml, line {line_of(text, new.rpartition(chr(10))[2])}"
