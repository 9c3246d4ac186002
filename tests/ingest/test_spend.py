"""What requests cost, as logs have it: micro-dollars, or nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingest_bench import Bench
from pyarrow import csv

from stillwatch.ingest.request import Context, Request
from stillwatch.ingest.values import UNUSABLE, micro_dollars
from stillwatch.ingest.vectors import dollars
from stillwatch.registry import FORMATS

Make = Callable[..., dict[str, Any]]
WRONG = "negative, too large or no number: left out"
AMOUNTS: tuple[tuple[Any, int | None], ...] = (
    (0.0, 0),
    (0, 0),
    (1.2e-05, 12),
    (2, 2_000_000),
    (4e-7, 0),
    ("0.25", 250_000),
    (" 1e-3 ", 1_000),
    (Decimal("0.000007"), 7),
    (None, None),
    ("", None),
    (math.nan, None),
    ("nan", None),
    (-0.01, UNUSABLE),
    (math.inf, UNUSABLE),
    ("ten", UNUSABLE),
    (True, UNUSABLE),
    ({"total": 1}, UNUSABLE),
)


@pytest.mark.parametrize(("given", "found"), AMOUNTS)
def test_one_amount(given: Any, found: int | None) -> None:
    assert micro_dollars(given) == found


def test_a_unit_of_the_log() -> None:
    """Portkey counts cents."""
    assert micro_dollars(0.25, 0.01) == 2_500


def test_columns_are_read_as_single_values_are() -> None:
    floats = [given for given, _ in AMOUNTS if isinstance(given, float)]
    floats += [i * 1.37e-6 for i in range(2_000)] + [2.5e-6, 3.5e-6, 1e12, 1e300]
    for kind in (pa.float64(), pa.decimal128(20, 9), pa.string(), pa.int32()):
        values: list[Any] = (
            floats
            if kind == pa.float64()
            else [Decimal("0.000012"), None]
            if pa.types.is_decimal(kind)
            else ["0.25", "", "ten", None]
            if kind == pa.string()
            else [0, 3, -1]
        )
        assert dollars(pa.array(values, kind)).to_pylist() == [micro_dollars(value) for value in values]
    assert dollars(pa.nulls(2)).to_pylist() == [None, None]


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "csv"])
def test_a_wrong_cost_is_no_cost_and_is_counted(kind: str, bench: Bench, spend_row: Make) -> None:
    """The row stays. What is not given is not wrong, and neither is nothing."""
    costs = [0.002, None, -1.0, 1e9, 0.0]
    rows = [spend_row(i, spend=cost) for i, cost in enumerate(costs)]
    path = bench.folder / f"log.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif kind == "csv":
        csv.write_csv(pa.Table.from_pylist(rows), path)
    else:
        bench.lines(path.name, rows)
    assert [row["spend"] for row in bench.read(path)] == [2_000, None, None, None, 0]
    assert bench.quarantine.mended["spend", WRONG] == 2
    assert bench.quarantine.filled["spend"] == 2


def test_a_log_of_ones_own_gives_dollars(bench: Bench) -> None:
    """The mapping names the column; the unit is the dollar."""
    rows = [{"who": "ada", "at": "2026-02-01T12:00:00Z", "price": price} for price in (0.5, "0.25", None)]
    mapping = bench.write("map.toml", '[columns]\naccount_id = "who"\ntime = "at"\nspend = "price"\n')
    found = bench.read(bench.lines("log.jsonl", rows), "generic", mapping)
    assert [row["spend"] for row in found] == [500_000, 250_000, None]


def test_only_dollars_are_dollars() -> None:
    """A cost in another currency is not known, as no rate is."""
    read = FORMATS.all()["portkey_logs"].read
    row = {"id": "p", "created_at": "2026-02-01T12:00:00Z", "cost": 0.25, "metadata": {"_user": "ada"}}
    given = [next(iter(read({**row, "cost_currency": name}, Context()))) for name in ("EUR", "usd")]
    assert [one.spend for one in given if isinstance(one, Request)] == [None, 2_500]
