"""The benchmark's page says what was measured, what was missed, and where a baseline is ahead."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from benchmark_cells import GOOD, cell, detector, document, whole

from benchmark_page.cells import CELLS, Cell, document_of, largest
from benchmark_page.lines import OURS, better, lines_of, name_of
from benchmark_page.page import write_page
from benchmark_page.picture import picture
from benchmark_page.targets import targets
from study.given_worlds import beside
from study.kept_rows import finished

ROOT = Path(__file__).parents[2]
MEASURED = ROOT / "bench" / "measured"
PAGE = ROOT / "docs" / "benchmark.md"


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
    page = whole(tmp_path)
    assert better([worse])[0] in page
    assert "**1.00 (1.00)**" in page
    assert "classroom 3" in page
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["benchmark.svg"]


def test_figures_of_two_states_of_the_code_are_not_passed_off_as_of_one(tmp_path: Path) -> None:
    made = document(GOOD, cell(detector(OURS, 1.0, 1.0), detector("ranking", 0.4, 0.9), seed=2, state="0b"))
    write_page(made, targets(made), tmp_path / "benchmark.md")
    page = whole(tmp_path)
    assert "Linux (sources 0a, 0b). 2 worlds" in page
    assert (
        "| moor | heath | 0.05 | 20 | 1 of 1 | 1.000 (0.832 to 1.000) | 1.000 | adversarial | 2 (1.0%) | 0b |"
        in page
    )
    assert "seeds 1, 2, " in page


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
    page = whole(tmp_path)
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
    assert f"({low:.4f} to {high:.4f}) | 200 | {said} |" in whole(tmp_path)
    (told,) = (target.measured for target in targets(made) if "interval of a guarantee" in target.what)
    assert f": {int(said == 'yes')} kept for sure, {int(said == 'not broken')} not broken" in told


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
    page = whole(tmp_path)
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
    assert f"| moor | heath | {scale:g} | 1 | 4 | 0.75 ({gone:.1%}) | 5,000 | 4 | 0b |" in whole(tmp_path)
