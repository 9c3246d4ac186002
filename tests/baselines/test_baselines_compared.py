"""Components, scores by the range's definitions, and the whole comparison on a small world."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from baseline_tables import asked, carried, small
from village import Ran

from baselines.called import Group, called, parameters, singles
from baselines.compare import SLOW, Line, better
from baselines.components import SharedKeys
from baselines.every import EVERY
from baselines.scored import BUDGET, score_called, within_budget
from baselines.tables import account_ids, opened
from stillwatch.errors import RunError
from stillwatch.simulate.score import Truth, read_truth

ROOT = Path(__file__).resolve().parents[2]
IDS = {account: f"a{account}" for account in range(1, 2001)}
RING = frozenset(f"a{account}" for account in range(1, 11))
PAIR = frozenset({"a11", "a12"})
TRUE = Truth(
    {"ring": RING, "pair": PAIR},
    {},
    dict.fromkeys(IDS.values(), "ordinary") | dict.fromkeys(RING | PAIR, "campaign"),
    RING | PAIR,
)


def accounts(*ranges: tuple[int, int]) -> frozenset[int]:
    return frozenset(account for first, last in ranges for account in range(first, last + 1))


def test_components_need_enough_rare_keys_in_common() -> None:
    ring = [row for key in range(3) for row in carried(key, range(1, 13))]
    popular = [row for key in range(10, 13) for row in carried(key, range(1, 200))]
    strangers = carried(20, [300, 301]) + carried(21, [300, 302])
    with small(asked(1, [0]), traces=ring + popular + strangers) as tables:
        assert [group.accounts for group in SharedKeys(3).call(tables).at_defaults()] == [accounts((1, 12))]
        assert SharedKeys(4).call(tables).groups == ()
        assert {group.accounts for group in SharedKeys(1).call(tables).groups} == {
            accounts((1, 12)),
            accounts((300, 302)),
        }


def test_components_of_a_wide_pool_are_lost() -> None:
    """The usual graph finds nothing once a pool is wider than the accounts that draw from it."""
    wide = [row for account in range(1, 101) for row in carried(1000 + account, [account, account % 100 + 1])]
    with small(asked(1, [0]), traces=wide) as tables:
        assert SharedKeys(2).call(tables).groups == ()


def test_groups_are_scored_as_the_range_scores_a_run() -> None:
    said = called(
        [
            Group("x", accounts((1, 8), (20, 21)), 3.0),
            Group("y", accounts((11, 12), (30, 34)), 2.0),
            Group("z", accounts((40, 44)), 1.0),
        ],
        2.0,
        single=False,
    )
    score = score_called(said, said.threshold, IDS, TRUE)
    ring, pair = score.rows
    assert (ring.found, ring.precision, ring.recall) == (True, 0.8, 0.8)
    assert (pair.found, pair.recall, pair.reached) == (False, 0.0, 1.0)
    assert (score.groups, score.false_groups, score.innocents) == (2, {"ordinary": 1}, {"ordinary": 7})


def test_whose_keys_were_stolen_and_who_exceeds_a_permit_are_not_wronged() -> None:
    known = replace(TRUE, victims=frozenset({"a40", "a41"}), exceeding={"licensee": frozenset({"a42"})})
    said = called([Group("z", accounts((40, 44)), 1.0)], 1.0, single=False)
    assert score_called(said, 1.0, IDS, TRUE).innocents == {"ordinary": 5}
    assert score_called(said, 1.0, IDS, known).innocents == {"ordinary": 2}
    assert within_budget(singles({40: 9.0, 41: 9.0, 42: 9.0, 43: 8.0, 44: 7.0}, 9.0), IDS, known) == 8.0


def test_single_accounts_are_scored_by_their_union_without_other_campaigns() -> None:
    said = singles(dict.fromkeys(accounts((1, 9), (11, 12), (20, 22)), 1.0), 1.0)
    ring, pair = score_called(said, 1.0, IDS, TRUE).rows
    assert (ring.found, ring.precision, ring.recall) == (True, 0.75, 0.9)
    assert (pair.found, pair.precision, pair.recall) == (False, 0.4, 1.0)
    assert score_called(said, 1.0, IDS, TRUE).precision == 11 / 14


def test_the_budget_takes_ties_whole_and_stops_before_too_many_innocents() -> None:
    said = singles({1: 9.0, 100: 9.0, 2: 8.0, 101: 7.0, 102: 7.0, 3: 6.0}, 9.0)
    assert within_budget(said, IDS, TRUE) == 8.0  # 1 of 1,988 innocents may be called
    assert within_budget(said, IDS, TRUE, 0.002) == 6.0
    assert within_budget(said, IDS, TRUE, 0.0) == float("inf")


def test_each_baseline_says_where_it_comes_from_and_what_it_cannot_see() -> None:
    names = [baseline.name for baseline in EVERY]
    assert len(set(names)) == len(names)
    assert all(baseline.source and baseline.blind for baseline in EVERY)
    assert all(parameters(baseline) for baseline in EVERY)
    documented = (ROOT / "docs" / "range.md").read_text(encoding="utf-8")
    assert [name for name in names if f"| {name} |" not in documented] == []


def test_every_baseline_runs_on_a_small_world(village_run: Ran) -> None:
    known = set(account_ids(village_run.folder))
    with opened(village_run.folder) as tables:
        for baseline in EVERY:
            said = baseline.call(tables)
            assert {account for group in said.groups for account in group.accounts} <= known, baseline.name
            assert all(not said.single or len(group.accounts) == 1 for group in said.groups), baseline.name


def test_the_command_compares_stillwatch_and_all_but_the_slow_ones(village_run: Ran, tmp_path: Path) -> None:
    out = tmp_path / "c.json"
    words = [
        sys.executable,
        str(ROOT / "bench/baselines/compare.py"),
        str(village_run.folder),
        str(village_run.world),
        "--quick",
        "--json",
        str(out),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "honeypotllm's rules" in done.stdout
    lines = json.loads(out.read_text(encoding="utf-8"))["lines"]
    assert [line["detector"] for line in lines[:-2]] == [
        "Stillwatch",
        *(b.name for b in EVERY if not b.name.startswith(SLOW)),
    ]
    assert [line["detector"].partition(" (")[2] for line in lines[-2:]] == [
        "best by truth of 12, at defaults)",
        "best by truth of 12, at 0.1 %)",
    ]
    assert lines[0]["score"]["rows"][0]["found"]
    assert {row["campaign"] for line in lines for row in line["score"]["rows"]} == {"thistle"}
    innocents = sum(kind != "campaign" for kind in read_truth(village_run.world).kinds.values())
    assert all(sum(line["flattered"]["innocents"].values()) <= BUDGET * innocents for line in lines[1:])


def test_a_baseline_that_is_better_is_named() -> None:
    ours, theirs = (
        score_called(singles(dict.fromkeys(accounts((1, last)), 1.0), 1.0), 1.0, IDS, TRUE) for last in (8, 9)
    )
    lines = [
        Line(name, "", "", {}, score, None, None, 0.0)
        for name, score in (("Stillwatch", ours), ("other", theirs))
    ]
    (sentence,) = better(lines)
    assert sentence.startswith(
        "other beats Stillwatch on ring at its defaults: precision 1.000 and recall 0.900 against 1.000 and "
        "0.800"
    )
    assert list(better(lines[::-1])) == []


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has no table"), opened(tmp_path):
        pass
