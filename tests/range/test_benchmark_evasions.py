"""The benchmark's page says what hiding costs, what it hides, and which of it was not measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark_cells import GOOD, detector, document, whole

from benchmark_page.evasions import at_middle, by_campaign, detectors_from_low_to_high, from_low_to_high
from benchmark_page.lines import OURS
from benchmark_page.page import write_page
from benchmark_page.targets import Target, targets
from evasion_study.outcomes import Outcome


def studied() -> dict[str, Any]:
    """What `bench/evasion.py --json` writes of one knob, in worlds of one size."""
    shared: dict[str, Any] = {
        "scenario": "moor",
        "campaign": "heath",
        "scale": 0.01,
        "worlds": 1,
        "accounts": 20,
        "dollars": 1.0,
        "total": 5.0,
        "interval": [0.1, 0.9],
    }
    plain = shared | {
        "knob": "none",
        "setting": "off",
        "found": 1,
        "right": 20,
        "recall": 1.0,
        "cost": 1.0,
        "units": {"accounts": 40.0},
    }
    hidden = shared | {
        "knob": "cover",
        "setting": "middle",
        "found": 0,
        "right": 5,
        "recall": 0.25,
        "cost": 1.5,
        "units": {"accounts": 60.0},
    }
    blind, keen = detector(OURS, 0.25, 1.0), detector("ranking", 1.0, 1.0)
    worlds = [
        {
            "knob": "none",
            "setting": "off",
            "detectors": [detector(OURS, 1.0, 1.0), detector("ranking", 0.4, 0.9)],
        },
        {"knob": "cover", "setting": "middle", "detectors": [blind, keen]},
    ]
    study = {
        "scenarios": ["moor"],
        "scales": [0.01],
        "seeds": [1],
        "outcomes": [plain, hidden],
        "sentences": ["heath: half costs 1.33"],
    }
    study |= {
        "states": ["0a"],
        "worlds": [world | {"scenario": "moor", "scale": 0.01, "quick": True} for world in worlds],
    }
    return study


def test_the_study_of_evasions_is_drawn_and_told(tmp_path: Path) -> None:
    made = document(GOOD, evasion=studied())
    write_page(made, targets(made), tmp_path / "benchmark.md")
    page = whole(tmp_path)
    assert (
        "under 0 of 1 knobs; 0 of 1 in all (0.0% to 97.5%); 1 of 1 campaigns x knobs were made; cover: 0 of "
        "1 (0.0% to 97.5%)" in page
    )
    assert "; in the largest worlds with each, at scale 0.01; missed" in page
    assert "missed in worlds of any size: moor: heath under cover at 0.01" in page
    assert (
        "| moor: heath | 0.01 | cover middle | 0 of 1 | 0.250 (0.087 to 0.491) | 1.50 | accounts 40 → 60 |"
        in page
    )
    assert "| cover middle, moor at 0.01: heath | 0.25 (1.00) | **1.00 (1.00)** |" in page
    assert "| cover middle | 0 of 1 | **0.25 (1.50)** |" in page
    assert "| Stillwatch | 1 of 2 (1% to 99%) | 1 of 1 | 0 of 1 |" in page
    assert "| ranking | 1 of 2 (1% to 99%) | 0 of 1 | **1 of 1** |" in page
    assert "By F1 over accounts one of them is ahead on 1 of 1 campaigns under a knob." in page
    assert "PRADA and MMD, which take longest, were left out" in page
    assert "figures/evasion.svg" in page
    drawn = (tmp_path / "figures" / "evasion.svg").read_text(encoding="utf-8")
    assert "What hiding costs: moor" in drawn
    assert "moor at 0.01: heath" in drawn
    assert "cover" in drawn


def turned(knob: str, setting: str, recall: float, cost: float) -> Outcome:
    """What became of a campaign of 20 accounts under a knob's setting."""
    found, right = int(recall > 0), round(20 * recall)
    return Outcome(
        "moor", "heath", 0.01, knob, setting, 1, found, 20, right, cost, 1.0, 5.0, {"accounts": 40.0}
    )


def test_settings_beside_the_middle_have_tables_of_their_own() -> None:
    outcomes = [
        turned("none", "off", 1.0, 1.0),
        turned("cover", "low", 1.0, 1.1),
        turned("cover", "middle", 0.5, 1.5),
    ]
    assert from_low_to_high(outcomes) == ""
    told = from_low_to_high(
        [*outcomes, turned("cover", "high", 0.0, 2.5), turned("pool", "middle", 1.0, 1.2)]
    )
    assert (
        "| knob | moor at 0.01: heath, low | moor at 0.01: heath, middle | moor at 0.01: heath, high |"
        in told
    )
    assert "| cover | 1.00 (1.10) | 0.50 (1.50) | **0.00 (2.50)** |" in told
    assert "| pool | - | 1.00 (1.20) | - |" in told


def test_detectors_are_counted_at_each_setting() -> None:
    def world(knob: str, setting: str, ours: float) -> dict[str, Any]:
        found = [detector(OURS, ours, 1.0), detector("ranking", 0.6, 0.9)]
        return {"scenario": "moor", "scale": 0.01, "knob": knob, "setting": setting, "detectors": found}

    worlds = [
        world("none", "off", 1.0),
        world("cover", "low", 1.0),
        world("cover", "middle", 1.0),
        world("all", "middle", 0.0),
    ]
    assert detectors_from_low_to_high(worlds) == ""
    told = detectors_from_low_to_high([*worlds, world("cover", "high", 0.0)])
    assert "| Stillwatch | 1 of 1 | 1 of 1 | 0 of 1 | - | 0 of 1 | - |" in told
    assert "| ranking | 1 of 1 | 1 of 1 | **1 of 1** | - | **1 of 1** | - |" in told


def test_campaigns_are_compared_at_the_middle_setting() -> None:
    rows = ["off", "low", "middle", "high"]
    assert at_middle(rows, str) == ["off", "middle"]
    assert at_middle(["off", "high"], str) == ["off", "high"]


def outcome(knob: str, found: int, scale: float = 0.05) -> dict[str, Any]:
    """What became of a campaign under one knob at middle, in ten worlds."""
    return {
        "scenario": "moor",
        "campaign": "heath",
        "scale": scale,
        "knob": knob,
        "setting": "middle",
        "found": found,
        "worlds": 10,
    }


def under_evasion(outcomes: list[dict[str, Any]]) -> Target:
    """The target about single evasions."""
    (target,) = (
        target
        for target in targets(document(GOOD, evasion={"outcomes": outcomes}))
        if "single evasion" in target.what
    )
    return target


def test_one_knob_that_hides_is_not_made_up_for_by_those_that_do_not() -> None:
    target = under_evasion([*(outcome(f"easy {number}", 10) for number in range(16)), outcome("hard", 8)])
    assert not target.kept
    assert "under 16 of 17 knobs; 168 of 170 in all" in target.measured
    assert "17 of 17 campaigns x knobs were made" in target.measured
    assert "hard: 8 of 10" in target.measured


def test_campaigns_and_knobs_that_were_not_made_are_told() -> None:
    other = outcome("easy", 10) | {"campaign": "broom"}
    assert (
        "3 of 4 campaigns x knobs were made"
        in under_evasion([outcome("easy", 10), outcome("hard", 10), other]).measured
    )


def test_a_knob_is_judged_in_its_largest_worlds_and_what_smaller_ones_missed_is_told() -> None:
    small = [outcome(knob, found, 0.01) for knob, found in (("pool", 10), ("clients", 5))]
    better = under_evasion([*small, outcome("clients", 10, 0.05)])
    assert better.kept
    assert "under 2 of 2 knobs; 20 of 20 in all" in better.measured
    assert (
        "at scale 0.01 or 0.05; missed in worlds of any size: moor: heath under clients at 0.01"
        in better.measured
    )
    worse = under_evasion([*small, outcome("pool", 5, 0.05)])
    assert not worse.kept
    assert "under 0 of 2 knobs" in worse.measured


def evaded(knob: str, scale: float, recall: float) -> Outcome:
    """What became of the campaign of twenty accounts under a knob."""
    right = round(20 * recall)
    return Outcome(
        "moor", "heath", scale, knob, "middle", 1, int(recall >= 0.5), 20, right, 1.5, 1.0, 5.0, {}
    )


def test_of_each_knob_the_largest_worlds_are_shown_and_smaller_ones_named() -> None:
    shown = by_campaign([evaded("cover", 0.01, 0.25), evaded("cover", 0.05, 1.0), evaded("pool", 0.01, 0.25)])
    assert "| knob and setting | campaigns found | moor: heath |" in shown
    assert "| cover middle | 1 of 1 | 1.00 (1.50) |" in shown
    assert "| pool middle | 0 of 1 | **0.25 (1.50)** at 0.01 |" in shown
    assert shown.index("pool middle") < shown.index("cover middle"), "in the order of the range"
