"""Each signal carries its own proof: its example must give its scores, in any order of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.registry import SIGNALS, Signal
from stillwatch.settings import EngineSettings
from stillwatch.signals import SIGNAL_EXCHANGES, prepare
from stillwatch.signals.score import scored

RELEASES = pa.table({"model": pa.array(["new"]), "second": pa.array([1_000_000], pa.int64())})


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine(EngineSettings(memory="1GB")) as opened:
        yield opened


def scores(engine: DuckDBEngine, signal: Signal, rows: list[dict[str, Any]]) -> dict[int, float]:
    full = [{"second": 0, "has_text": False} | row for row in rows]
    inputs = prepare(
        engine,
        engine.load("example", pa.Table.from_pylist(full, schema=SIGNAL_EXCHANGES)),
        engine.load("releases", RELEASES),
    )
    return {
        row["group"]: row["score"] for row in scored(signal, engine.collect(signal.query(inputs)).to_pylist())
    }


@pytest.mark.parametrize("name", list(SIGNALS.all()))
def test_example_gives_its_scores(engine: DuckDBEngine, name: str) -> None:
    signal = SIGNALS.all()[name]
    rows = signal.example["signal_exchanges"]
    found = scores(engine, signal, rows)
    assert set(found) == set(signal.expect)
    for group, score in signal.expect.items():
        assert found[group] == pytest.approx(score, abs=0.05), f"group {group}"
    assert scores(engine, signal, rows[::-1]) == found


@pytest.mark.parametrize("name", list(SIGNALS.all()))
def test_says_what_it_sees_and_where_it_is_wrong(name: str) -> None:
    signal = SIGNALS.all()[name]
    assert len(signal.blind_spots) > 20
    assert signal.sees
    assert signal.needs
    assert len({row["group"] for row in signal.example["signal_exchanges"]} - {0}) > 1, (
        "an example must part two groups"
    )
