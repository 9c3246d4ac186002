"""Permits: whom one covers, what goes beyond it, and from where on that is more than a word beside the
verdict.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.campaigns.permit_use import Cover, Share, Use, cover, harvests
from stillwatch.campaigns.permits import Permit
from stillwatch.engine import DuckDBEngine
from stillwatch.schema.flags import Flag
from stillwatch.schema.values import record, records
from stillwatch.settings import EngineSettings

SLACK = 0.05
STARTS, EXPIRES = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 29, 22, tzinfo=UTC)
STUDY = Permit("study", frozenset("ab"), "", frozenset({"small"}), 1000, 50_000, "a tutor", STARTS, EXPIRES)
HOUSE = Permit(
    "house", frozenset(), "Example Ltd", frozenset(), None, None, "", None, datetime(2026, 12, 31, tzinfo=UTC)
)
EARLY, LATE = datetime(2025, 12, 24, tzinfo=UTC), datetime(2026, 7, 3, tzinfo=UTC)
PERMITS = [STUDY, HOUSE]
USE = Use(1000, 50_000, frozenset({"small"}), STARTS, EXPIRES)


def share(
    exchanges: int, *, model: str = "small", at: datetime = datetime(2026, 3, 1, tzinfo=UTC), tokens: int = 1
) -> Share:
    return Share(model, int(at.timestamp()) // 3600, exchanges, tokens * exchanges)


def covered(*harvest: Share, permits: list[Permit] = PERMITS, slack: float = SLACK) -> bool:
    return cover(permits, {"a"}, {""}, replace(USE, harvest=harvest), slack).exceeded


def test_a_permit_covers_those_it_names_and_nobody_else() -> None:
    assert cover(PERMITS, {"a", "b"}, {""}, USE, SLACK) == Cover("study")
    assert cover(PERMITS, {"a"}, {""}, USE, SLACK).permit == "study"
    assert cover(PERMITS, {"a", "b", "c"}, {""}, USE, SLACK).permit == "", (
        "one account more, and it is another group"
    )
    assert cover(PERMITS, {"c", "d"}, {"Example Ltd"}, USE, SLACK).permit == "house"
    assert cover(PERMITS, {"c", "d"}, {"Example Ltd", ""}, USE, SLACK).permit == "", (
        "an account that declares nothing is not the organisation's"
    )
    assert cover(PERMITS, {"c"}, {""}, USE, SLACK).permit == ""
    assert cover([], {"a"}, {""}, USE, SLACK) == Cover("")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"models": frozenset({"small", "large", "huge", ""})},
            ("models", [record("model", "huge"), record("model", "large")]),
        ),
        ({"exchanges": 1001}, ("exchanges", records({"used": 1001, "allowed": 1000}))),
        ({"output_tokens": 50_001}, ("output-tokens", records({"used": 50_001, "allowed": 50_000}))),
        ({"last": LATE}, ("after-its-end", records({"last": LATE, "expires": EXPIRES}))),
        ({"first": EARLY}, ("before-its-start", records({"first": EARLY, "starts": STARTS}))),
    ],
)
def test_each_excess_is_told_and_alone_exceeds_nothing(
    change: dict[str, Any], told: tuple[str, list[dict[str, Any]]]
) -> None:
    found = cover(PERMITS, {"a"}, {""}, replace(USE, **change), SLACK)
    assert found == Cover("study", ({"code": told[0], "values": told[1]},))


def test_every_excess_is_told_and_none_where_nothing_is_limited() -> None:
    much = replace(
        USE,
        exchanges=10**9,
        output_tokens=10**12,
        models=frozenset({"any"}),
        harvest=[share(10**9, model="any")],
    )
    assert cover(PERMITS, {"a"}, {""}, much, SLACK).excess[2:]
    assert cover(PERMITS, {"x"}, {"Example Ltd"}, much, SLACK) == Cover("house")


@pytest.mark.parametrize(
    ("beyond", "of", "exceeded"),
    [
        (share(50, model="large"), 950, False),
        (share(51, model="large"), 949, True),
        (share(51, model=""), 949, False),
        (share(50, at=datetime(2026, 7, 3, tzinfo=UTC)), 950, False),
        (share(51, at=datetime(2026, 7, 3, tzinfo=UTC)), 949, True),
        (share(500, at=datetime(2026, 6, 29, 22, tzinfo=UTC)), 500, False),
        (share(51, at=datetime(2025, 12, 31, 23, tzinfo=UTC)), 949, True),
        (share(0), 1050, False),
        (share(0), 1051, True),
        (share(500, tokens=100), 1, False),
        (share(530, tokens=100), 1, True),
    ],
)
def test_a_little_beyond_is_told_and_more_exceeds(beyond: Share, of: int, exceeded: bool) -> None:
    assert covered(beyond, share(of)) is exceeded


def test_without_slack_any_harvest_outside_exceeds_and_no_harvest_exceeds_nothing() -> None:
    assert covered(share(1, model="large"), share(999), slack=0.0)
    assert not covered()


def test_a_renewed_permit_goes_on_from_the_one_before() -> None:
    renewed = replace(STUDY, name="renewed", starts=EXPIRES, expires=datetime(2027, 1, 1, tzinfo=UTC))
    both = (share(900), share(900, at=datetime(2026, 9, 1, tzinfo=UTC)))
    assert covered(*both)
    assert not covered(*both, permits=[STUDY, renewed])
    assert covered(*both, share(400), permits=[STUDY, renewed]), "2,200 exchanges of 2,000"
    assert (
        cover(
            [STUDY, renewed], {"a"}, {""}, replace(USE, first=EXPIRES, last=EXPIRES.replace(month=9)), SLACK
        ).permit
        == "renewed"
    )


def test_what_may_be_for_distilling_is_counted_for_groups_with_a_licensed_account() -> None:
    rows: list[dict[str, Any]] = [
        {
            "group": 1,
            "account": 5,
            "model": "small",
            "second": 7_200,
            "has_text": True,
            "flags": int(Flag.GENERATION),
            "output_tokens": 9,
        },
        {
            "group": 1,
            "account": 6,
            "model": "small",
            "second": 7_300,
            "has_text": True,
            "flags": int(Flag.REWRITING),
            "output_tokens": None,
        },
        {
            "group": 1,
            "account": 6,
            "model": "small",
            "second": 7_300,
            "has_text": True,
            "flags": int(Flag.AGENTIC),
            "output_tokens": 70,
        },
        {
            "group": 1,
            "account": 6,
            "model": None,
            "second": 3_599,
            "has_text": False,
            "flags": None,
            "output_tokens": 4,
        },
        {
            "group": 2,
            "account": 7,
            "model": "small",
            "second": 7_200,
            "has_text": True,
            "flags": int(Flag.GENERATION),
            "output_tokens": 9,
        },
    ]
    with DuckDBEngine(EngineSettings()) as engine:
        work = engine.load("work", pa.Table.from_pylist(rows))
        assert harvests(engine, work, {5}) == {1: [Share("", 0, 1, 4), Share("small", 2, 2, 9)]}
        assert harvests(engine, work, set()) == {}
