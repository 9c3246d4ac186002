"""What operators did after a step: measured from two runs, against a world whose truth is known."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from end_to_end_work import end_to_end_work

import guard_end_to_end
from end_to_end.commands import said
from made_once import made_once
from stillwatch.cli import program
from stillwatch.errors import RunError
from stillwatch.guard.restricted import SLOWED, STOPPED, restricted

QUICK = guard_end_to_end.HERE / "quick.toml"


@dataclass(frozen=True)
class Followed:
    """A world after a step: what was measured, and what is true."""

    work: Path
    world: Path
    run: Path
    measured: dict[str, Any]
    """By the truth's name of the campaign."""
    truth: dict[str, Any]


def followed(factory: pytest.TempPathFactory, plan: str) -> Followed:
    work = end_to_end_work(factory)

    def made(folder: Path) -> None:
        world = folder / "world"
        words = ("--scenario", QUICK, "--plan", plan, "--format", "generic")
        said("range", "displace", work / "world", "--decisions", work / "state", "--out", world, *words)
        sides = ("--edge", world / "edge.parquet", "--accounts", world / "accounts.parquet")
        said("detect", world / "logs", *sides, "--out", folder / "run", "--public-key")

    folder = made_once(factory, f"displaced {plan}", made)
    found = said("guard", "displacement", work / "run", folder / "run", "--state", work / "state")
    told = json.loads((folder / "world" / "displacement.json").read_text(encoding="utf-8"))
    names = {
        row["account_id"]: row["campaign"]
        for row in pq.read_table(work / "world" / "truth.parquet").to_pylist()
    }
    members = pq.read_table(work / "run" / "members.parquet").to_pylist()
    campaigns = {
        row["group"]: row["campaign"] for row in pq.read_table(work / "run" / "campaigns.parquet").to_pylist()
    }
    called = {campaigns[row["group"]]: names[row["account_id"]] for row in members}
    measured = {called[row["campaign"]]: row for row in found["campaigns"]}
    return Followed(work, folder / "world", folder / "run", measured, told["campaigns"])


@pytest.fixture(scope="module")
def moved_on(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    return followed(tmp_path_factory, "published")


@pytest.fixture(scope="module")
def gave_up(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    return followed(tmp_path_factory, "stops")


def exchanges(world: Path, accounts: list[str]) -> int:
    rows = pq.read_table(world / "truth.parquet").to_pylist()
    return sum(row["exchanges"] for row in rows if row["account_id"] in set(accounts))


@pytest.mark.parametrize(("campaign", "fate"), [("thistle", "stopped"), ("teasel", "slowed")])
def test_the_successors_are_found_and_nobody_else(moved_on: Followed, campaign: str, fate: str) -> None:
    found, truth = moved_on.measured[campaign], moved_on.truth[campaign]
    assert found["restricted"] == len(truth[fate]) > 10
    ids = set(found["successors"]["ids"])
    assert ids <= set(truth["fresh"])
    assert len(ids) >= 0.7 * len(truth["fresh"])
    assert found["successors"]["named"] >= 0.5 * len(ids)
    assert 0.5 <= found["successors"]["first_hours"] <= 12
    assert found["followers"]


@pytest.mark.parametrize("campaign", ["thistle", "teasel"])
def test_the_volume_that_came_back_is_near_the_true_one(moved_on: Followed, campaign: str) -> None:
    found, truth = moved_on.measured[campaign], moved_on.truth[campaign]
    hit = truth["stopped"] + truth["slowed"]
    before = exchanges(moved_on.work / "world", hit) / (5 if campaign == "thistle" else 6)
    came = exchanges(moved_on.world, truth["fresh"]) / 14 / before
    assert found["volume"]["came_back"] == pytest.approx(came, abs=0.2)
    assert came > 0.4
    assert found["templates_back"] > 0.3
    assert 0.1 < found["marks_back"] < 0.8


def test_probing_is_seen_where_it_is(moved_on: Followed) -> None:
    for campaign in ("thistle", "teasel"):
        told, truth = moved_on.measured[campaign]["probing"], moved_on.truth[campaign]
        assert told["seen"]
        assert 0 < told["restricted"] <= len(truth["probing"])
        assert 0 < told["successors"] <= len(truth["probing_fresh"])
        assert told["same"] > 0


def test_what_was_not_restricted_is_not_told(moved_on: Followed) -> None:
    assert "burdock" not in moved_on.measured
    assert moved_on.truth["burdock"]["fresh"] == []


def test_a_world_without_displacement_shows_none(gave_up: Followed) -> None:
    for campaign in ("thistle", "teasel"):
        found = gave_up.measured[campaign]
        assert found["successors"]["accounts"] == 0
        assert found["volume"]["came_back"] == 0
        assert found["probing"]["seen"] is False
    assert gave_up.measured["thistle"]["volume"]["kept"] == 0
    assert gave_up.measured["teasel"]["volume"]["kept"] == pytest.approx(0.2, abs=0.08)


def test_it_is_shown_as_text(moved_on: Followed) -> None:
    words = ["guard", "displacement", moved_on.work / "run", moved_on.run, "--state", moved_on.work / "state"]
    done = CliRunner().invoke(program, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0
    assert "came back:" in done.output
    assert "ask the same again and again" in done.output


def test_restricted_leaves_out_whom_a_person_cleared(moved_on: Followed) -> None:
    found = restricted(moved_on.work / "state")
    assert {one.fate for one in found.values()} == {STOPPED, SLOWED}
    stopped = [account for account, one in found.items() if one.fate == STOPPED]
    assert len(stopped) == 17  # of 20: one is exempt, one has a permit, the appeal of one was upheld


def test_without_records_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no recorded decisions"):
        restricted(tmp_path)
