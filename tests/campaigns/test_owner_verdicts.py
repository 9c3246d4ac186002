"""Verdicts of owners in the table of campaigns: known ones, lone accounts of theirs, and licensees that go
beyond their permits.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from stillwatch.campaigns import assemble
from stillwatch.campaigns.permit_use import Share
from stillwatch.campaigns.permits import Permit
from stillwatch.heldout.error_control import e_bh, passed
from stillwatch.schema.codes import NullTested
from stillwatch.settings import CampaignSettings

SETTINGS = CampaignSettings()
SECOND = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())
SUMS = {"n": 20_000, "written": 10**6, "read": 10**5, "first": SECOND, "last": SECOND + 9}
HARVEST = dict.fromkeys(("volume", "grading", "instruction_generation"), 1.0)
OWNER = assemble.Tested(
    group=1,
    kind="declared",
    sums=SUMS,
    intents=[{"label": "grading", "share": 0.9, "low": 0.8, "high": 1.0}],
    scores=HARVEST,
    log_e=40.0,
    null=NullTested(),
    held_out=["flags"],
    at_least=0,
    accounts={1, 2},
    account_ids={"a", "b"},
    organisations={"Example Ltd"},
    models={"small"},
    harvest=[Share("small", SECOND // 3600, 20_000, 10**6)],
)
PERMIT = Permit(
    "licence",
    frozenset(),
    "Example Ltd",
    frozenset({"small"}),
    20_000,
    None,
    "",
    None,
    datetime(2026, 12, 31, tzinfo=UTC),
)


def told(
    *tested: assemble.Tested,
    lost: int = 0,
    permits: list[Permit] | None = None,
    settings: CampaignSettings = SETTINGS,
) -> dict[int, dict[str, Any]]:
    passing = passed([item.log_e for item in tested], lost, settings.false_discovery_rate)
    return {
        row["group"]: row
        for row in assemble.campaigns_table(list(tested), passing, permits or [], settings).to_pylist()
    }


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "benign"),
        ({"sums": SUMS | {"n": SETTINGS.known_exchanges}}, "unlicensed"),
        ({"kind": "single"}, "unlicensed"),
        ({"kind": "linked"}, "unlicensed"),
        ({"kind": "linked", "owner_accounts": 4}, "benign"),
        ({"kind": "linked", "owner_accounts": 5}, "unlicensed"),
        ({"organisations": {""}}, "unlicensed"),
        ({"organisations": {"Example Ltd", ""}}, "unlicensed"),
        ({"organisations": {"Example Ltd", "Other Ltd"}}, "unlicensed"),
        ({"scores": HARVEST | {"undeclared_linkage": 1.0}}, "adversarial"),
    ],
)
def test_only_one_verified_organisation_of_modest_volume_is_known(
    change: dict[str, Any], verdict: str
) -> None:
    row = told(replace(OWNER, **change))[1]
    assert (row["verdict"], row["listed"]) == (verdict, verdict != "benign")


def test_a_provider_may_know_nobody() -> None:
    assert told(OWNER, settings=replace(SETTINGS, known_exchanges=0))[1]["verdict"] == "unlicensed"


@pytest.mark.parametrize(
    ("permit", "verdict"),
    [
        (PERMIT, "authorised"),
        (replace(PERMIT, volume=19_100), "authorised"),
        (replace(PERMIT, volume=19_000), "unlicensed"),
        (replace(PERMIT, models=frozenset({"large"})), "unlicensed"),
        (replace(PERMIT, expires=datetime(2026, 2, 1, tzinfo=UTC)), "unlicensed"),
    ],
)
def test_a_licensee_clearly_beyond_its_permit_is_unlicensed_and_listed_whatever_its_e_value(
    permit: Permit, verdict: str
) -> None:
    row = told(replace(OWNER, log_e=-3.0), lost=50, permits=[permit])[1]
    assert (row["verdict"], row["listed"], row["permit"]) == (verdict, True, "licence")
    assert (row["permit_excess"] == []) == (permit is PERMIT)


def test_an_exceeded_permit_changes_nothing_for_the_other_hypotheses() -> None:
    others = [
        replace(OWNER, group=group, kind="single", log_e=log_e, organisations={""})
        for group, log_e in ((2, 7.4), (3, 6.0), (4, 0.0))
    ]
    passed = e_bh(np.array([-3.0, 7.4, 6.0, 0.0] + [0.0] * 20), SETTINGS.false_discovery_rate)
    for permit in (PERMIT, replace(PERMIT, volume=10)):
        rows = told(replace(OWNER, log_e=-3.0), *others, lost=20, permits=[permit])
        assert [rows[group]["listed"] for group in (2, 3, 4)] == passed[1:4].tolist() == [True, True, False]
