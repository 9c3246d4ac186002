"""Score a watched run against the truth of its world: how late each campaign was noticed, and who was accused wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import RunError
from stillwatch.range.score import ACCUSING, Accusation, Truth, false_by_kind, read_truth
from stillwatch.schema.table import values
from stillwatch.schema.watched import ALARM_MEMBERS, ALARMS, WATCHED

DO = "give a run folder over which `stillwatch watch` went"


@dataclass(frozen=True)
class Raised(Accusation):
    """One alarm on its first day."""

    name: str
    """Its name."""
    day: datetime
    """That day."""
    verdict: str
    """What it said then."""
    members: frozenset[str]
    """The accounts that it named then."""


def score_alarms(run: Path, truth: Path) -> dict[str, Any]:
    """The scores of a watch as a document. Raises RunError where the run was not watched, or the two do not belong together."""
    known = read_truth(truth)
    daily = exchanges_by_day(run, known)
    return alarms_scored(read_alarms(run), known, daily, searched_days(run))


def alarms_scored(raised: list[Raised], truth: Truth, daily: dict[str, dict[datetime, int]], searched: list[datetime]) -> dict[str, Any]:
    """For each campaign its first alarm: days from its first exchange to the end of the alarm's day, and the share of its exchanges gone by then.

    daily: exchanges of each campaign by day. False alarms are those that wrong more than half of their accounts, by verdict and commonest kind.
    """
    return {
        "campaigns": [_campaign(name, accounts, raised, daily.get(name, {})) for name, accounts in truth.campaigns.items()],
        "false_alarms": {verdict: false_by_kind(raised, verdict, truth) for verdict in ACCUSING},
        "alarms": len(raised),
        "searched": len(searched),
        "searched_days": [f"{day:%Y-%m-%d}" for day in searched],
        "false_days": sorted({f"{alarm.day:%Y-%m-%d}" for alarm in raised if alarm.is_false(truth)}),
    }


def _campaign(name: str, accounts: frozenset[str], raised: list[Raised], daily: dict[datetime, int]) -> dict[str, Any]:
    mine = [alarm for alarm in raised if alarm.mostly(accounts)]
    first = min(mine, key=lambda alarm: alarm.day, default=None)
    begins = min(daily, default=None)
    if first is None or begins is None:
        return {"name": name, "alarm": None, "day": None, "verdict": None, "delay_days": None, "gone": 1.0}
    gone = sum(count for day, count in daily.items() if day <= first.day) / sum(daily.values())
    return {
        "name": name,
        "alarm": first.name,
        "day": f"{first.day:%Y-%m-%d}",
        "verdict": first.verdict,
        "delay_days": (first.day - begins).days + 1,
        "gone": round(gone, 6),
    }


def all_noticed(alarms: pa.Table, members: pa.Table, truth: Truth) -> bool:
    """Whether there are campaigns and each has its alarm by now; alarms, members: tables alarms and alarm_members of the days so far."""
    raised = raised_in(alarms, members)
    return bool(truth.campaigns) and all(any(alarm.mostly(accounts) for alarm in raised) for accounts in truth.campaigns.values())


def read_alarms(run: Path) -> list[Raised]:
    """The alarms of a watched run, each as on its first day."""
    return raised_in(_table(run, ALARMS.name), _table(run, ALARM_MEMBERS.name))


def raised_in(alarm_rows: pa.Table, member_rows: pa.Table) -> list[Raised]:
    """The alarms of tables alarms and alarm_members, each as on its first day."""
    alarms = [row for row in alarm_rows.to_pylist() if row["new"]]
    members: dict[tuple[str, datetime], set[str]] = {}
    for row in member_rows.to_pylist():
        members.setdefault((row["alarm"], row["since"]), set()).add(row["account_id"])
    return [Raised(row["alarm"], row["day"], row["verdict"], frozenset(members[row["alarm"], row["day"]])) for row in alarms]


def searched_days(run: Path) -> list[datetime]:
    """The days that the watch searched."""
    return values(_table(run, WATCHED.name), "day")


def exchanges_by_day(run: Path, truth: Truth) -> dict[str, dict[datetime, int]]:
    """Exchanges of each campaign on each day of the run. Raises RunError where no account of the run is in the truth."""
    accounts = _table(run, "accounts")
    ids = dict(zip(values(accounts, "account"), values(accounts, "account_id"), strict=True))
    if truth.kinds and not truth.kinds.keys() & set(ids.values()):
        raise RunError("no account of the run is in the truth", do="score without pseudonyms (no --key-file), and with the world of the run")
    campaign_of = {account: name for name, accounts_of in truth.campaigns.items() for account in accounts_of}
    found: dict[str, dict[datetime, int]] = {}
    for path in sorted((run / "exchanges").glob("day=*/exchanges.parquet")):
        day = datetime.strptime(path.parent.name, "day=%Y-%m-%d").replace(tzinfo=UTC)
        counted = pq.ParquetFile(path).read(["account"]).group_by("account").aggregate([("account", "count")])
        for account, count in zip(values(counted, "account"), values(counted, "account_count"), strict=True):
            name = campaign_of.get(ids[account])
            if name:
                days = found.setdefault(name, {})
                days[day] = days.get(day, 0) + count
    return found


def _table(run: Path, name: str) -> pa.Table:
    path = run / f"{name}.parquet"
    if not path.is_file():
        raise RunError(f"{path.name} is missing", where=str(path), do=DO)
    return pq.read_table(path)
