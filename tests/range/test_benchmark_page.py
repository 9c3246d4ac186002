"""The benchmark's page says what was measured, what was missed, and where a baseline is ahead."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmark_page.cells import CELLS, STUDIES, Cell, document_of, largest
from benchmark_page.evasions import at_middle, by_campaign, detectors_from_low_to_high, from_low_to_high
from benchmark_page.lines import OURS, better, lines_of, name_of
from benchmark_page.page import write_page
from benchmark_page.picture import picture
from benchmark_page.targets import Target, targets
from evasion_study.outcomes import Outcome
from study.given_worlds import beside
from study.kept_rows import finished

ROOT = Path(__file__).parents[2]
MEASURED = ROOT / "bench" / "measured"
PAGE = ROOT / "docs" / "benchmark.md"


def detector(
    name: str, recall: float, precision: float, innocents: dict[str, int] | None = None
) -> dict[str, Any]:
    row = {
        "campaign": "heath",
        "found": recall >= 0.5,
        "precision": precision,
        "recall": recall,
        "reached": recall,
    }
    own = {
        "rows": [row],
        "precision": precision,
        "recall": recall,
        "groups": 1,
        "false_groups": {},
        "innocents": innocents or {},
    }
    return {"name": name, "source": "a paper", "seconds": 1.0, "own": own, "flattered": None}


def cell(
    *detectors: dict[str, Any],
    seed: int = 1,
    gone: float = 0.01,
    false: dict[str, int] | None = None,
    state: str = "0a",
) -> dict[str, Any]:
    ours = detectors[0]["own"]["rows"][0]
    campaign = {
        "name": "heath",
        "found": ours["found"],
        "verdict": "adversarial",
        "account_precision": ours["precision"],
        "account_recall": ours["recall"],
        "accounts": 20,
    }
    day = None if gone >= 1 else "2026-02-03"
    return {
        "cell": {"scenario": "moor", "scale": 0.05, "seed": seed},
        "cell_name": f"moor seed {seed} {state}",
        "rate": 0.05,
        "every": 1,
        "quick": False,
        "machine": {"version": "1", "state": state, "python": "3.11", "processors": 2, "system": "Linux"},
        "exchanges": 1_000,
        "accounts": 120,
        "innocents": 100,
        "seconds": {"make": 60.0, "detect": 120.0},
        "score": {"campaigns": [campaign], "false_campaigns": false or {}},
        "alarms": {"campaigns": [{"name": "heath", "day": day, "delay_days": 2, "gone": gone}]},
        "detectors": list(detectors),
    }


def document(*cells: dict[str, Any], **studies: Any) -> dict[str, Any]:
    return {"cells": list(cells)} | dict.fromkeys(STUDIES) | studies


GOOD = cell(detector(OURS, 1.0, 1.0), detector("ranking", 0.4, 0.9, {"classroom": 3}))


def kept(made: dict[str, Any]) -> list[bool]:
    return [target.kept for target in targets(made)]


def test_all_targets_can_be_kept() -> None:
    assert kept(document(GOOD)) == [True] * 6


@pytest.mark.parametrize(
    ("worse", "missed"),
    [
        (cell(detector(OURS, 0.4, 1.0), detector("ranking", 0.3, 0.9)), {0, 1}),
        (cell(detector(OURS, 0.94, 1.0), detector("ranking", 0.4, 0.9)), {1}),
        (cell(detector(OURS, 1.0, 0.98), detector("ranking", 0.4, 0.9)), {2}),
        (cell(detector(OURS, 1.0, 1.0), detector("ranking", 0.4, 0.9), gone=0.05), {3}),
        (cell(detector(OURS, 1.0, 1.0), detector("ranking", 0.4, 0.9), gone=1.0), {3}),
        (cell(detector(OURS, 1.0, 1.0), detector("ranking", 0.4, 0.9), false={"classroom": 1}), {4}),
        (cell(detector(OURS, 0.96, 1.0), detector("ranking", 1.0, 1.0)), {5}),
    ],
)
def test_what_is_missed_is_said(worse: dict[str, Any], missed: set[int]) -> None:
    assert {i for i, good in enumerate(kept(document(worse))) if not good} == missed


def test_seeds_are_averaged() -> None:
    (ours,) = (x for x in lines_of([GOOD, cell(detector(OURS, 0.5, 1.0), seed=2)]) if x.detector == OURS)
    assert (ours.worlds, ours.found, ours.recall) == (2, 2, 0.75)


def test_the_page_names_the_baseline_that_is_ahead(tmp_path: Path) -> None:
    worse = cell(detector(OURS, 0.9, 1.0), detector("ranking", 1.0, 1.0, {"classroom": 3}))
    made = document(worse)
    write_page(made, targets(made), tmp_path / "benchmark.md")
    page = (tmp_path / "benchmark.md").read_text(encoding="utf-8")
    assert better([worse])[0] in page
    assert "**1.00 (1.00)**" in page
    assert "classroom 3" in page
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["benchmark.svg"]


def test_figures_of_two_states_of_the_code_are_not_passed_off_as_of_one(tmp_path: Path) -> None:
    made = document(GOOD, cell(detector(OURS, 1.0, 1.0), detector("ranking", 0.4, 0.9), seed=2, state="0b"))
    write_page(made, targets(made), tmp_path / "benchmark.md")
    page = (tmp_path / "benchmark.md").read_text(encoding="utf-8")
    assert "Linux (sources 0a, 0b). 2 worlds" in page
    assert (
        "| moor | heath | 0.05 | 20 | 1 of 1 | 1.000 (0.832 to 1.000) | 1.000 | adversarial | 2 (1.0%) | 0b |"
        in page
    )
    assert "seeds 1, 2, " in page


def test_the_study_of_evasions_is_drawn_and_told(tmp_path: Path) -> None:
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
    made = document(GOOD, evasion=study)
    write_page(made, targets(made), tmp_path / "benchmark.md")
    page = (tmp_path / "benchmark.md").read_text(encoding="utf-8")
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


def test_equal_worlds_have_one_name_whatever_backdrops_are_asked_for() -> None:
    assert beside("benign", ("lookalikes",)) == ()
    assert beside("february", ("lookalikes", "provider", "lookalikes")) == ("lookalikes",)
    assert Cell("february", 0.05, 1, ("lookalikes",)).place == "february + lookalikes"


def test_the_picture_is_an_svg_document_with_a_field_for_each_pair() -> None:
    root = ElementTree.fromstring(picture([GOOD]))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    titles = [title.text or "" for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert sum("recall" in title and "heath" in title for title in titles) == 2


def test_a_search_is_one_detector_whatever_setting_won() -> None:
    names = [
        f"components, {keys} keys of at most 10 accounts (best by truth of 12, at {limit})"
        for keys in (3, 4)
        for limit in ("defaults", "0.1 %")
    ]
    assert {name_of({"name": name}) for name in names} == {
        "components, best setting, at defaults",
        "components, best setting, at 0.1 %",
    }
    assert (
        name_of({"name": "components, 3 keys of at most 50 accounts"})
        == "components, 3 keys of at most 50 accounts"
    )


def test_of_each_scenario_the_largest_worlds_count() -> None:
    small, great = (
        {"cell": {"scenario": "moor", "scale": scale, "seed": 1}, "turn": 1} for scale in (0.01, 0.05)
    )
    again = great | {"turn": 2}
    other = {"cell": {"scenario": "fen", "scale": 0.01, "seed": 2}}
    assert largest([great, small, other, again]) == [other, again]


def guaranteed(hit: int, worlds: int) -> dict[str, Any]:
    """What `bench/guarantees.py --json` writes."""
    line = {
        "what": "worlds with a false adversarial campaign",
        "case": "benign, nominal 5%",
        "promised": 0.05,
        "low": 0.0,
        "high": 0.03,
    }
    kind = {
        "kind": "classroom",
        "study": "benign",
        "tested": 400,
        "passed": 390,
        "adversarial": hit,
        "unlicensed": 0,
        "worlds": worlds,
        "high": 0.03,
    }
    length = {
        "verdict": "adversarial",
        "promised": 365.0,
        "every": 7,
        "worlds": worlds,
        "days": 7,
        "alarmed": hit,
        "at_least": 460.0,
    }
    made = {
        "study": "benign",
        "scenarios": ["fen"],
        "scales": [0.01],
        "seeds": [1, worlds],
        "worlds": worlds,
        "every": 7,
        "searches": 4,
        "state": "0c",
    }
    delay = {
        "place": "moor + lookalikes",
        "campaign": "heath",
        "scale": 0.01,
        "worlds": 20,
        "alarmed": 19,
        "days": 3.0,
        "gone": 0.041,
        "early": 0.8,
        "low": 0.5,
        "high": 0.95,
    }
    return {
        "worlds": worlds,
        "states": ["0c"],
        "made": [made],
        "lines": [line | {"seen": hit / worlds, "runs": worlds, "power": "", "kept": True}],
        "kinds": [kind],
        "run_lengths": [length],
        "delays": [delay],
    }


@pytest.mark.parametrize(("hit", "worlds", "good"), [(0, 200, True), (1, 200, False), (0, 199, False)])
def test_the_guarantees_are_told_and_none_in_two_hundred_worlds_is_a_target(
    tmp_path: Path, hit: int, worlds: int, good: bool
) -> None:
    made = document(GOOD, guarantees=guaranteed(hit, worlds))
    named = {target.what: target for target in targets(made)}
    wanted = named["no hard negative called adversarial in 200 worlds without campaigns"]
    assert wanted.kept is good
    assert wanted.measured.endswith("in which 400 groups of 1 kinds were tested")
    write_page(made, targets(made), tmp_path / "benchmark.md")
    page = (tmp_path / "benchmark.md").read_text(encoding="utf-8")
    assert f"| adversarial | every 7 days | 365 | {worlds} | 7 | {hit} | 460 |" in page
    assert "| moor + lookalikes | heath | 0.01 | 19 of 20 | 3 | 4.1% | 0.80 (0.50 to 0.95) |" in page
    assert f"| classroom | 390 of 400 | {hit} | 0 |" in page
    assert (
        f"| benign | fen | 0.01 | 1 to {worlds} | {worlds} | every 7 days, at most 4 times each | 0c |"
        in page
    )
    assert "| vpn_users | none | 0 | 0 |" in page


@pytest.mark.parametrize(
    ("low", "high", "said"), [(0.0, 0.03, "yes"), (0.0, 0.48, "not broken"), (0.06, 0.2, "**no**")]
)
def test_too_few_worlds_keep_no_promise(tmp_path: Path, low: float, high: float, said: str) -> None:
    study = guaranteed(0, 200)
    study["lines"][0] |= {"low": low, "high": high, "kept": low <= 0.05}
    made = document(GOOD, guarantees=study)
    write_page(made, targets(made), tmp_path / "benchmark.md")
    assert f"({low:.4f} to {high:.4f}) | 200 | {said} |" in (tmp_path / "benchmark.md").read_text(
        encoding="utf-8"
    )
    (told,) = (target.measured for target in targets(made) if "interval of a guarantee" in target.what)
    assert f": {int(said == 'yes')} kept for sure, {int(said == 'not broken')} not broken" in told


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


def sized(recall: float, false: dict[str, int]) -> dict[str, Any]:
    """What `bench/full_size.py --json` writes."""
    row = {
        "name": "heath",
        "found": True,
        "verdict": "adversarial",
        "account_recall": recall,
        "account_precision": 1.0,
        "accounts": 25_000,
    }
    steps = [
        {"name": name, "seconds": 90.0, "processor": 150.0, "gigabytes": size}
        for name, size in (("making the world", 4.25), ("reading", 1.5))
    ]
    order = {"scenario": "moor", "scale": 1.0, "seed": 1, "memory": "9GB", "state": "0d"}
    return (
        order
        | {"exchanges": 150_000_000, "accounts": 3_000_000, "tested_groups": 300, "steps": steps}
        | {"score": {"campaigns": [row], "false_campaigns": false}}
    )


@pytest.mark.parametrize(
    ("recall", "false", "good"), [(0.96, {}, True), (0.94, {}, False), (0.96, {"classroom": 2}, False)]
)
def test_a_world_of_published_size_is_told_of_with_what_each_part_took(
    tmp_path: Path, recall: float, false: dict[str, int], good: bool
) -> None:
    made = document(GOOD, full_size=sized(recall, false))
    (target,) = (target for target in targets(made) if "150,000,000" in target.what)
    assert target.kept is good
    assert f"heath recall {recall:.3f}, precision 1.000; in 3 min" in target.measured
    write_page(made, targets(made), tmp_path / "benchmark.md")
    page = (tmp_path / "benchmark.md").read_text(encoding="utf-8")
    assert "| making the world | 1.5 | 2.5 | 4.2 |" in page
    assert "| in all | 3.0 | 5.0 | 4.2 |" in page
    assert f"false campaigns: {'classroom 2' if false else 'none'}; 300 groups tested" in page


def test_the_page_in_the_documentation_is_what_its_figures_give(tmp_path: Path) -> None:
    measured = document_of(largest(finished(MEASURED / CELLS)), MEASURED)
    write_page(measured, targets(measured), tmp_path / "benchmark.md")
    for path in sorted(path for path in tmp_path.rglob("*") if path.is_file()):
        shown = PAGE.parent / path.relative_to(tmp_path)
        assert shown.read_text(encoding="utf-8") == path.read_text(encoding="utf-8"), (
            f"{shown.name}: write it again from {MEASURED.name}"
        )


@pytest.mark.parametrize(
    ("days", "said"),
    [(1, "later: moor: heath (6%, at the end of its first day)"), (2, "later: moor: heath (6%)")],
)
def test_a_late_alarm_that_no_daily_search_could_beat_is_told_of_as_such(days: int, said: str) -> None:
    late = cell(detector(OURS, 1.0, 1.0), gone=0.06)
    late["alarms"]["campaigns"][0]["delay_days"] = days
    assert any(said in target.measured for target in targets(document(late)))


def soon(gone: float, scale: float) -> dict[str, Any]:
    """The study of several searches a day, with one world."""
    world = {
        "cell_name": f"moor x{scale:g}",
        "cell": {"scenario": "moor", "scale": scale, "seed": 1},
        "searches_a_day": 4,
        "machine": {"state": "0b"},
        "exchanges": 5_000,
        "seconds": {"make": 60.0, "detect": 120.0, "watch": 60.0},
        "alarms": {"campaigns": [{"name": "heath", "day": "2026-02-02", "delay_days": 0.75, "gone": gone}]},
    }
    return {"worlds": [world]}


@pytest.mark.parametrize(
    ("gone", "scale", "kept"),
    [(0.04, 0.05, True), (0.04, 0.1, True), (0.04, 0.01, False), (0.06, 0.05, False)],
)
def test_an_alarm_that_more_searches_a_day_bring_early_is_told_of(
    tmp_path: Path, gone: float, scale: float, kept: bool
) -> None:
    given = document(cell(detector(OURS, 1.0, 1.0), gone=0.09), how_soon=soon(gone, scale))
    (target,) = [target for target in targets(given) if target.what.startswith("an alarm before")]
    assert target.kept is kept
    assert "0 of 1 times" in target.measured
    assert (f"at a larger scale: moor: heath (4.0% with 4 a day at {scale:g})" in target.measured) is kept
    write_page(given, targets(given), tmp_path / "benchmark.md")
    assert f"| moor | heath | {scale:g} | 1 | 4 | 0.75 ({gone:.1%}) | 5,000 | 4 | 0b |" in (
        tmp_path / "benchmark.md"
    ).read_text(encoding="utf-8")
