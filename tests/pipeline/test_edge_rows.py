"""Several rows of the edge for one request, and how many requests an edge log names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine, Engine
from stillwatch.pipeline.write_exchanges import EDGE_COLUMNS, _told_of, edge_joins
from stillwatch.settings import EngineSettings


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    """An engine of its own."""
    with DuckDBEngine(EngineSettings(), tmp_path) as made:
        yield made


def edge_row(request: int, place: int, **more: Any) -> dict[str, Any]:
    """One row of the edge log, keyed."""
    blank = dict.fromkeys(EDGE_COLUMNS)
    row = {"request": request, "outside": True, "seen": None, "place": place, "id_rank": 0, "id_column": "id"}
    return {**blank, **row, **more}


def tables(engine: Engine, rows: list[dict[str, Any]], requests: list[int]) -> tuple[Any, Any]:
    """The requests of a log, and its edge log."""
    kinds: dict[str, pa.DataType] = {name: pa.int64() for name in ("request", *EDGE_COLUMNS, "place", "seen")}
    kinds |= {"outside": pa.bool_(), "id_rank": pa.int32(), "id_column": pa.string()}
    schema = pa.schema([(name, kinds[name]) for name in rows[0]])
    asked = pa.table({"named": pa.array(requests, pa.int64())})
    return engine.load("asked", asked), engine.load("edge", pa.Table.from_pylist(rows, schema=schema))


def test_one_row_is_chosen_whole_and_filled_by_rows_of_no_other_address(engine: Engine) -> None:
    rows = [
        edge_row(1, 1, outside=False, address=99, asn=64999, client=9, ja4=7),
        edge_row(1, 2, address=5, asn=64500),
        edge_row(1, 3, address=5, client=3),
        edge_row(1, 4, address=6, ja4=8),
        edge_row(2, 5, address=4, seen=20),
        edge_row(2, 6, address=3, seen=10),
        edge_row(3, 7, address=4, id_rank=1),
        edge_row(3, 8, address=3),
    ]
    asked, edge = tables(engine, rows, [1, 2, 3, 4])
    told = engine.collect(_told_of(engine, asked, edge).order_by("named")).to_pylist()
    assert [row["edge_address"] for row in told] == [5, 3, 3]
    assert (told[0]["edge_asn"], told[0]["edge_client"]) == (64500, 3)
    assert told[0]["edge_ja4"] is None, "what a hop inside or another client says is not taken"


def test_joins_are_counted_in_all_and_by_column(engine: Engine) -> None:
    rows = [
        edge_row(1, 1, id_column="a"),
        edge_row(1, 1, id_column="b"),
        edge_row(2, 2, id_column="b"),
        edge_row(9, 3, id_column="c"),
    ]
    asked, edge = tables(engine, rows, [1, 2, 3, 3])
    found = {row["id_column"]: row for row in edge_joins(engine, asked, edge).to_pylist()}
    assert (found[None]["named"], found[None]["requests"]) == (2, 3)
    assert (found["a"]["named"], found["b"]["named"]) == (1, 2)
    assert "c" not in found


def test_an_edge_log_of_other_ids_names_nothing(engine: Engine) -> None:
    asked, edge = tables(engine, [edge_row(7, 1)], [1, 2])
    [whole] = edge_joins(engine, asked, edge).to_pylist()
    assert (whole["named"], whole["requests"]) == (0, 2)
