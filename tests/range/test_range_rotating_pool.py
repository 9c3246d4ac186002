"""A pool that rotates its accounts beside honest balancers: the new signals show the one and not the others."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.pipeline import Inputs, detect
from stillwatch.schema.keyed import HashKey
from stillwatch.settings import Settings
from stillwatch.simulate.make import Order, make

POOL = ("cold_depth", "failover")
MARKS = (*POOL, "many_hands", "quota_ride", "coherence")


class Ran(NamedTuple):
    """A run of a world, with its truth."""

    folder: Path
    truth: dict[str, dict[str, Any]]

    def kinds(self) -> dict[int, set[str]]:
        found: dict[int, set[str]] = defaultdict(set)
        for row in pq.read_table(self.folder / "members.parquet").to_pylist():
            told = self.truth[row["account_id"]]
            found[row["group"]].add(told["campaign"] or told["kind"])
        return found

    def scores(self) -> dict[int, dict[str, float]]:
        found: dict[int, dict[str, float]] = defaultdict(dict)
        for row in pq.read_table(self.folder / "scores.parquet").to_pylist():
            if row["signal"] in MARKS:
                found[row["group"]][row["signal"]] = row["score"]
        return found

    def named(self) -> set[str]:
        listed = {
            row["group"]
            for row in pq.read_table(self.folder / "campaigns.parquet").to_pylist()
            if row["listed"] and row["verdict"] == "adversarial"
        }
        return set().union(*(kinds for group, kinds in self.kinds().items() if group in listed))


pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("carousel")
    world = folder / "world"
    make(Order("rotating_pool", world, 0.003, seed=3, beside=("lookalikes",)))
    inputs = Inputs(
        (world / "logs",),
        edge=world / "edge.parquet",
        accounts=world / "accounts.parquet",
        permits=world / "permits.toml",
        releases=world / "releases.toml",
        key=HashKey.public(),
    )
    detect(inputs, folder / "run", Settings(), lambda *_: None)
    truth = {row["account_id"]: row for row in pq.read_table(world / "truth.parquet").to_pylist()}
    return Ran(folder / "run", truth)


def test_the_pool_is_named_and_nobody_honest_by_a_new_facet(ran: Ran) -> None:
    assert "carousel" in ran.named()
    evidence = pq.read_table(ran.folder / "member_evidence.parquet").to_pylist()
    assert {row["facet"] for row in evidence} & {"mail_root", "device", "end_user", "upgrade"} == set()


def test_cold_turns_and_failover_show_the_pool(ran: Ran) -> None:
    (pool,) = (group for group, kinds in ran.kinds().items() if "carousel" in kinds)
    scores = ran.scores()[pool]
    assert scores["cold_depth"] > 0.3
    assert scores["failover"] > 0.8


def test_no_honest_group_shows_the_marks_of_a_pool(ran: Ran) -> None:
    kinds, scores = ran.kinds(), ran.scores()
    honest = {group for group, inside in kinds.items() if "carousel" not in inside}
    assert {"aggregator"} <= set().union(*(kinds[group] for group in honest)), "a balancer must be among them"
    assert {
        (group, name): score for group in honest for name, score in scores[group].items() if score > 0.05
    } == {}


def test_honest_follow_ups_come_from_the_cache(ran: Ran) -> None:
    days = sorted((ran.folder / "exchanges").rglob("*.parquet"))
    wanted = ["cached_tokens", "input_tokens", "turns", "status"]
    rows = pa.concat_tables(
        [pq.read_table(day, columns=wanted, partitioning=None) for day in days]
    ).to_pylist()
    good = [row for row in rows if row["status"] == 200]
    assert all(row["cached_tokens"] is not None for row in good)
    assert all(row["cached_tokens"] <= row["input_tokens"] for row in good)
    deep = [row for row in good if row["turns"] > 1 and row["input_tokens"] >= 4_096]
    assert sum(row["cached_tokens"] > 0 for row in deep) > 0.3 * len(deep)
