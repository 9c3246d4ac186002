"""Two providers and a hub on this machine: what one of them found, the other one finds too, and nothing of
their customers goes over the wire.

python tools/demo_sharing.py DEMO

What this makes lies in DEMO/sharing, and is made anew each time. Everything is done by the commands that a person
would give, each in a process of its own; the hub is one more. Exit code 1: something was not as it should be.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sharing_demo.check import check
from sharing_demo.hub import Group, commanded
from sharing_demo.planted import Customer, plant, planted

SCENARIO = Path(__file__).parent.parent / "bench" / "coordination_study" / "coalition.toml"
SEED = 1
PROVIDERS = 5
KINDS = ("network_prefix", "address", "mail_domain")
"""Kinds of values of which tokens are shared."""
OVERLAP = "network_prefix"
"""Kind of which the two providers count what both have."""
ENOUGH_S = 120.0


@dataclass
class Provider:
    """One provider: its world, its run, its store of sharing."""

    name: str
    """Its name at the hub."""
    folder: Path
    """Where everything of it lies."""
    world: Path
    """Its world of the range."""
    customers: list[Customer]
    """Planted customers."""
    found: dict[str, Any] = field(default_factory=dict)
    """What it found alone."""
    bundles: list[Path] = field(default_factory=list)
    """What left it."""

    @property
    def run(self) -> Path:
        """The run that it made alone."""
        return self.folder / "run"

    @property
    def db(self) -> Path:
        """Its store of sharing."""
        return self.folder / "SHARING.db"

    def detect(self, run: Path, *more: str | Path) -> dict[str, Any]:
        """Search its logs."""
        side = [
            word
            for name, file in (
                ("edge", "edge.parquet"),
                ("accounts", "accounts.parquet"),
                ("permits", "permits.toml"),
                ("releases", "releases.toml"),
            )
            for word in (f"--{name}", self.world / file)
        ]
        found: dict[str, Any] = commanded(
            "detect", self.world / "logs", self.world / "planted.jsonl", *side, "--public-key", "--force",
            "--out", run, *more,
        )  # fmt: skip
        return found

    def intel(self, *words: str | Path) -> Any:
        """Give a command about sharing, with its store."""
        return commanded("intel", *words, "--db", self.db)


def now_in(text: str) -> str:
    """The scenario with a window that ends today: what is shared grows old, and old tokens match nothing."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = datetime.fromisoformat(re.findall(r"^start = (\S+)", text, re.MULTILINE)[0])
    last = datetime.fromisoformat(re.findall(r"^end = (\S+)", text, re.MULTILINE)[0])
    by = today - last

    def moved(found: re.Match[str]) -> str:
        when = datetime.fromisoformat(found[0])
        return (when + by if when >= first else when).strftime("%Y-%m-%dT%H:%M:%SZ")

    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moved, text)


def providers(folder: Path) -> tuple[Provider, Provider]:
    """Make the worlds, and plant customers."""
    scenario = folder / "coalition.toml"
    scenario.write_text(now_in(SCENARIO.read_text(encoding="utf-8")), encoding="utf-8")
    worlds = folder / "worlds"
    commanded(
        "range", "make", scenario, "--providers", str(PROVIDERS), "--scale", "1", "--seed", str(SEED), "--out", worlds
    )
    made = []
    for name, world in (("alder", "provider-2"), ("birch", "provider-1")):
        one = Provider(name, folder / name, worlds / world, planted(name, SEED))
        one.folder.mkdir()
        plant(one.customers, one.world)
        made.append(one)
    return made[0], made[1]


def told_tokens(one: Provider, group: Group, run: Path, campaign: str | None) -> list[tuple[Path, Path, int]]:
    """Make tokens of values of a run by the look-up service: of a campaign's marks, or of all of them.

    Returns, for each kind, the file of tokens, the private table of values with their tokens, and how many.
    """
    with ThreadPoolExecutor(len(KINDS)) as pool:
        return list(pool.map(lambda kind: _tokens(one, group, run, campaign, kind), KINDS))


def _tokens(
    one: Provider, group: Group, run: Path, campaign: str | None, kind: str
) -> tuple[Path, Path, int]:
    name = f"{kind}-{campaign or 'own'}"
    values, tokens, table = (one.folder / f"{name}.{end}" for end in ("values", "tokens", "table"))
    only = ("--campaign", campaign) if campaign else ()
    commanded("intel", "values", run, "--kind", kind, *only, "--out", values)
    side = group.members[one.name]
    made = commanded(
        "intel", "tokens", values, "--kind", kind, "--service", f"{group.url}/private", "--pin", group.pin,
        "--credentials", side.credentials, "--cache", one.folder / f"{kind}.cache", "--out", tokens, "--table", table,
    )  # fmt: skip
    return tokens, table, int(made["values"])


def campaigns(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The campaigns that a search lists as adversarial."""
    return [row for row in found["campaigns"] if row["listed"] and row["verdict"] == "adversarial"]


def give(one: Provider, group: Group, first: str, second: str) -> int:
    """Let what a provider found leave: tokens, the gate, a second person. Returns how many tokens left."""
    count = 0
    for row in campaigns(one.found):
        made = told_tokens(one, group, one.run, row["campaign"])
        count += sum(values for _, _, values in made)
        files = [word for path, _, values in made if values for word in ("--tokens", path)]
        waiting = one.intel(
            "export", one.run, row["campaign"], "--purpose", "detection", "--tlp", "amber", "--by", first, *files
        )
        left = one.folder / f"{row['campaign']}.json"
        one.intel(
            "approve", str(waiting["number"]), "--sha256", waiting["sha256"], "--by", second, "--to", left
        )
        one.bundles.append(left)
    return count
