"""Rows of many small tables are each kept once, whatever the order in which they come and however often they
are put together.
"""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.pipeline import read_logs
from stillwatch.pipeline.read_logs import ACCOUNTS_SEEN, Gathered

ROWS = st.tuples(st.integers(-5, 5), st.sampled_from(["a", "b", "c"]))


def table(rows: list[tuple[int, str]]) -> pa.Table:
    return pa.Table.from_pylist(
        [{"account": number, "account_id": name} for number, name in rows], schema=ACCOUNTS_SEEN
    )


@given(st.lists(st.lists(ROWS, max_size=12), max_size=12))
def test_each_row_is_kept_once_and_in_order(tables: list[list[tuple[int, str]]]) -> None:
    gathered = Gathered(ACCOUNTS_SEEN)
    for rows in tables:
        gathered.add(table(rows))
    wanted = sorted({row for rows in tables for row in rows})
    assert gathered.table().equals(table(wanted))
    assert gathered.table().equals(table(wanted))


def test_many_tables_are_made_one_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time costs the rows known so far: with one table after the other it would grow with their
    square.
    """
    made: list[int] = []
    distinct = read_logs.distinct

    def counting(rows: pa.Table) -> pa.Table:
        made.append(rows.num_rows)
        return distinct(rows)

    monkeypatch.setattr(read_logs, "distinct", counting)
    gathered = Gathered(ACCOUNTS_SEEN)
    for start in range(0, 2_000_000, 20_000):
        gathered.add(table_of(start, 20_000))
    assert gathered.table().num_rows == 2_000_000
    assert sum(made) < 3 * 2_000_000


def table_of(start: int, rows: int) -> pa.Table:
    numbers = pa.array(range(start, start + rows), pa.int64())
    return pa.table({"account": numbers, "account_id": numbers.cast(pa.string())}, schema=ACCOUNTS_SEEN)
