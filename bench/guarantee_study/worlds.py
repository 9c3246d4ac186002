"""Worlds of the guarantees' study: made, searched and watched in one process, with one record each."""

from __future__ import annotations

import json
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from guarantee_study.changes import CHANGES, Change
from stillwatch.engine import DuckDBEngine
from stillwatch.heldout.error_control import e_bh
from stillwatch.pipeline import SearchResult, Stored, detect, search
from stillwatch.pipeline.rates import shipped_rates
from stillwatch.pipeline.store import permits_of, releases_of
from stillwatch.pipeline.watch import to_the_end, watch
from stillwatch.run.layout import stored_days
from stillwatch.settings import EngineSettings, IngestSettings, Settings
from stillwatch.simulate.make import Order, make_from
from stillwatch.simulate.scenario import load, shipped_names
from stillwatch.simulate.score import ACCUSING, Truth, read_truth
from stillwatch.simulate.score import Found as Called
from stillwatch.simulate.score_alarms import score_alarms
from stillwatch.simulate.specs import Scenario
from study.given_worlds import inputs_of, noticed, quiet
from study.kept_rows import finished
from study.promises import state

LEVELS = (0.01, 0.05)
"""Nominal false discovery rates; the last is the default, at which runs are listed."""
BENIGN, CAMPAIGNS = "benign", "campaigns"
"""The studies of worlds without and with campaigns; the others are named after their change."""
ALONE = Settings(ingest=IngestSettings(workers=1), engine=EngineSettings(memory="2GB", threads=1))
Record = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """One world, and what is done with it. Equal tasks give equal records except for their seconds."""

    study: str
    """benign, campaigns, or the name of a change."""
    scenario: str
    """A scenario's name or path."""
    scale: float
    """Factor of its sizes."""
    seed: int
    """The random seed."""
    heavy: float
    """Median exchanges of an account to which larger kinds are cut; twice that is an account's maximum."""
    every: int
    """Days between the searches of the watch; 0: no watch."""
    average_run_length: float
    """The run length that the watch promises, in days."""
    beside: tuple[str, ...] = ()
    """Backdrops besides the scenario's own."""

    @property
    def key(self) -> str:
        """The task as text."""
        return json.dumps(asdict(self), sort_keys=True)


def benign_name() -> str:
    """Return the scenario of hard negatives if it is shipped, else one without its campaigns."""
    return "benign" if "benign" in shipped_names() else "february"


def scenario_of(task: Task) -> Scenario:
    """Return the task's scenario, light enough for hundreds of worlds.

    It has campaigns only in the study of campaigns.
    """
    scenario = load(task.scenario, task.beside)
    light = (
        replace(spec, median=min(spec.median, task.heavy), most=min(spec.most, 2 * task.heavy))
        for spec in scenario.populations
    )
    return replace(
        scenario, populations=tuple(light), campaigns=scenario.campaigns if task.study == CAMPAIGNS else ()
    )


def run_task(task: Task) -> Record:
    """Make the world, search it, list at both levels and watch its days, in a folder that is then removed."""
    clock = Clock()
    change = CHANGES.get(task.study, Change("nothing"))
    with tempfile.TemporaryDirectory(prefix="guarantees-") as folder:
        world, run = Path(folder) / "world", Path(folder) / "run"
        order = Order(task.scenario, world, task.scale, task.seed, workers=1)
        about = make_from(change.scenario(scenario_of(task)), order, change=change.world)["world"]
        clock.lap("make")
        searched(world, run)
        clock.lap("detect")
        if change.tables is not None:
            change.tables(run, task.seed)
            found: Record = found_again(run)
            clock.lap("search")
        else:
            found = found_in(run)
        truth = read_truth(world)
        record = {
            "task": asdict(task),
            "state": state(),
            "exchanges": about["exchanges"],
            "accounts": about["accounts"],
            **listed_at_levels(found, truth),
        }
        if task.every:
            promise = {"every": task.every, "average_run_length": task.average_run_length}
            watch(run, promise, quiet, noticed(world) if task.study == CAMPAIGNS else to_the_end)
            record["watch"] = score_alarms(run, world)
            clock.lap("watch")
    return record | {"seconds": clock.laps}


def searched(world: Path, run: Path) -> None:
    """Detect with one process and one thread, under the public key."""
    detect(inputs_of(world), run, ALONE, quiet)


def found_in(run: Path) -> Record:
    """Return tables campaigns and members of a run as rows, and the number of groups tested."""
    tested = json.loads((run / "run.json").read_text(encoding="utf-8"))["tested_groups"]
    return {"tested": tested} | {
        name: pq.read_table(run / f"{name}.parquet").to_pylist() for name in ("campaigns", "members")
    }


def found_again(run: Path) -> Record:
    """Return the same from a search of the run's present exchanges."""
    read = {
        name: pq.read_table(run / f"{name}.parquet") for name in ("accounts", "releases", "labels", "permits")
    }
    with DuckDBEngine(ALONE.engine) as engine:
        exchanges, accounts = (
            engine.read("exchanges", stored_days(run)),
            engine.load("accounts", read["accounts"]),
        )
        releases = engine.load("releases", releases_of(read["releases"]))
        stored = Stored(
            exchanges,
            accounts,
            releases,
            read["labels"],
            permits_of(read["permits"]),
            rates=shipped_rates(),
            templates=False,
        )
        found: SearchResult = search(engine, stored, ALONE, lambda step: None)
    return {"tested": found.tested} | {
        name: found.tables[name].to_pylist() for name in ("campaigns", "members")
    }


@dataclass(frozen=True)
class Group:
    """One tested group, compared with the truth."""

    kind: str
    """Commonest kind of its members whom no campaign used; `campaign` if it used half or more."""
    formed: str
    """linked, declared or single."""
    verdict: str
    """Its verdict."""
    passed: tuple[bool, ...]
    """Whether it passes the error control, at each level."""
    at_least: int
    """The bound."""
    right: int
    """Number of its named accounts for which the verdict is right, including those whose keys were stolen.

    See Accusation.wronged.
    """
    accounts: int
    """Number of accounts that it names."""
    false: bool
    """Whether it is right for less than half of them."""

    def accused(self, level: int) -> bool:
        """Return whether it is listed as an accusation at a level, by its number."""
        return self.verdict in ACCUSING and self.passed[level]


def groups_of(found: Record, truth: Truth) -> list[Group]:
    """Return every tested group.

    The listing is made again at each level from the same e-values, which do not depend on it.
    """
    rows = found["campaigns"]
    log_e = np.array([row["log_e_value"] for row in rows] + [0.0] * (found["tested"] - len(rows)))
    passed = [e_bh(log_e, level) for level in LEVELS]
    again = [
        (bool(ok) and row["verdict"] != "benign") or row["permit"] != ""
        for ok, row in zip(passed[-1], rows, strict=False)
    ]
    assert again == [row["listed"] for row in rows], "BUG: the listing made again is not the one of the run"
    members: dict[int, set[str]] = {}
    for row in found["members"]:
        members.setdefault(row["group"], set()).add(row["account_id"])
    groups = []
    for i, row in enumerate(rows):
        named = Called(
            row["campaign"], row["verdict"], row["listed"], frozenset(members.get(row["group"], ()))
        )
        others = Counter(
            truth.kinds.get(account, "unknown") for account in sorted(named.members - truth.used)
        )
        kind = "campaign" if not others or named.mostly(truth.used) else others.most_common(1)[0][0]
        levels = tuple(bool(p[i]) for p in passed)
        right, accounts = len(named.members - named.wronged(truth)), len(named.members)
        groups.append(
            Group(
                kind,
                row["kind"],
                row["verdict"],
                levels,
                row["at_least"],
                right,
                accounts,
                named.is_false(truth),
            )
        )
    return groups


def listed_at_levels(found: Record, truth: Truth) -> Record:
    """Return what is listed at each level.

    False ones are by verdict and kind, all groups by kind; also the bounds of listed linked groups.
    """
    groups = groups_of(found, truth)
    levels = []
    for number, level in enumerate(LEVELS):
        accused = [group for group in groups if group.accused(number)]
        false = {
            verdict: dict(
                sorted(
                    Counter(
                        group.kind for group in accused if group.false and group.verdict == verdict
                    ).items()
                )
            )
            for verdict in ACCUSING
        }
        levels.append(
            {"level": level, "listed": dict(Counter(group.verdict for group in accused)), "false": false}
        )
    kinds = Counter((group.kind, group.formed, group.verdict, group.passed[-1]) for group in groups)
    bounds = [
        [group.at_least, group.right, group.accounts]
        for group in groups
        if group.accused(len(LEVELS) - 1) and group.formed == "linked"
    ]
    return {
        "tested": found["tested"],
        "levels": levels,
        "kinds": [[*kind, count] for kind, count in sorted(kinds.items())],
        "bounds": bounds,
    }


class Clock:
    """Seconds of each step, and of the processor."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._at, self._processor = time.perf_counter(), time.process_time()

    def lap(self, name: str) -> None:
        """End the present step."""
        now, processor = time.perf_counter(), time.process_time()
        self.laps[name] = round(now - self._at, 2)
        self.laps["processor"] = round(self.laps.get("processor", 0.0) + processor - self._processor, 2)
        self._at, self._processor = now, processor


def records_of(log: Path | None) -> dict[str, Record]:
    """Records of an earlier, perhaps interrupted study by task; of worlds run twice, the later counts."""
    return {Task(**record["task"]).key: record for record in finished(log)}
