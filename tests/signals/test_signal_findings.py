"""The values that a signal hands to its sentence are those of one and the same thing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.registry import SIGNALS
from stillwatch.report.sentences import finding
from stillwatch.settings import EngineSettings
from stillwatch.signals import SIGNAL_EXCHANGES, prepare
from stillwatch.signals.score import scored

Row = dict[str, Any]
RELEASES = pa.table({"model": pa.array([], pa.string()), "second": pa.array([], pa.int64())})
STEPS = 8192
"""The flag of prompts that ask for worked answers in a fixed form."""


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine(EngineSettings(memory="1GB")) as opened:
        yield opened


def said(engine: DuckDBEngine, signal: str, rows: list[Row]) -> str:
    """The sentence of a signal about rows of one group."""
    full = [{"group": 1, "has_text": True, "turns": 1, "flags": 0} | row for row in rows]
    inputs = prepare(
        engine,
        engine.load("seen", pa.Table.from_pylist(full, schema=SIGNAL_EXCHANGES)),
        engine.load("releases", RELEASES),
    )
    known = SIGNALS.all()[signal]
    found = scored(known, engine.collect(known.query(inputs)).to_pylist())
    return finding(signal, next(row["values"] for row in found if row["group"] == 1))


def test_templates_are_counted_by_the_part_of_the_prompt_that_covers_most(engine: DuckDBEngine) -> None:
    # Two templates, told by how prompts begin; one in ten prompts ends as some others do.
    rows = [
        {"account": i % 8, "second": 60 * i, "prompt": i, "head": 1 + i % 2, "tail": 5 if i % 10 == 0 else i}
        for i in range(400)
    ]
    assert said(engine, "training_coverage", rows).startswith(
        "100% of its prompts come from 2 templates, which made 400 distinct prompts"
    )


def test_where_nobody_asked_several_such_questions_no_share_of_them_is_told(engine: DuckDBEngine) -> None:
    rows = [
        {"account": i % 40, "second": 60 * i, "prompt": i, "flags": STEPS if i in (3, 90) else 0}
        for i in range(400)
    ]
    told = said(engine, "dealt_questions", rows)
    assert "no account asked several of them" in told
    assert "of them came from one account alone" not in told


@pytest.mark.parametrize(("an_hour", "pace"), [(6, "6.0 exchanges"), (200, "200.0 exchanges")])
def test_the_pace_of_an_event_is_told_as_it_is(engine: DuckDBEngine, an_hour: int, pace: str) -> None:
    rows = [
        {"account": a, "second": 36_000 + 3_600 * hour + 10 * i, "subnet": 5}
        for a in range(20)
        for hour in range(6)
        for i in range(an_hour)
    ]
    told = said(engine, "one_event", rows)
    assert f"{pace} in its busiest hour" in told
    assert "no faster than people" not in told
