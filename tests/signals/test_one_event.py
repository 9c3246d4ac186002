"""An event is one place, a few days and the pace of people; what lacks one of them is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.campaigns.verdict import Standing, axes, verdict
from stillwatch.engine import DuckDBEngine
from stillwatch.registry import SIGNALS
from stillwatch.settings import CampaignSettings, EngineSettings
from stillwatch.signals import SIGNAL_EXCHANGES, prepare

PEOPLE = 30
HALL = (5, 6)
OPENS = 20_000 * 86_400 + 32_400
"""A morning."""
Row = dict[str, Any]
NOTHING = pa.table({"model": pa.array([], pa.string()), "second": pa.array([], pa.int64())})


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine(EngineSettings(memory="1GB")) as opened:
        yield opened


def met(days: int = 2, people: int = PEOPLE, hours: int = 10, an_hour: int = 6) -> list[Row]:
    """What people in a hall send: hours of each day, with breaks of their own."""
    rng = np.random.default_rng(3)
    return [
        {
            "account": account,
            "second": OPENS + day * 86_400 + int(hour) * 3_600 + int(rng.integers(3_600)),
            "subnet": int(rng.choice(HALL)),
        }
        for account in range(people)
        for day in range(days)
        for hour in rng.choice(12, hours, replace=False)
        for _ in range(an_hour)
    ]


def score(engine: DuckDBEngine, rows: list[Row]) -> float:
    full = [{"group": 1, "has_text": False} | row for row in rows]
    inputs = prepare(
        engine,
        engine.load("event", pa.Table.from_pylist(full, schema=SIGNAL_EXCHANGES)),
        engine.load("releases", NOTHING),
    )
    found = engine.collect(SIGNALS.all()["one_event"].query(inputs)).to_pylist()
    return max((float(row["score"]) for row in found), default=0.0)


def spread(rows: list[Row]) -> list[Row]:
    """The same work from a pool of sixty homes."""
    return [row | {"subnet": 100 + (row["account"] + row["second"]) % 60} for row in rows]


def apart(rows: list[Row]) -> list[Row]:
    """The same work, half of the people at each of two places."""
    return [row | {"subnet": HALL[row["account"] % 2]} for row in rows]


def rented(rows: list[Row]) -> list[Row]:
    """The same work through a hosting network."""
    return [row | {"network_class": "hosting"} for row in rows]


def same(rows: list[Row]) -> list[Row]:
    return rows


@pytest.mark.parametrize(
    ("rows", "at", "event"),
    [
        (met(), same, True),
        (met(days=3, hours=8), same, True),
        (met(days=10), same, False),
        (met(days=3, hours=12), same, False),
        (met(an_hour=70), same, False),
        (met(people=5), same, False),
        (met(), spread, False),
        (met(), rented, False),
        (met(), apart, False),
    ],
    ids=[
        "a weekend in a hall",
        "three shorter days",
        "a farm's workers in an office",
        "programs without a pause",
        "faster than people",
        "a table of friends",
        "a pool of homes",
        "rented machines",
        "two places",
    ],
)
def test_an_event_is_told_from_what_lacks_one_of_its_marks(
    engine: DuckDBEngine, rows: list[Row], at: Callable[[list[Row]], list[Row]], event: bool
) -> None:
    assert score(engine, at(rows)) == float(event)


def test_an_event_hides_nothing_and_a_farm_in_one_office_does() -> None:
    settings = CampaignSettings()
    large = {"volume": 0.8, "undeclared_linkage": 1.0, "shared_payment": 1.0}
    for event, said in ((1.0, "benign"), (0.0, "coordinated")):
        found = axes(large | {"one_event": event}, 5_000, settings)
        assert verdict(found["scale"], found["deception"], found["intent"], Standing(), settings) == said
    harvest = axes(large | {"one_event": 1.0, "grading": 1.0}, 5_000, settings)
    said = verdict(harvest["scale"], harvest["deception"], harvest["intent"], Standing(), settings)
    assert said == "unlicensed", "a harvest at an event is one"
