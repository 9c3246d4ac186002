"""A provider's world as it was at the end of a day, and the search of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from stillwatch.pipeline import Inputs, detect
from stillwatch.settings import EngineSettings, IngestSettings, Settings
from study.given_worlds import inputs_of, quiet

compute: Any = pyarrow.compute
ONE = Settings(ingest=IngestSettings(workers=1), engine=EngineSettings(threads=1))
"""Searches take one processor, so that several can run at once."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Truth:
    """What a provider's accounts really are."""

    operator: dict[str, str]
    """The operator of each account that has one."""
    kind: dict[str, str]
    """The kind of each account."""
    group: dict[str, int]
    """The group of each account; 0 for none."""

    @staticmethod
    def of(world: Path) -> Truth:
        """Read it."""
        rows = pq.read_table(world / "truth.parquet").to_pylist()
        return Truth(
            {row["account_id"]: row["campaign"] for row in rows if row["campaign"]},
            {row["account_id"]: row["kind"] for row in rows},
            {row["account_id"]: row["group"] for row in rows},
        )


@dataclass(frozen=True)
class Seen:
    """A group of a run, with what it is."""

    group: int
    """Its number in the run."""
    verdict: str
    """What the run calls it; empty where it calls it nothing."""
    listed: bool
    """Whether the run lists it."""
    review: bool
    """Whether it is for review because of what others reported."""
    members: frozenset[str]
    """The ids of its accounts."""
    named: frozenset[str]
    """Those that are named."""

    def mostly(self, truth: Truth) -> str:
        """The operator of at least half of its accounts; empty where there is none."""
        found = [truth.operator.get(account, "") for account in self.members]
        best = max(set(found) - {""}, key=found.count, default="")
        return best if best and found.count(best) * 2 >= len(found) else ""


def days_of(world: Path) -> list[str]:
    """The dates of a world's logs."""
    return sorted({path.name[:10] for path in (world / "logs").iterdir()})


def until(world: Path, day: int, aside: Path) -> Inputs:
    """What the provider had at the end of day `day` (0 is the first): logs, and the accounts as they were."""
    names = days_of(world)[: day + 1]
    end = datetime.fromisoformat(f"{names[-1]}T00:00:00+00:00") + timedelta(days=1)
    logs = tuple(path for path in sorted((world / "logs").iterdir()) if path.name[:10] in names)
    aside.mkdir(parents=True, exist_ok=True)
    accounts = pq.read_table(world / "accounts.parquet")
    moment = pa.scalar(end, accounts.schema.field("created").type)
    accounts = accounts.filter(compute.less(accounts["created"], moment))
    banned = accounts["banned"]
    known = compute.if_else(compute.less(banned, moment), banned, pa.scalar(None, banned.type))
    place = accounts.schema.get_field_index("banned")
    pq.write_table(accounts.set_column(place, "banned", known), aside / "accounts.parquet")
    return replace(inputs_of(world), logs=logs, accounts=aside / "accounts.parquet")


def searched(inputs: Inputs, run: Path, shared: Path | None) -> Path:
    """Search, with what others reported where there is any."""
    return detect(replace(inputs, shared=shared), run, ONE, quiet, force=True)


def groups_of(run: Path) -> list[Seen]:
    """The groups that a run judged."""
    members: dict[int, set[str]] = {}
    named: dict[int, set[str]] = {}
    for row in rows_of(run, "members"):
        members.setdefault(row["group"], set()).add(row["account_id"])
        if row["tier"] == "named":
            named.setdefault(row["group"], set()).add(row["account_id"])
    review = {row["group"] for row in rows_of(run, "shared_groups") if row["review"]}
    return [
        Seen(
            row["group"],
            row["verdict"] or "",
            bool(row["listed"]),
            row["group"] in review,
            frozenset(members.get(row["group"], ())),
            frozenset(named.get(row["group"], ())),
        )
        for row in rows_of(run, "campaigns")
    ]


def rows_of(run: Path, name: str) -> list[Row]:
    """The rows of a table of a run; none where it has no such table."""
    path = run / f"{name}.parquet"
    found: list[Row] = pq.read_table(path).to_pylist() if path.is_file() else []
    return found


def verdicts(run: Path) -> dict[frozenset[str], tuple[str, bool, frozenset[str]]]:
    """What a run says of each group: verdict, whether it is listed, who is named."""
    return {one.members: (one.verdict, one.listed, one.named) for one in groups_of(run)}
