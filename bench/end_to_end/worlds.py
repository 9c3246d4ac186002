"""A world of the range, what a run found in it, and which step the policy has for each account."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from end_to_end.commands import said, step
from stillwatch.schema.keyed import mix

LARGE, MIDDLE = 18, 11
"""The sizes at which ladder.policy blocks and slows."""
SIDES = (("--accounts", "accounts.parquet"), ("--permits", "permits.toml"))


@dataclass(frozen=True)
class Member:
    """A named or present account of a campaign that the run lists."""

    campaign: str
    """The campaign's identity."""
    tier: str
    verdict: str
    step: str
    """What the policy has for it: mark, slow, block, or none."""


@dataclass(frozen=True)
class World:
    """A world, and the run over it."""

    folder: Path
    run: Path
    kinds: dict[str, str]
    """Kind of each account, by the truth; of a campaign's account, the campaign."""
    guilty: frozenset[str]
    """Accounts of campaigns, by the truth."""
    licensed: frozenset[str]
    """Accounts of an organisation with a permit."""
    members: dict[str, Member]
    """By account."""

    def of(self, taken: str) -> list[str]:
        """The accounts for which the policy has a step, in order."""
        return sorted(name for name, member in self.members.items() if member.step == taken)


def made_world(scenario: str, scale: float, seed: int, work: Path) -> World:
    """Make a world, and search it."""
    folder, run = work / "world", work / "run"
    step(f"range make {scenario} --scale {scale:g} --seed {seed}")
    words = ("--scale", scale, "--seed", seed, "--format", "generic")
    said("range", "make", scenario, "--out", folder, *words)
    step("detect")
    sides = [
        word for option, name in (*SIDES, ("--edge", "edge.parquet")) for word in (option, folder / name)
    ]
    said("detect", folder / "logs", *sides, "--out", run, "--public-key")
    truth = pq.read_table(folder / "truth.parquet").to_pylist()
    return World(
        folder,
        run,
        {row["account_id"]: row["campaign"] or row["kind"] for row in truth},
        frozenset(row["account_id"] for row in truth if row["label"] == "adversarial"),
        frozenset(row["account_id"] for row in truth if row["organisation"]),
        _members(run),
    )


def _members(run: Path) -> dict[str, Member]:
    found: dict[str, Member] = {}
    campaigns = {row["group"]: row for row in pq.read_table(run / "campaigns.parquet").to_pylist()}
    for table in ("members", "bystanders"):
        for row in pq.read_table(run / f"{table}.parquet").to_pylist():
            campaign = campaigns[row["group"]]
            if campaign["listed"] and found.get(row["account_id"], Member("", "", "", "")).tier != "named":
                tier = row.get("tier") or "near"
                taken = _step(campaign, tier)
                found[row["account_id"]] = Member(campaign["identity"], tier, campaign["verdict"], taken)
    return found


def _step(campaign: dict[str, Any], tier: str) -> str:
    if campaign["verdict"] != "adversarial" or campaign["role"] != "operator" or tier != "named":
        return "none"
    if campaign["at_least"] >= LARGE:
        return "block"
    return "slow" if campaign["at_least"] >= MIDDLE else "mark"


def exchanges(world: World, guilty: int, others: int) -> Iterator[dict[str, Any]]:
    """A sample of the world's exchanges, with what the edge saw, in order of time.

    guilty, others: the most exchanges of one account of a campaign, and of each other.
    """
    chosen: dict[str, list[tuple[int, str]]] = {}
    for place, row in enumerate(_rows(world.folder)):
        most = guilty if row["account_id"] in world.guilty else others
        kept = chosen.setdefault(row["account_id"], [])
        drawn = (int(mix(_number(place), _number(7))[0]), row["request_id"])
        if len(kept) < most:
            heapq.heappush(kept, drawn)
        else:
            heapq.heappushpop(kept, drawn)
    wanted = {request for kept in chosen.values() for _, request in kept}
    edge = pq.read_table(world.folder / "edge.parquet").to_pylist()
    seen = {row["request_id"]: row for row in edge if row["request_id"] in wanted}
    found = [
        {**row, "edge": seen[row["request_id"]]} for row in _rows(world.folder) if row["request_id"] in wanted
    ]
    yield from sorted(found, key=lambda row: (row["time"], row["request_id"]))


def _number(value: int) -> Any:
    import numpy as np

    return np.array([value], np.uint64)


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((folder / "logs").glob("*.jsonl")):
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)
