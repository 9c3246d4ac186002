"""Score a watched run against its world's truth: how late campaigns were noticed, and false accusations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from stillwatch.errors import RunError
from stillwatch.run.layout import stored_days
from stillwatch.schema.table import values
from stillwatch.schema.watched import ALARM_MEMBERS, ALARMS, WATCHED
from stillwatch.simulate.score import ACCUSING, Accusation, Truth, false_by_kind, read_truth

pc: Any = pyarrow.compute
DAY = timedelta(days=1)
DO = "give a run folder over which `stillwatch watch` went"


@dataclass(frozen=True)
class Raised(Accusation):
    """One alarm, as in the first search that found it."""

    name: str
    """Its name."""
    until: datetime
    """The end of the window of that search."""
    verdict: str
    """Its verdict then."""
    members: frozenset[str]
    """The accounts that it named then."""


def score_alarms(run: Path, truth: Path) -> dict[str, Any]:
    """Return the scores of a watch as a document.

    Raises RunError if the run was not watched, or the two do not belong together.
    """
    known = read_truth(truth)
    hourly = exchanges_by_hour(run, known)
    return alarms_scored(read_alarms(run), known, hourly, searches(run))


def alarms_scored(
    raised: list[Raised], truth: Truth, hourly: dict[str, dict[datetime, int]], searched: list[datetime]
) -> dict[str, Any]:
    """Score the first alarm of each campaign.

    For each campaign, returns the days from the first day of its exchanges to the alarm, and the share of its
    exchanges gone by then. hourly: exchanges of each campaign by hour. searched: the ends of the searches'
    windows. False alarms are those that are wrong for more than half of their accounts, by verdict and
    commonest kind.
    """
    return {
        "campaigns": [
            _campaign(name, accounts, raised, hourly.get(name, {}))
            for name, accounts in truth.campaigns.items()
        ],
        "false_alarms": {verdict: false_by_kind(raised, verdict, truth) for verdict in ACCUSING},
        "alarms": len(raised),
        "searched": len(searched),
        "searched_days": sorted({_day(until) for until in searched}),
        "false_days": sorted({_day(alarm.until) for alarm in raised if alarm.is_false(truth)}),
    }


def _campaign(
    name: str, accounts: frozenset[str], raised: list[Raised], hourly: dict[datetime, int]
) -> dict[str, Any]:
    mine = [alarm for alarm in raised if alarm.mostly(accounts)]
    first = min(mine, key=lambda alarm: alarm.until, default=None)
    begins = min(hourly, default=None)
    if first is None or begins is None:
        return {"name": name, "alarm": None, "day": None, "verdict": None, "delay_days": None, "gone": 1.0}
    gone = sum(count for hour, count in hourly.items() if hour < first.until) / sum(hourly.values())
    since = first.until - begins.replace(hour=0)
    return {
        "name": name,
        "alarm": first.name,
        "day": _day(first.until),
        "verdict": first.verdict,
        "delay_days": since.days if since % DAY == timedelta() else round(since / DAY, 4),
        "gone": round(gone, 6),
    }


def all_noticed(alarms: pa.Table, members: pa.Table, truth: Truth) -> bool:
    """Return whether there are campaigns and each has its alarm by now.

    alarms, members: tables alarms and alarm_members of the searches so far.
    """
    raised = raised_in(alarms, members)
    return bool(truth.campaigns) and all(
        any(alarm.mostly(accounts) for alarm in raised) for accounts in truth.campaigns.values()
    )


def read_alarms(run: Path) -> list[Raised]:
    """Read the alarms of a watched run, each as in the first search that found it."""
    return raised_in(_table(run, ALARMS.name), _table(run, ALARM_MEMBERS.name))


def raised_in(alarm_rows: pa.Table, member_rows: pa.Table) -> list[Raised]:
    """Return the alarms of tables alarms and alarm_members, each as in the first search that found it."""
    alarms = [row for row in alarm_rows.to_pylist() if row["new"]]
    members: dict[tuple[str, datetime], set[str]] = {}
    for row in member_rows.to_pylist():
        members.setdefault((row["alarm"], row["since"]), set()).add(row["account_id"])
    return [
        Raised(row["alarm"], row["until"], row["verdict"], frozenset(members[row["alarm"], row["until"]]))
        for row in alarms
    ]


def searches(run: Path) -> list[datetime]:
    """Return the ends of the windows of the watch's searches."""
    return values(_table(run, WATCHED.name), "until")


def exchanges_by_hour(run: Path, truth: Truth) -> dict[str, dict[datetime, int]]:
    """Count exchanges of each campaign in each hour of the run, by the hour's first moment.

    Raises RunError if no account of the run is in the truth.
    """
    accounts = _table(run, "accounts")
    ids = dict(zip(values(accounts, "account"), values(accounts, "account_id"), strict=True))
    if truth.kinds and not truth.kinds.keys() & set(ids.values()):
        raise RunError(
            "no account of the run is in the truth",
            do="score without pseudonyms (no --key-file), and with the world of the run",
        )
    campaign_of = {account: name for name, accounts_of in truth.campaigns.items() for account in accounts_of}
    found: dict[str, dict[datetime, int]] = {}
    guilty = pa.array([account for account, shown in ids.items() if shown in campaign_of], pa.int64())
    for path in stored_days(run):
        rows = pq.ParquetFile(path).read(["account", "time"])
        rows = rows.filter(pc.is_in(rows["account"], value_set=guilty))
        rows = rows.set_column(1, "hour", pc.floor_temporal(rows["time"], unit="hour"))
        for row in rows.group_by(["account", "hour"]).aggregate([("account", "count")]).to_pylist():
            hours = found.setdefault(campaign_of[ids[row["account"]]], {})
            hours[row["hour"]] = hours.get(row["hour"], 0) + row["account_count"]
    return found


def _day(until: datetime) -> str:
    """Return the day of a search from the end of its window."""
    return f"{until - timedelta(microseconds=1):%Y-%m-%d}"


def _table(run: Path, name: str) -> pa.Table:
    path = run / f"{name}.parquet"
    if not path.is_file():
        raise RunError(f"{path.name} is missing", where=str(path), do=DO)
    return pq.read_table(path)
