"""What groups and accounts ask for, from their exchanges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.schema.found import ACCOUNT_INTENTS, INTENTS
from stillwatch.schema.rates import RATES
from stillwatch.settings import EngineSettings
from stillwatch.signals import SIGNAL_EXCHANGES
from stillwatch.signals.intents import LABELS, Intents, intents

GRADING, PREFERENCE, GENERATION = 2, 4, 8
DAY = 86_400


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    with DuckDBEngine(EngineSettings(memory="1GB")) as opened:
        yield opened


def found(engine: DuckDBEngine, rows: list[dict[str, Any]], rates: pa.Table | None = None) -> Intents:
    full = [{"second": 0, "has_text": True} | row for row in rows]
    return intents(engine, engine.load("rows", pa.Table.from_pylist(full, schema=SIGNAL_EXCHANGES)), rates)


def of(table: pa.Table, label: str, **keys: int) -> dict[str, Any]:
    (row,) = [
        row
        for row in table.to_pylist()
        if row["label"] == label and all(row[name] == value for name, value in keys.items())
    ]
    return dict(row)


def exchanges(
    group: int, accounts: int, each: int, flagged: int, flag: int = GRADING
) -> list[dict[str, Any]]:
    return [
        {
            "group": group,
            "account": group * 1_000 + a,
            "second": i * DAY // 8,
            "flags": flag if i % each < flagged else 0,
        }
        for a in range(accounts)
        for i in range(each)
    ]


def test_every_label_of_every_group_has_a_row_and_the_peers_have_none(engine: DuckDBEngine) -> None:
    estimates = found(engine, exchanges(0, 20, 10, 1) + exchanges(1, 10, 40, 10) + exchanges(2, 1, 50, 50))
    assert estimates.groups.schema == INTENTS.arrow
    assert [(row["group"], row["label"]) for row in estimates.groups.to_pylist()] == [
        (group, label) for group in (1, 2) for label in LABELS
    ]
    row = of(estimates.groups, "grading", group=1)
    assert (row["texts"], row["flagged"], row["share"], row["corrected"]) == (400, 100, 0.25, False)
    assert 0.15 < row["low"] < 0.25 < row["high"] < 0.35
    assert set(estimates.wide.column("group").to_pylist()) == {0, 1, 2}


def test_accounts_have_only_the_labels_that_were_flagged(engine: DuckDBEngine) -> None:
    estimates = found(
        engine, exchanges(0, 3, 9, 3) + exchanges(1, 6, 40, 10) + exchanges(2, 2, 20, 20, GENERATION)
    )
    assert estimates.accounts.schema == ACCOUNT_INTENTS.arrow
    rows = estimates.accounts.to_pylist()
    assert {(row["group"], row["label"]) for row in rows} == {(1, "grading"), (2, "generation")}
    assert [row["account"] for row in rows] == [1_000, 1_001, 1_002, 1_003, 1_004, 1_005, 2_000, 2_001]
    assert all((row["texts"], row["flagged"], row["share"]) == (40, 10, 0.25) for row in rows[:6])


def test_exchanges_without_text_count_for_nothing(engine: DuckDBEngine) -> None:
    silent = [{"group": 3, "account": 9, "has_text": False}] * 5
    estimates = found(engine, exchanges(1, 5, 10, 5) + silent)
    assert set(estimates.groups.column("group").to_pylist()) == {1}
    assert found(engine, silent).groups.num_rows == 0
    assert found(engine, []).accounts.num_rows == 0


def test_shares_are_corrected_where_the_rates_are_known(engine: DuckDBEngine) -> None:
    rates = pa.Table.from_pylist(
        [{"label": "grading", "hits": 400.0, "positives": 500.0, "false": 10.0, "negatives": 1_000.0}],
        schema=RATES.arrow,
    )
    rows = exchanges(1, 30, 50, 20) + exchanges(2, 30, 100, 1)
    plain, corrected = found(engine, rows), found(engine, rows, rates)
    row = of(corrected.groups, "grading", group=1)
    assert row["corrected"]
    assert row["share"] == pytest.approx((0.4 - 0.01) / (0.8 - 0.01), abs=1e-6)
    assert row["low"] < row["share"] < row["high"]
    assert of(corrected.groups, "grading", group=2)["low"] == 0.0
    assert of(plain.groups, "grading", group=2)["share"] == pytest.approx(0.01)
    assert of(corrected.groups, "judge", group=1) == of(plain.groups, "judge", group=1)


def test_accounts_that_differ_widen_the_interval(engine: DuckDBEngine) -> None:
    alike = found(engine, exchanges(1, 20, 40, 20)).groups
    apart = found(engine, exchanges(1, 20, 40, 20)[:400] + exchanges(1, 20, 40, 0)[400:]).groups
    apart_rows = found(
        engine,
        [row | {"flags": GRADING if row["account"] % 4 == 0 else 0} for row in exchanges(1, 20, 40, 0)],
    ).groups
    width = [
        of(table, "grading", group=1)["high"] - of(table, "grading", group=1)["low"]
        for table in (alike, apart, apart_rows)
    ]
    assert width[0] < width[1]
    assert width[0] < width[2]


def test_labels_that_go_together_are_not_counted_twice(engine: DuckDBEngine) -> None:
    both = found(engine, exchanges(1, 10, 40, 20, GRADING | PREFERENCE)).wide.to_pylist()[0]
    assert both["graded"] == pytest.approx(0.5)
    half = exchanges(1, 10, 40, 10, GRADING)
    mixed = found(
        engine, half + [row | {"flags": PREFERENCE if row["flags"] else 0} for row in half]
    ).wide.to_pylist()[0]
    assert mixed["graded"] == pytest.approx(0.25)
    assert mixed["graded_low"] <= mixed["graded"] <= mixed["graded_high"]


def test_the_order_of_rows_does_not_matter(engine: DuckDBEngine) -> None:
    rows = exchanges(2, 7, 13, 4) + exchanges(1, 3, 11, 5)
    assert found(engine, rows).groups.equals(found(engine, rows[::-1]).groups)
    assert found(engine, rows).accounts.equals(found(engine, rows[::-1]).accounts)
