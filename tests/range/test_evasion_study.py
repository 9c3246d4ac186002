"""The study of evasions: what it sums up, says, draws and remembers."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

import evasion as study
from evasion_study import outcomes as sums
from evasion_study.figure import Point
from stillwatch.simulate.price import UNITS, Assumed, shipped_prices
from study.kept_rows import finished

PRICES = shipped_prices()


def row(knob: str, setting: str, right: int, accounts: float, seed: int = 1) -> dict[str, Any]:
    """A world in which so many of a campaign's forty accounts were found, and which needed so many
    accounts.
    """
    units = {name: {"made": 1.0, "full": 1.0} for name in UNITS} | {
        "accounts": {"made": 40.0, "full": accounts},
        "wanted": {"made": 1.0, "full": 1000.0},
    }
    one = {
        "name": "thistle",
        "found": right >= 20,
        "verdict": "adversarial",
        "accounts": 40,
        "right": right,
        "account_recall": right / 40,
        "units": units,
    }
    return {
        "scenario": "moor",
        "scale": 0.01,
        "knob": knob,
        "setting": setting,
        "seed": seed,
        "campaigns": [one],
    }


ROWS = [
    row("none", "off", 40, 4_000),
    row("pool", "low", 40, 5_000),
    row("pool", "middle", 30, 6_000),
    row("pool", "high", 10, 8_000),
    row("cover", "high", 36, 20_000),
    row("all", "low", 30, 20_000),
    row("all", "high", 0, 40_000),
]


def test_costs_are_multiples_of_those_without_evasion_and_intervals_are_exact() -> None:
    found = {
        (one.knob, one.setting): one
        for one in sums.outcomes(
            [*ROWS, row("none", "off", 20, 4_000, 2), row("pool", "low", 20, 8_000, 2)], PRICES
        )
    }
    assert found["none", "off"].cost == 1.0
    low = found["pool", "low"]
    assert (low.worlds, low.found, low.right, low.accounts) == (2, 2, 60, 80)
    base = found["none", "off"].dollars
    extra = [PRICES["accounts"].amount * more for more in (1_000, 4_000)]
    assert low.cost == pytest.approx(1 + sum(extra) / 2 / base)
    assert low.interval() == pytest.approx((0.6406, 0.8401), abs=1e-3)


def test_the_price_of_halving_is_read_off_between_settings() -> None:
    line = [
        Point(name, cost, recall, 0.0, 1.0)
        for name, cost, recall in (("off", 1.0, 0.8), ("low", 2.0, 0.6), ("middle", 4.0, 0.2))
    ]
    assert sums.halved(line) == pytest.approx(3.0)
    assert sums.halved(line[:2]) is None


def test_the_answer_names_the_cheapest_knob_or_says_that_none_reaches_it() -> None:
    found = sums.outcomes(ROWS, PRICES)
    said = sums.sentence("thistle", sums.curves(found))
    assert "(100% of its accounts)" in said
    assert "by pool (no other single knob reaches it)" in said
    assert "all knobs together: " in said
    kept = sums.outcomes([one for one in ROWS if (one["knob"], one["setting"]) != ("pool", "high")], PRICES)
    assert "not reached with any single knob; the least is 75%, by pool middle" in sums.sentence(
        "thistle", sums.curves(kept)
    )
    nothing = sums.outcomes([row("none", "off", 0, 4_000), row("pool", "low", 0, 4_000)], PRICES)
    assert "nothing is found even without evasion" in sums.sentence("thistle", sums.curves(nothing))


def test_a_campaign_is_compared_with_its_own_scenario_only() -> None:
    other = [
        one | {"scenario": "fen"} for one in (row("none", "off", 40, 8_000), row("pool", "low", 10, 8_000))
    ]
    larger = [one | {"scale": 0.05} for one in (row("none", "off", 40, 8_000), row("pool", "low", 40, 8_000))]
    found = sums.campaigns_of(sums.outcomes([*ROWS, *other, *larger], PRICES))
    assert list(found) == ["fen at 0.01: thistle", "moor at 0.01: thistle", "moor at 0.05: thistle"]
    assert [point.recall for point in sums.curves(found["fen at 0.01: thistle"])["pool"]] == [1.0, 0.25]
    assert [point.recall for point in sums.curves(found["moor at 0.05: thistle"])["pool"]] == [1.0, 1.0]
    assert [one.cost for one in found["fen at 0.01: thistle"]] == pytest.approx([1.0, 1.0])


def test_of_a_world_that_was_made_twice_the_later_counts() -> None:
    again = row("pool", "low", 30, 5_000)
    rows = study.latest([*ROWS, again])
    assert len(rows) == len(ROWS)
    found = {(one.knob, one.setting): one for one in sums.outcomes(rows, PRICES)}
    assert (found["pool", "low"].worlds, found["pool", "low"].right) == (1, 30)


def test_the_title_names_scenarios_as_long_as_they_fit() -> None:
    assert sums.title_of(["fen", "moor"]) == "What hiding costs: fen, moor"
    assert sums.title_of(list("abcde")) == "What hiding costs: 5 scenarios"


def test_a_panel_names_its_only_knob() -> None:
    alone = [one for one in ROWS if one["knob"] in ("none", "pool")]
    root = ElementTree.fromstring(sums.drawn(sums.outcomes(alone, PRICES), "What hiding costs"))
    assert "pool" in [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]


def test_the_json_holds_of_a_world_what_each_detector_found_and_no_more() -> None:
    found = {"rows": [{"campaign": "thistle", "found": True}], "innocents": {"classroom": 3}}
    world = ROWS[0] | {
        "quick": True,
        "detectors": [{"name": "ranking", "seconds": 1.0, "own": found, "flattered": None}],
    }
    which = {name: world[name] for name in ("scenario", "scale", "seed", "knob", "setting", "quick")}
    assert study.in_short(world) == which | {
        "detectors": [{"name": "ranking", "own": {"rows": found["rows"]}}]
    }


def test_the_figure_is_svg_with_a_line_a_knob_and_colours_for_dark_and_light() -> None:
    drawn = sums.drawn(sums.outcomes(ROWS, PRICES), "What hiding <costs>")
    root = ElementTree.fromstring(drawn)
    name = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f".//{name}polyline")) == 3
    texts = [element.text for element in root.iter(f"{name}text")]
    assert {"pool", "cover", "all knobs together", "moor at 0.01: thistle"} <= set(texts)
    assert "prefers-color-scheme: dark" in drawn
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for element in root.iter(f"{name}circle"):
        assert 0 < float(element.attrib["cx"]) < width
        assert 0 < float(element.attrib["cy"]) < height


def test_an_interrupted_study_goes_on_where_it_was(
    hamlet_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[study.Trial] = []
    answers = {one["knob"]: one for one in ROWS}

    def run(trial: study.Trial, workers: int) -> dict[str, Any]:
        assert workers == 1
        made.append(trial)
        return answers[trial.knob] | {"seed": trial.seed}

    monkeypatch.setattr(study.Trial, "run", run)
    lines = tmp_path / "lines.jsonl"
    trials = [
        study.Trial(str(hamlet_file), 1.0, 1, knob, setting, Assumed(3.0, 4.0))
        for knob, setting in (("none", "off"), ("pool", "high"))
    ]
    first = study.studied(trials[:1], lines, 1)
    lines.write_text(lines.read_text(encoding="utf-8") + '{"cut', encoding="utf-8")
    both = study.studied(trials, lines, 1)
    assert [trial.knob for trial in made] == ["none", "pool"]
    assert both[0] == first[0]
    study.studied([study.Trial(str(hamlet_file), 1.0, 2, "none", "off", Assumed(3.0, 4.0))], lines, 1)
    assert [trial.seed for trial in made] == [1, 1, 2]
    assert finished(lines) == [
        *both,
        answers["none"] | {"seed": 2, "fingerprint": finished(lines)[2]["fingerprint"]},
    ]
    whole = [text for text in lines.read_text(encoding="utf-8").splitlines() if text != '{"cut']
    assert [json.loads(text)["knob"] for text in whole] == ["none", "pool", "none"]
