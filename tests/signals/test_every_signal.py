"""Each signal carries its own proof: its example must give its scores, in any order of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.registry import SIGNALS, Signal
from stillwatch.schema.found import SCORES
from stillwatch.settings import EngineSettings
from stillwatch.signals import SIGNAL_EXCHANGES, prepare
from stillwatch.signals.score import scored

TEXTS = {"model", "part"}
"""Values that are texts: the name of a model, and which part of a prompt."""
RELEASES = pa.table({"model": pa.array(["new"]), "second": pa.array([1_000_000], pa.int64())})


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine(EngineSettings(memory="1GB")) as opened:
        yield opened


def found_rows(engine: DuckDBEngine, signal: Signal, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    full = [{"second": 0, "has_text": False} | row for row in rows]
    inputs = prepare(
        engine,
        engine.load("example", pa.Table.from_pylist(full, schema=SIGNAL_EXCHANGES)),
        engine.load("releases", RELEASES),
    )
    return scored(signal, engine.collect(signal.query(inputs)).to_pylist())


def scores(engine: DuckDBEngine, signal: Signal, rows: list[dict[str, Any]]) -> dict[int, float]:
    return {row["group"]: row["score"] for row in found_rows(engine, signal, rows)}


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
def test_a_finding_holds_numbers_and_no_text_of_a_person(engine: DuckDBEngine, name: str) -> None:
    signal = SIGNALS.all()[name]
    for row in found_rows(engine, signal, signal.example["signal_exchanges"]):
        assert row["values"], "a finding without values cannot be told"
        named = {value["name"] for value in row["values"]}
        wanted = {field for _, field, _, _ in Formatter().parse(signal.finding) if field}
        assert wanted | set(signal.unless) <= named
        for value in row["values"]:
            assert sum(value[kind] is not None for kind in ("whole", "number", "text", "time")) <= 1
            assert value["text"] is None or value["name"] in TEXTS
        table = pa.Table.from_pylist([row], schema=SCORES.arrow)
        assert table.to_pylist()[0]["values"] == row["values"]


@pytest.mark.parametrize("name", list(SIGNALS.all()))
def test_says_what_it_sees_and_where_it_is_wrong(name: str) -> None:
    signal = SIGNALS.all()[name]
    assert len(signal.blind_spots) > 20
    assert signal.sees
    assert signal.needs
    assert len({row["group"] for row in signal.example["signal_exchanges"]} - {0}) > 1, (
        "an example must part two groups"
    )
