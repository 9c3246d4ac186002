"""Values with names can be read where tables are read: DuckDB, pandas, and back from Parquet."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ibis import _

from stillwatch.engine import DuckDBEngine
from stillwatch.schema.found import CAMPAIGNS, SCORES
from stillwatch.schema.values import items, record, records
from stillwatch.settings import EngineSettings

TOLD = {
    "accounts": 2**62,
    "part": 0.25,
    "model": "wren",
    "last": datetime(2026, 2, 3, tzinfo=UTC),
    "gone": None,
}
ROW: dict[str, Any] = {
    "group": 1,
    "signal": "volume",
    "axis": "scale",
    "score": 0.5,
    "peers": None,
    "values": records(TOLD),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "scores.parquet"
    pq.write_table(pa.Table.from_pylist([ROW], schema=SCORES.arrow), path)
    return path


def wholes(engine: DuckDBEngine, file: Path) -> list[Any]:
    """The whole numbers among the values, by the engine."""
    table = engine.read("told", [file])
    each = table.select("signal", value=table["values"].unnest())
    rows = each.select("signal", name=_.value["name"], whole=_.value["whole"])
    return engine.collect(rows.filter(_.whole.notnull())).to_pylist()


def test_duckdb_reads_them(file: Path) -> None:
    with DuckDBEngine(EngineSettings(memory="1GB")) as engine:
        assert wholes(engine, file) == [{"signal": "volume", "name": "accounts", "whole": 2**62}]
        (row,) = engine.collect(engine.read("again", [file])).to_pylist()
    assert items(row["values"]) == TOLD


def test_pandas_and_parquet_read_them(file: Path) -> None:
    pytest.importorskip("pandas")
    (kept,) = pq.read_table(file).to_pandas()["values"]
    assert {value["name"] for value in kept} == set(TOLD)
    assert pq.read_schema(file).equals(SCORES.arrow)


def test_a_value_of_no_known_kind_is_a_fault() -> None:
    with pytest.raises(TypeError, match="BUG"):
        record("list", [1])


def test_what_the_log_does_not_tell_is_null_and_nothing_of_note_is_empty() -> None:
    field = CAMPAIGNS.arrow.field("extracting")
    assert field.nullable
    assert pa.array([None, []], field.type).to_pylist() == [None, []]
