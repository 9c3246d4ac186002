"""Alarms of a watch: their identities, and pools that follow each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from made_campaigns import TEMPLATE, campaign

from stillwatch.pipeline.alarm_ledger import Ledger
from stillwatch.pipeline.alarm_lineage import AlarmLineage
from stillwatch.run.lineage.campaign import Campaign
from stillwatch.schema.watched import ALARM_LINKS, ALARMS
from stillwatch.settings import IdentitySettings

SETTINGS = IdentitySettings()
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
FOUND: dict[str, Any] = {
    "campaign": "C001",
    "kind": "linked",
    "verdict": "adversarial",
    "accounts": 9,
    "named": 9,
    "present": 0,
    "near": 0,
    "at_least": 8,
    "log_e_value": 9.0,
    "exchanges": 5,
    "exchanges_so_far": 5,
}


def people(start: int, size: int) -> dict[int, str]:
    return {number: str(number) for number in range(start, start + size)}


def watched(known: list[Campaign], *days: list[dict[int, str]]) -> Ledger:
    """A ledger after searches that found these campaigns, all with one operator's keys."""
    ledger = Ledger(0.5, AlarmLineage([known], SETTINGS))
    for number, found in enumerate(days):
        day = FIRST + timedelta(days=number)
        for members in found:
            ledger.enter(day, day + timedelta(days=1), FOUND, members, TEMPLATE)
    return ledger


def test_a_fresh_pool_with_an_alarms_keys_is_its_successor() -> None:
    ledger = watched([], [people(0, 9)], [people(0, 9)], [people(50, 9)], [people(50, 12)])
    table = ledger.links()
    assert table.schema.equals(ALARM_LINKS.arrow)
    (row,) = table.to_pylist()
    assert (row["alarm"], row["link"], row["other_alarm"]) == ("A002", "successor", "A001")
    assert row["until"] == FIRST + timedelta(days=3)
    assert dict(zip(row["facets"], row["facet_keys"], strict=True)) == {
        "head": 2,
        "parameters": 1,
        "system": 1,
    }
    assert row["identity"] != row["other_identity"]


def test_two_pools_of_one_search_are_related_from_both_sides() -> None:
    rows = watched([], [people(0, 9), people(50, 9)]).links().to_pylist()
    assert [(row["alarm"], row["link"], row["other_alarm"]) for row in rows] == [
        ("A001", "related", "A002"),
        ("A002", "related", "A001"),
    ]


def test_an_alarm_without_keys_is_linked_to_nobody() -> None:
    ledger = Ledger(0.5)
    for start in (0, 50):
        ledger.enter(FIRST, FIRST + timedelta(days=1), FOUND, people(start, 9))
    assert ledger.links().num_rows == 0


def test_an_alarm_has_the_identity_of_the_runs_campaign_from_its_first_day_on() -> None:
    known = [campaign(1, range(40)), campaign(2, range(50, 60), listed=False)]
    alarms, _ = watched(known, [people(0, 9)], [people(2, 30)], [people(55, 9)]).tables()
    assert alarms.schema.equals(ALARMS.arrow)
    named = [(row["alarm"], row["identity"]) for row in alarms.to_pylist()]
    assert named == [("A001", known[0].identity), ("A001", known[0].identity), ("A002", known[1].identity)]


def test_what_no_campaign_of_the_run_is_has_one_of_its_own_that_does_not_change_as_it_grows() -> None:
    days = ([people(0, 9)], [people(0, 20)], [people(5, 30)])
    identities = [
        {row["identity"] for row in watched([], *days[:number]).tables()[0].to_pylist()}
        for number in (1, 2, 3)
    ]
    assert len(set.union(*identities)) == 1
