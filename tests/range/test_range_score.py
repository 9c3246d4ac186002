"""Scores follow their definitions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import RunError
from stillwatch.simulate.score import Found, Truth, read_run, read_truth, score, scored
from stillwatch.simulate.side_files import TRUTH

THISTLE = frozenset(f"t{i}" for i in range(10))
BRAMBLE = frozenset(f"b{i}" for i in range(20))
CLASS = frozenset(f"c{i}" for i in range(30))
LICENSED = frozenset(f"k{i}" for i in range(4))
KINDS = (
    dict.fromkeys(THISTLE | BRAMBLE, "campaign")
    | dict.fromkeys(CLASS, "classroom")
    | dict.fromkeys(LICENSED, "permitted_distiller")
)
TRUE = Truth({"bramble": BRAMBLE, "thistle": THISTLE}, {"Kestrel": LICENSED}, KINDS, THISTLE | BRAMBLE)


def some(accounts: frozenset[str], n: int) -> frozenset[str]:
    return frozenset(sorted(accounts)[:n])


def of(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(row for row in document["campaigns"] if row["name"] == name)


def test_a_perfect_run() -> None:
    found = [
        Found("C1", "adversarial", True, THISTLE),
        Found("C2", "unlicensed", True, BRAMBLE),
        Found("G3", "authorised", False, LICENSED),
    ]
    document = scored(found, TRUE)
    assert [
        (row["found"], row["verdict"], row["account_precision"], row["account_recall"])
        for row in document["campaigns"]
    ] == [
        (True, "unlicensed", 1.0, 1.0),
        (True, "adversarial", 1.0, 1.0),
    ]
    assert document["pooled"] == {"account_precision": 1.0, "account_recall": 1.0}
    assert document["false_campaigns"] == {}
    assert document["authorised"] == ["Kestrel"]


def test_pieces_of_a_campaign_count_together() -> None:
    pieces = [
        Found("C1", "adversarial", True, some(BRAMBLE, 8)),
        Found("C2", "unlicensed", True, frozenset(f"b{i}" for i in (7, 8, 9, 5)) | some(CLASS, 1)),
    ]
    row = of(scored(pieces, TRUE), "bramble")
    union = some(BRAMBLE, 8) | {"b7", "b8", "b9", "b5", "c0"}
    assert row["account_recall"] == len(union & BRAMBLE) / 20
    assert row["account_precision"] == len(union & BRAMBLE) / len(union)
    assert row["verdict"] == "adversarial"
    assert row["as"] == ["C1", "C2"]


@pytest.mark.parametrize(
    ("verdict", "listed", "members", "expected"),
    [
        ("adversarial", True, some(BRAMBLE, 10), True),
        ("adversarial", True, some(BRAMBLE, 9), False),
        ("adversarial", False, BRAMBLE, False),
        ("benign", True, BRAMBLE, False),
        ("authorised", True, BRAMBLE, False),
        ("adversarial", True, BRAMBLE | CLASS, False),
        ("adversarial", True, BRAMBLE | some(CLASS, 20), True),
    ],
)
def test_when_a_campaign_is_found(
    verdict: str, listed: bool, members: frozenset[str], expected: bool
) -> None:
    assert of(scored([Found("C1", verdict, listed, members)], TRUE), "bramble")["found"] is expected


def test_false_campaigns_are_counted_by_kind_and_spoil_the_pooled_precision() -> None:
    found = [
        Found("C1", "adversarial", True, CLASS),
        Found("C2", "unlicensed", True, LICENSED),
        Found("C3", "adversarial", True, THISTLE),
    ]
    document = scored(found, TRUE)
    assert document["false_campaigns"] == {"classroom": 1}
    assert document["unlicensed_campaigns"] == {"permitted_distiller": 1}
    assert document["authorised"] == []
    assert document["pooled"]["account_precision"] == 10 / 40


def test_an_accused_licensee_is_not_authorised() -> None:
    found = [
        Found("G1", "authorised", True, LICENSED),
        Found("C2", "adversarial", True, BRAMBLE | some(LICENSED, 1)),
    ]
    assert scored(found, TRUE)["authorised"] == []


BEYOND = frozenset(f"o{i}" for i in range(4))


@pytest.mark.parametrize(
    ("verdict", "members", "said", "false", "unlicensed", "called"),
    [
        ("unlicensed", BEYOND, "unlicensed", {}, {}, {}),
        ("adversarial", BEYOND, "adversarial", {"exceeding_distiller": 1}, {}, {"exceeding_distiller": 4}),
        ("adversarial", THISTLE | some(BEYOND, 1), "adversarial", {}, {}, {"exceeding_distiller": 1}),
        ("authorised", BEYOND, "authorised", {}, {}, {}),
        ("unlicensed", some(BEYOND, 1), None, {}, {}, {}),
        ("unlicensed", BEYOND | CLASS, "unlicensed", {}, {"classroom": 1}, {"classroom": 30}),
        ("benign", BEYOND, None, {}, {}, {}),
    ],
)
def test_unlicensed_is_right_for_a_licensee_that_exceeds_and_adversarial_wrong(
    verdict: str,
    members: frozenset[str],
    said: str | None,
    false: dict[str, int],
    unlicensed: dict[str, int],
    called: dict[str, int],
) -> None:
    true = replace(
        TRUE, kinds=KINDS | dict.fromkeys(BEYOND, "exceeding_distiller"), exceeding={"Osprey": BEYOND}
    )
    document = scored([Found("C1", verdict, True, members)], true)
    assert document["exceeding"] == {"Osprey": said}
    assert document["false_campaigns"] == false
    assert document["unlicensed_campaigns"] == unlicensed
    assert document["innocents_called"] == called
    assert document["permitted"] == ["Kestrel"]


def test_innocents_in_a_matched_campaign_are_counted_too() -> None:
    found = [
        Found("C1", "adversarial", True, BRAMBLE | some(CLASS, 3)),
        Found("C2", "unlicensed", True, CLASS),
        Found("C3", "unlicensed", False, LICENSED),
    ]
    assert scored(found, TRUE)["innocents_called"] == {"classroom": 30}


def test_the_label_tells_a_licensee_that_exceeds(tmp_path: Path) -> None:
    row = {
        "account_id": "a",
        "kind": "x",
        "group": 0,
        "campaign": "",
        "organisation": "Osprey",
        "label": "exceeds",
        "exchanges": 1,
    }
    rows = [
        row,
        row | {"account_id": "b", "organisation": "Kestrel", "label": "authorised"},
        row | {"account_id": "c", "organisation": "", "label": "benign"},
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=TRUTH.arrow), tmp_path / "truth.parquet")
    true = read_truth(tmp_path)
    assert true.permitted == {"Kestrel": frozenset("b")}
    assert true.exceeding == {"Osprey": frozenset("a")}
    assert not true.guilty


def test_an_empty_run_scores_nothing() -> None:
    document = scored([], TRUE)
    assert not any(row["found"] or row["verdict"] for row in document["campaigns"])
    assert document["pooled"] == {"account_precision": 0.0, "account_recall": 0.0}


STOLEN = frozenset(f"v{i}" for i in range(12))
ROBBED = Truth(
    {"bramble": BRAMBLE, "magpie": STOLEN},
    {},
    dict.fromkeys(BRAMBLE, "campaign") | dict.fromkeys(STOLEN | CLASS, "company"),
    BRAMBLE,
    STOLEN,
)


def test_a_campaign_over_victims_is_found_and_its_victims_are_counted_apart() -> None:
    called = some(STOLEN, 9)
    document = scored([Found("C1", "adversarial", True, called)], ROBBED)
    assert of(document, "magpie")["found"]
    assert of(document, "magpie")["account_recall"] == 9 / 12
    assert document["pooled"] == {"account_precision": 1.0, "account_recall": 9 / 32}
    assert document["false_campaigns"] == {}
    assert (document["victims"], document["victims_called"]) == (12, 9)


def test_victims_in_what_is_not_accused_are_not_called() -> None:
    found = [
        Found("C1", "adversarial", True, BRAMBLE),
        Found("G2", "benign", False, STOLEN),
        Found("C3", "unlicensed", False, STOLEN),
    ]
    document = scored(found, ROBBED)
    assert not of(document, "magpie")["found"]
    assert (document["victims"], document["victims_called"]) == (12, 0)


def test_strangers_called_with_victims_are_still_wronged() -> None:
    document = scored([Found("C1", "adversarial", True, some(STOLEN, 3) | CLASS)], ROBBED)
    assert document["false_campaigns"] == {"company": 1}
    assert document["victims_called"] == 3


def test_the_truth_tells_victims_from_the_guilty(tmp_path: Path) -> None:
    rows = [
        {
            "account_id": a,
            "kind": kind,
            "group": 0,
            "campaign": name,
            "organisation": "",
            "label": label,
            "exchanges": 1,
        }
        for a, kind, name, label in (
            ("t0", "campaign", "thistle", "adversarial"),
            ("v0", "company", "magpie", "victim"),
            ("c0", "company", "", "benign"),
        )
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=TRUTH.arrow), tmp_path / "truth.parquet")
    truth = read_truth(tmp_path)
    assert (truth.guilty, truth.victims, truth.used) == (
        frozenset({"t0"}),
        frozenset({"v0"}),
        frozenset({"t0", "v0"}),
    )
    assert truth.campaigns == {"magpie": frozenset({"v0"}), "thistle": frozenset({"t0"})}


def write_run(folder: Path, members: list[tuple[int, str]]) -> None:
    folder.mkdir()
    columns = {
        "campaign": ["C001"],
        "group": pa.array([1], pa.int32()),
        "verdict": ["adversarial"],
        "listed": [True],
    }
    pq.write_table(pa.table(columns), folder / "campaigns.parquet")
    rows = {"group": pa.array([g for g, _ in members], pa.int32()), "account_id": [a for _, a in members]}
    named = pa.table(rows | {"tier": ["named"] * len(members)})
    pq.write_table(named, folder / "members.parquet")
    beside = {"group": pa.array([1, 1], pa.int32()), "account_id": ["c0", "c1"], "tier": ["present", "near"]}
    pq.write_table(pa.table(beside), folder / "bystanders.parquet")


def write_truth(folder: Path) -> None:
    folder.mkdir()
    rows = [
        {
            "account_id": a,
            "kind": "campaign",
            "group": 0,
            "campaign": "thistle",
            "organisation": "",
            "label": "adversarial",
            "exchanges": 1,
        }
        for a in sorted(THISTLE)
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=TRUTH.arrow), folder / "truth.parquet")


def test_scores_come_from_the_tables(tmp_path: Path) -> None:
    write_run(tmp_path / "run", [(1, a) for a in sorted(THISTLE)] + [(2, "x")])
    write_truth(tmp_path / "world")
    for truth in (tmp_path / "world", tmp_path / "world" / "truth.parquet"):
        assert of(score(tmp_path / "run", truth), "thistle")["account_recall"] == 1.0


def test_only_the_named_are_called_and_those_present_are_told_apart(tmp_path: Path) -> None:
    write_run(tmp_path / "run", [(1, a) for a in sorted(THISTLE)])
    write_truth(tmp_path / "world")
    (found,) = read_run(tmp_path / "run")
    assert (found.members, found.present) == (THISTLE, frozenset({"c0"})), "c1 is near"
    document = scored([found], TRUE)
    assert document["innocents_called"] == {}
    assert document["innocents_present"] == {"classroom": 1}
    assert document["pooled"]["account_precision"] == 1.0


def test_a_coordinated_campaign_is_shown_and_not_found() -> None:
    found = [
        Found("C1", "coordinated", True, some(BRAMBLE, 15), some(CLASS, 2)),
        Found("C2", "coordinated", True, frozenset(), THISTLE | some(CLASS, 3)),
        Found("G3", "coordinated", False, LICENSED),
    ]
    document = scored(found, TRUE)
    for name, held in (("bramble", 15), ("thistle", 10)):
        row = of(document, name)
        assert (row["found"], row["verdict"], row["coordinated"]) == (False, "coordinated", held)
        assert row["account_recall"] == 0.0
    assert document["innocents_called"] == document["false_campaigns"] == {}
    assert document["innocents_coordinated"] == {"classroom": 3}, "nothing rests on those present in C1"


def test_an_accusation_that_names_nobody_is_still_false() -> None:
    document = scored([Found("C1", "adversarial", True, frozenset(), CLASS)], TRUE)
    assert document["false_campaigns"] == {"classroom": 1}
    assert document["innocents_called"] == {}
    assert document["innocents_present"] == {"classroom": 30}


def test_an_accused_campaign_says_how_many_of_it_are_only_present() -> None:
    beside = BRAMBLE - some(BRAMBLE, 12) | some(CLASS, 2)
    row = of(scored([Found("C1", "adversarial", True, some(BRAMBLE, 12), beside)], TRUE), "bramble")
    assert (row["found"], row["present"], row["coordinated"]) == (True, 8, 0)


def test_what_does_not_belong_together_is_said(tmp_path: Path) -> None:
    write_run(tmp_path / "run", [(1, "pseudonym")])
    write_truth(tmp_path / "world")
    with pytest.raises(RunError, match="no account of the run"):
        score(tmp_path / "run", tmp_path / "world")
    with pytest.raises(RunError, match=r"truth\.parquet is missing"):
        score(tmp_path / "run", tmp_path)
    with pytest.raises(RunError, match=r"campaigns\.parquet is missing"):
        score(tmp_path, tmp_path / "world")
    (tmp_path / "run" / "members.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(RunError, match="not a Parquet file"):
        score(tmp_path / "run", tmp_path / "world")


RELAY = frozenset(f"r{i}" for i in range(6))
UNSURE = replace(TRUE, kinds=KINDS | dict.fromkeys(RELAY, "grey_relay"), doubtful={"grey_relay": RELAY})


@pytest.mark.parametrize(
    ("verdict", "false", "innocents"),
    [
        ("coordinated", {}, {}),
        ("unlicensed", {}, {}),
        ("adversarial", {"grey_relay": 1}, {"grey_relay": 5}),
    ],
)
def test_the_doubtful_may_be_listed_and_not_be_called_adversarial(
    verdict: str, false: dict[str, int], innocents: dict[str, int]
) -> None:
    document = scored([Found("C1", verdict, True, some(RELAY, 5))], UNSURE)
    assert document["doubtful"] == {"grey_relay": {"accounts": 6, verdict: 5}}
    assert document["false_campaigns"] == false
    assert document["unlicensed_campaigns"] == {}
    assert document["innocents_called"] == innocents


def test_the_label_tells_the_doubtful(tmp_path: Path) -> None:
    row = {
        "account_id": "a",
        "kind": "labelling_office",
        "group": 1,
        "campaign": "",
        "organisation": "",
        "label": "doubtful",
        "exchanges": 3,
    }
    innocent = row | {"account_id": "b", "kind": "office", "label": "benign"}
    pq.write_table(pa.Table.from_pylist([row, innocent], schema=TRUTH.arrow), tmp_path / "truth.parquet")
    assert read_truth(tmp_path).doubtful == {"labelling_office": frozenset("a")}
