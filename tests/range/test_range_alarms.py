"""Alarms are scored by the first search that found them: how late, how much was gone, and who was wronged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from stillwatch.errors import RunError
from stillwatch.simulate.score import Truth
from stillwatch.simulate.score_alarms import Raised, alarms_scored, all_noticed, score_alarms

THISTLE = frozenset(f"t{i}" for i in range(10))
CLASS = frozenset(f"c{i}" for i in range(30))
TRUE = Truth(
    {"thistle": THISTLE}, {}, dict.fromkeys(THISTLE, "campaign") | dict.fromkeys(CLASS, "classroom"), THISTLE
)


def day(number: int) -> datetime:
    return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=number)


NOON = timedelta(hours=12)
HOURLY = {"thistle": {day(2) + NOON: 10, day(3): 20, day(3) + NOON: 10, day(4): 60}}


def some(accounts: frozenset[str], n: int) -> frozenset[str]:
    return frozenset(sorted(accounts)[:n])


def test_the_first_alarm_that_is_mostly_the_campaign_counts() -> None:
    raised = [
        Raised("A001", day(3), "adversarial", some(THISTLE, 2) | some(CLASS, 3)),
        Raised("A002", day(4), "unlicensed", some(THISTLE, 5) | some(CLASS, 5)),
        Raised("A003", day(5), "adversarial", THISTLE),
    ]
    document = alarms_scored(raised, TRUE, HOURLY, [day(3), day(4), day(5)])
    (row,) = document["campaigns"]
    assert row == {
        "name": "thistle",
        "alarm": "A002",
        "day": "2026-03-05",
        "verdict": "unlicensed",
        "delay_days": 2,
        "gone": 0.4,
    }
    assert document["false_alarms"] == {"adversarial": {"classroom": 1}, "unlicensed": {}}
    assert (document["alarms"], document["searched"], document["false_days"]) == (3, 3, ["2026-03-04"])
    assert document["searched_days"] == ["2026-03-04", "2026-03-05", "2026-03-06"]


def test_an_alarm_within_a_day_is_as_early_as_it_was() -> None:
    raised = [Raised("A001", day(3) + NOON, "adversarial", THISTLE)]
    document = alarms_scored(raised, TRUE, HOURLY, [day(3), day(3) + NOON, day(4)])
    (row,) = document["campaigns"]
    assert (row["day"], row["delay_days"], row["gone"]) == ("2026-03-05", 1.5, 0.3)
    assert (document["searched"], document["searched_days"]) == (3, ["2026-03-04", "2026-03-05"])


def test_no_alarm_is_all_gone() -> None:
    document = alarms_scored([Raised("A001", day(3), "unlicensed", CLASS)], TRUE, HOURLY, [day(3)])
    assert document["campaigns"] == [
        {"name": "thistle", "alarm": None, "day": None, "verdict": None, "delay_days": None, "gone": 1.0}
    ]
    assert document["false_alarms"] == {"adversarial": {}, "unlicensed": {"classroom": 1}}


def test_an_alarm_on_stolen_keys_and_on_a_licensee_beyond_its_permit_wrongs_nobody() -> None:
    stolen, licensee = frozenset({"v1", "v2", "v3"}), frozenset({"l1", "l2"})
    kinds = (
        dict.fromkeys(stolen, "campaign")
        | dict.fromkeys(licensee, "permitted_distiller")
        | dict.fromkeys(CLASS, "classroom")
    )
    true = Truth({"thistle": stolen}, {}, kinds, frozenset(), victims=stolen, exceeding={"press": licensee})
    raised = [
        Raised("A001", day(3), "adversarial", stolen | some(CLASS, 1)),
        Raised("A002", day(3), "unlicensed", licensee),
        Raised("A003", day(4), "adversarial", licensee),
    ]
    document = alarms_scored(raised, true, HOURLY, [day(3), day(4)])
    assert document["campaigns"][0]["alarm"] == "A001"
    assert document["false_alarms"] == {"adversarial": {"permitted_distiller": 1}, "unlicensed": {}}
    assert document["false_days"] == ["2026-03-05"]


def test_each_campaign_must_have_an_alarm_of_mostly_its_own() -> None:
    sedge = frozenset({"s1", "s2"})
    truth = Truth(
        {"thistle": THISTLE, "sedge": sedge}, {}, dict.fromkeys(THISTLE | sedge, "campaign"), THISTLE | sedge
    )
    of_day = {"thistle": some(THISTLE, 3), "class": some(CLASS, 3), "sedge": sedge}

    def tables(*names: str) -> tuple[pa.Table, pa.Table]:
        alarms = [{"alarm": name, "until": day(2), "new": True, "verdict": "adversarial"} for name in names]
        members = [
            {"alarm": name, "account_id": account, "since": day(2)}
            for name in names
            for account in sorted(of_day[name])
        ]
        return pa.Table.from_pylist(alarms), pa.Table.from_pylist(members)

    assert not all_noticed(*tables("thistle", "class"), truth)
    assert all_noticed(*tables("thistle", "class", "sedge"), truth)
    assert not all_noticed(*tables("class"), Truth({}, {}, {}, frozenset())), (
        "a world without campaigns is watched to its end"
    )


def test_a_run_that_was_not_watched_is_said(hamlet: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"accounts\.parquet is missing"):
        score_alarms(tmp_path, hamlet)
