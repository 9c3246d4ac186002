"""A run is read by need: batches, engine tables, rows of one group; large tables are never kept whole."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ibis import _
from small_runs import contents
from village import Ran

from stillwatch.engine import DuckDBEngine
from stillwatch.errors import RunError
from stillwatch.report.explain import explain
from stillwatch.report.page import html
from stillwatch.run import reading
from stillwatch.run.layout import TABLES, stored_days
from stillwatch.run.reading import LARGE, Run
from stillwatch.settings import EngineSettings


def test_batches_hold_the_columns_asked_for_in_the_files_order(village_run: Ran) -> None:
    run = Run(village_run.folder)
    found = pa.Table.from_batches(list(run.batches("exchanges", ["time", "account"])))
    whole = pa.concat_tables(
        [pq.ParquetFile(path).read(["time", "account"]) for path in stored_days(village_run.folder)]
    )
    assert found.column_names == ["time", "account"]
    assert found.select(["account", "time"]).equals(whole.select(["account", "time"]))


def test_a_batch_is_never_a_whole_large_table(village_run: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ROWS_AT_ONCE", 100)
    sizes = [batch.num_rows for batch in Run(village_run.folder).batches("traces", ["account"])]
    assert max(sizes) <= 100
    assert sum(sizes) == village_run.table("traces").num_rows


def test_an_engine_reads_a_table_and_an_absent_one_is_empty(small: Ran) -> None:
    (small.folder / "intents.parquet").unlink()
    run = Run(small.folder)
    with DuckDBEngine(EngineSettings(memory="1GB")) as engine:
        exchanges = run.engine_table(engine, "exchanges")
        accounts = run.engine_table(engine, "accounts")
        joined = exchanges.semi_join(accounts, "account").agg(n=_.count())
        assert engine.collect(joined)["n"].to_pylist() == [24]
        absent = run.engine_table(engine, "intents")
        assert engine.collect(absent).column_names == TABLES["intents"].names()
        assert engine.collect(absent).num_rows == 0
    assert run.table("intents").num_rows == 0
    assert list(run.batches("intents")) == []


def test_the_rows_of_a_group_are_the_same_from_a_large_table_and_from_a_small_one(
    village_run: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS_AT_ONCE", 7)
    run = Run(village_run.folder)
    for name in ("member_evidence", "members"):
        whole = village_run.rows(name)
        groups = {row["group"] for row in whole}
        assert len(whole) > 2 * reading.ROWS_AT_ONCE
        for group in groups | {0}:
            assert run.rows(name, group) == [row for row in whole if row["group"] == group]


def test_report_and_explain_keep_no_large_table(village_run: Ran) -> None:
    run = Run(village_run.folder)
    html(run)
    assert run._tables
    assert set(run._tables) & set(LARGE) == set()
    before = contents(village_run.folder)
    explain(village_run.folder, min(village_run.members("C001")))
    assert contents(village_run.folder) == before


def test_a_column_that_is_not_there_and_a_table_that_is_no_parquet(small: Ran) -> None:
    run = Run(small.folder)
    with pytest.raises(RunError, match="exchanges has no column colour"):
        list(run.batches("exchanges", ["colour"]))
    stored_days(small.folder)[0].write_bytes(b"PAR1 and no more")
    with pytest.raises(RunError, match="exchanges cannot be read"):
        list(run.batches("exchanges", ["account"]))
