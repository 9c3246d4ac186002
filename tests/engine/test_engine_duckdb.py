"""DuckDB behind the door: 64-bit sums, equal bytes, nothing half-written, nothing left behind."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.engine import DuckDBEngine, Scope
from stillwatch.engine.duckdb import written
from stillwatch.errors import InputError, OutOfRoom, SettingError
from stillwatch.schema.table import TIME, schema_of, values
from stillwatch.settings import EngineSettings

SCHEMA = schema_of(key=pa.int64(), name=pa.string(), time=TIME)
SETTINGS = EngineSettings(memory="1GB", threads=2)


def rows(n: int, seed: int) -> pa.Table:
    """Rows in an order that the seed decides; the rows are the same for every seed."""
    order = np.random.default_rng(seed).permutation(n)
    start = datetime(2026, 3, 2, tzinfo=UTC)
    columns: list[Any] = [
        order - n // 2,
        [None if key % 7 == 0 else f"row {key}" for key in order],
        [start + timedelta(seconds=int(key)) for key in order],
    ]
    return pa.table(
        [pa.array(column, kind) for column, kind in zip(columns, SCHEMA.types, strict=True)], schema=SCHEMA
    )


def test_sums_of_64_bit_integers_stay_64_bits_wide(duck: DuckDBEngine) -> None:
    table = duck.load("numbers", pa.table({"one": [1, 1, 2], "key": [2**62, 5, -7]}))
    sums = table.group_by("one").agg(key=table["key"].sum())
    wanted = {1: 2**62 + 5, 2: -7}
    for collected in (
        duck.collect(sums),
        duck.collect(duck.create("sums", sums)),
        duck.collect(duck.connection.table("sums")),
    ):
        assert collected.schema.field("key").type == pa.int64()
        assert dict(zip(values(collected, "one"), values(collected, "key"), strict=True)) == wanted


def test_keys_with_a_null_among_them_keep_their_last_digits(duck: DuckDBEngine) -> None:
    keys = [2**63 - 1, None, -(2**63) + 1]
    assert sorted(
        values(duck.collect(duck.load("keys", pa.table({"key": pa.array(keys, pa.int64())}))), "key"), key=str
    ) == sorted(keys, key=str)


def test_a_table_may_be_made_anew_from_its_old_rows(duck: DuckDBEngine) -> None:
    table = duck.load("numbers", pa.table({"key": [1, 2, 3]}))
    again = duck.create("numbers", table.filter(table["key"] > 1))
    assert sorted(values(duck.collect(again), "key")) == [2, 3]


def test_a_dropped_table_is_gone(duck: DuckDBEngine) -> None:
    duck.load("numbers", pa.table({"key": [1]}))
    duck.drop("numbers")
    duck.drop("numbers")
    with pytest.raises(Exception, match="numbers"):
        duck.connection.table("numbers")


def test_equal_rows_give_equal_bytes_in_whatever_order_they_come(tmp_path: Path) -> None:
    digests = set()
    for seed, threads in ((1, 1), (2, 2), (3, 2)):
        path = tmp_path / f"{seed}.parquet"
        with DuckDBEngine(EngineSettings(memory="1GB", threads=threads)) as engine:
            assert engine.write(engine.load("rows", rows(5_000, seed)), path, SCHEMA, ["key"]) == 5_000
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1
    written = pq.read_table(tmp_path / "1.parquet")
    assert written.schema.equals(SCHEMA)
    assert values(written, "key") == sorted(values(written, "key"))


def test_what_was_written_is_read_again(duck: DuckDBEngine, tmp_path: Path) -> None:
    for part in (1, 2):
        duck.write(duck.load("rows", rows(10, part)), tmp_path / f"{part}.parquet", SCHEMA, ["key"])
    table = duck.read("both", [tmp_path / "1.parquet", tmp_path / "2.parquet"])
    assert duck.collect(table).sort_by("key").column("name").null_count == 4
    assert duck.collect(table.agg(n=table.count())).column("n").to_pylist() == [20]


def test_a_write_that_fails_leaves_nothing_and_spares_what_was_there(
    duck: DuckDBEngine, tmp_path: Path
) -> None:
    path = tmp_path / "table.parquet"
    path.write_bytes(b"before")
    table = duck.load("words", pa.table({"key": ["no number"]}))
    with pytest.raises(pa.ArrowInvalid):
        duck.write(table, path, schema_of(key=pa.int64()), ["key"])
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_memory_limit_that_cannot_be_read_is_a_setting_s_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"engine\.memory cannot be plenty") as raised:
        DuckDBEngine(EngineSettings(memory="plenty"), tmp_path)
    assert raised.value.where == "engine.memory"
    assert list(tmp_path.iterdir()) == [], "the scratch folder goes with the engine that never was"


def test_a_query_without_room_says_so_and_the_next_one_is_answered(tmp_path: Path) -> None:
    with DuckDBEngine(EngineSettings(memory="60MB", threads=1), tmp_path) as small:
        small.connection.con.execute("SET max_temp_directory_size = '1MB'")
        one, two = (small.load(name, pa.table({name: range(3_000)})) for name in ("one", "two"))
        pairs = one.cross_join(two)
        with pytest.raises(OutOfRoom, match="ran out of room") as raised:
            small.create("large", pairs.group_by(key=pairs.one * 3_000 + pairs.two).agg(n=pairs.count()))
        assert raised.value.where == "engine.memory"
        assert small.collect(one).num_rows == 3_000


@pytest.mark.parametrize("fails", [False, True])
def test_what_one_piece_of_work_makes_goes_with_it(duck: DuckDBEngine, fails: bool) -> None:
    before = duck.load("before", pa.table({"key": [1, 2]}))
    try:
        with Scope(duck) as scope:
            scope.create("made", scope.load("loaded", pa.table({"key": [3]})))
            if fails:
                raise OutOfRoom("no room")
    except OutOfRoom:
        assert fails
    assert duck.connection.con.execute("SHOW TABLES").fetchall() == [("before",)]
    assert duck.collect(before).num_rows == 2
    assert duck.holders == {}


def names(engine: DuckDBEngine) -> set[str]:
    """The tables and views that an engine holds."""
    return {str(row[0]) for row in engine.connection.con.execute("SHOW TABLES").fetchall()}


def test_two_stages_may_use_one_name(duck: DuckDBEngine) -> None:
    with Scope(duck, "linkage") as one, Scope(duck, "signals") as other:
        tables = [scope.load("taken", pa.table({"key": [key]})) for scope, key in ((one, 1), (other, 2))]
        assert names(duck) == {"linkage__taken", "signals__taken"}
        assert [values(duck.collect(table), "key") for table in tables] == [[1], [2]]
    assert names(duck) == set()


def test_what_another_stage_holds_cannot_be_made_anew(duck: DuckDBEngine) -> None:
    with Scope(duck, "linkage") as one, Scope(duck, "linkage") as other:
        kept = one.load("taken", pa.table({"key": [1]}))
        with pytest.raises(ValueError, match="BUG: table linkage__taken belongs to another stage"):
            other.load("taken", pa.table({"key": [2]}))
        one.load("round", pa.table({"key": [1]}))
        one.load("round", pa.table({"key": [2]}))
        assert values(duck.collect(kept), "key") == [1]
    with Scope(duck, "linkage") as third:
        third.load("taken", pa.table({"key": [3]}))


@pytest.mark.parametrize("fails", [False, True])
def test_a_result_goes_to_the_scope_around_and_outlasts_its_stage(duck: DuckDBEngine, fails: bool) -> None:
    try:
        with Scope(duck, results=("inner__kept",)) as outer:
            with Scope(outer, "inner", ("kept", "handed_on")) as inner:
                for name in ("kept", "handed_on", "scratch"):
                    inner.load(name, pa.table({"key": [1]}))
                with Scope(inner, "deeper") as deeper:
                    deeper.load("kept", pa.table({"key": [2]}))
                    assert "inner__deeper__kept" in names(duck)
            assert names(duck) == {"inner__kept", "inner__handed_on"}
            if fails:
                raise OutOfRoom("no room")
    except OutOfRoom:
        assert fails
    assert names(duck) == (set() if fails else {"inner__kept"})
    if not fails:
        with Scope(duck, "inner") as again, pytest.raises(ValueError, match="belongs to another stage"):
            again.load("kept", pa.table({"key": [3]}))


def test_a_view_over_files_goes_with_its_stage(duck: DuckDBEngine, tmp_path: Path) -> None:
    duck.write(duck.load("rows", rows(10, 1)), tmp_path / "rows.parquet", SCHEMA, ["key"])
    with Scope(duck, "logs") as scope:
        assert duck.collect(scope.read("read", [tmp_path / "rows.parquet"])).num_rows == 10
    assert names(duck) == {"rows"}


def test_no_files_is_a_person_s_fault(duck: DuckDBEngine) -> None:
    with pytest.raises(InputError, match="no files for table traces"):
        duck.read("traces", [])


def test_the_scratch_folder_goes_with_the_engine(tmp_path: Path) -> None:
    with DuckDBEngine(SETTINGS, tmp_path):
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ZeroDivisionError), DuckDBEngine(SETTINGS, tmp_path):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_query_is_written_once_for_all_engines_and_answered_by_each(tmp_path: Path) -> None:
    sums = []
    for number, folder in enumerate(("first", "second")):
        (tmp_path / folder).mkdir()
        with DuckDBEngine(SETTINGS, tmp_path / folder) as engine:
            table = engine.load("tallies", pa.table({"key": pa.array([1, 2, 3 + number], pa.int64())}))
            before = written.cache_info()
            sums += values(engine.collect(table.agg(key=table.key.sum())), "key")
            after = written.cache_info()
            assert (after.hits - before.hits, after.misses - before.misses) == (
                (0, 1) if number == 0 else (1, 0)
            )
            (spills,) = engine.connection.con.execute("SELECT current_setting('temp_directory')").fetchone()
            assert Path(spills).parent == tmp_path / folder
    assert sums == [6, 7]


def test_another_type_of_column_is_another_query(duck: DuckDBEngine) -> None:
    for kind, wanted in ((pa.int64(), "2"), (pa.string(), "b")):
        table = duck.load(
            "retyped", pa.table({"key": pa.array([1, 2] if kind == pa.int64() else ["a", "b"], kind)})
        )
        assert [str(value) for value in values(duck.collect(table.agg(key=table.key.max())), "key")] == [
            wanted
        ]


def test_no_bar_of_duckdb_s_own_is_shown_where_it_takes_a_program_for_a_terminal() -> None:
    asked = "\"select current_setting('enable_progress_bar')\""
    code = f"""
import duckdb
from stillwatch.engine import DuckDBEngine, Scope
from stillwatch.settings import EngineSettings
with DuckDBEngine(EngineSettings()) as engine:
    print([connection.execute({asked}).fetchall() for connection in (duckdb.connect(), engine.connection.con)])
"""
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert said == "[[(True,)], [(False,)]]\n", "DuckDB's default or our setting has changed"
