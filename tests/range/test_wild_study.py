"""The study of worlds that were not made here counts what a run says of them as it promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from wild_study.outcomes import outcome
from wild_study.page import page_of
from wild_study.tables import campaign_tables, innocents_table
from wild_study.targets import targets
from wild_study.worlds import EDGE, NO_EDGE, VARIANTS, given_world, wanted_world

BENCH = Path(__file__).parents[2] / "bench" / "wild.py"
Row = dict[str, Any]
KINDS = {"agent user": ("u", 10, "benign"), "relay": ("r", 4, "benign"), "licensed": ("k", 4, "unlicensed")}


def truth(folder: Path) -> None:
    rows: list[Row] = [
        {
            "account_id": f"{name}{i}",
            "kind": "distiller",
            "campaign": name,
            "verdict": "adversarial",
            "exchanges": 9,
        }
        for name in "abc"
        for i in range(10)
    ]
    for kind, (letter, count, verdict) in KINDS.items():
        rows += [
            {"account_id": f"{letter}{i}", "kind": kind, "campaign": None, "verdict": verdict, "exchanges": 1}
            for i in range(count)
        ]
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(rows), folder / "truth.parquet")
    (folder / "notes.json").write_text('{"a": "Worked solutions."}', encoding="utf-8")


def ids(letter: str, count: int) -> list[str]:
    return [f"{letter}{i}" for i in range(count)]


def run(folder: Path, groups: list[Row]) -> None:
    """groups: verdict, named, present, and at_least where it is not 0."""
    folder.mkdir()
    rows, members = [], []
    for number, group in enumerate(groups, 1):
        rows.append(
            {
                "campaign": f"C{number:03d}",
                "group": number,
                "verdict": group["verdict"],
                "listed": group["verdict"] != "benign",
                "role": "operator" if group["verdict"] == "adversarial" else "",
                "at_least": group.get("at_least", 0),
            }
        )
        for tier in ("named", "present"):
            members += [{"group": number, "account_id": a, "tier": tier} for a in group.get(tier, [])]
    pq.write_table(pa.Table.from_pylist(rows), folder / "campaigns.parquet")
    table = pa.Table.from_pylist(members)
    named = pa.array([row["tier"] == "named" for row in members])
    pq.write_table(table.filter(named), folder / "members.parquet")
    pq.write_table(table.filter(pc.invert(named)), folder / "bystanders.parquet")


def seen(tmp_path: Path, groups: list[Row], variant: str = EDGE) -> Row:
    truth(tmp_path / "world")
    run(tmp_path / "run", groups)
    found = outcome(tmp_path / "run", tmp_path / "world")
    return {"world": "w", "format": "litellm", "variant": variant, **found}


MIXED: list[Row] = [
    {"verdict": "adversarial", "named": [*ids("a", 8), "u0"], "present": ["a8", "u1", "u2"], "at_least": 8},
    {"verdict": "coordinated", "named": [], "present": [*ids("b", 9), "r0"]},
    {"verdict": "unlicensed", "named": ids("k", 4)},
    {"verdict": "benign", "named": ids("c", 10)},
]


def test_outcomes_of_campaigns(tmp_path: Path) -> None:
    a, b, c = seen(tmp_path, MIXED)["campaigns"]
    assert (a["outcome"], a["verdict"], a["recall"], a["present"]) == ("found", "adversarial", 0.8, 1)
    assert a["precision"] == pytest.approx(8 / 9)
    assert (b["outcome"], b["recall"], b["presence"]) == ("coordinated", 0.9, 0.9)
    assert (c["outcome"], c["presence"]) == ("in a group", 0.0)


def test_innocents_are_counted_by_kind_and_by_what_is_said_of_them(tmp_path: Path) -> None:
    kinds = {kind["kind"]: kind for kind in seen(tmp_path, MIXED)["kinds"]}
    assert (kinds["agent user"]["named"], kinds["agent user"]["present"]) == (1, 2)
    assert (kinds["relay"]["coordinated"], kinds["relay"]["named"]) == (1, 0)
    assert kinds["licensed"]["named"] == kinds["licensed"]["unlicensed_groups"] == 0, (
        "the truth says the same"
    )


def test_an_accused_group_of_innocents_is_counted_though_it_names_nobody(tmp_path: Path) -> None:
    groups = [{"verdict": "adversarial", "present": [*ids("u", 4), *ids("r", 3), *ids("a", 2)]}]
    kinds = {kind["kind"]: kind for kind in seen(tmp_path, groups)["kinds"]}
    assert (kinds["agent user"]["adversarial_groups"], kinds["relay"]["adversarial_groups"]) == (1, 0)
    assert kinds["agent user"]["named"] == 0


WORDS = ("are found", "are named", "called adversarial", "the bound")
GOOD: list[Row] = [{"verdict": "adversarial", "named": ids(name, 10), "at_least": 9} for name in "abc"]


@pytest.mark.parametrize(
    ("groups", "variant", "missed"),
    [
        (GOOD, EDGE, set()),
        (GOOD, NO_EDGE, set()),
        (GOOD[:2], EDGE, {"are found"}),
        (GOOD[:2], NO_EDGE, {"are found"}),
        ([*GOOD, {"verdict": "unlicensed", "named": ["u0"]}], EDGE, {"are named"}),
        ([*GOOD, {"verdict": "adversarial", "present": ids("u", 9)}], EDGE, {"called adversarial"}),
        ([*GOOD, {"verdict": "coordinated", "named": ids("r", 4)}], EDGE, set()),
        (
            [*GOOD[:2], {"verdict": "adversarial", "named": [*ids("c", 10), "u0"], "at_least": 11}],
            EDGE,
            {"are named", "the bound"},
        ),
    ],
)
def test_what_is_missed_is_said(tmp_path: Path, groups: list[Row], variant: str, missed: set[str]) -> None:
    lines = targets([seen(tmp_path, groups, variant)])
    failed = {word for line in lines if not line.kept for word in WORDS if word in line.what}
    assert failed == missed


def test_the_page_shows_every_way_of_reading(tmp_path: Path) -> None:
    rows = [seen(tmp_path, MIXED)]
    page = page_of(rows, targets(rows))
    for title, heads, lines in (*campaign_tables(rows), innocents_table(rows)):
        assert title in page
        for line in (heads, *lines):
            assert f"| {' | '.join(line)} |" in page
    assert VARIANTS[EDGE] in page
    assert "- **a**: Worked solutions.\n" in page
    assert "adversarial 0.89 / 0.80, operator, 1 more present" in page
    assert "| agent user | 10 | 1 named, 2 present |" in page


def test_worlds_are_told_apart_by_their_files(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").touch()
    assert given_world(tmp_path).format == "openai"
    assert wanted_world(2, "litellm", 0.3).name == "litellm, seed 2, scale 0.3"


def test_without_a_generator_the_reason_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, BENCH, "--quick", "--generator", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "skipped")
