"""The same expressions on a local Spark give the same rows as on DuckDB: each alone, and the whole search."""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from numbered_words import Pool, filled, own_words
from village import Ran, beside, options

from stillwatch.cli import program
from stillwatch.engine import DuckDBEngine, Scope, open_engine
from stillwatch.engine.spark import SparkEngine
from stillwatch.errors import InputError, SettingError
from stillwatch.heldout.semantic_vectors import account_semantic_vectors
from stillwatch.pipeline.merge_exchanges import merge_exchanges
from stillwatch.prompt_templates import Search, counts_of, families_of, uses_of
from stillwatch.schema.found import SCORES
from stillwatch.schema.stored import EXCHANGES
from stillwatch.schema.table import TIME, schema_of, values
from stillwatch.schema.values import records
from stillwatch.settings import EngineSettings

FAST = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
"""A session for hundreds of tiny queries: compiling them would cost more than running them."""
HAS_JAVA = bool(os.environ.get("JAVA_HOME") or shutil.which("java"))


pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
"""PySpark leaves the sockets that results come through to the garbage collector."""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed")
    if not HAS_JAVA:
        pytest.skip("Spark needs Java, and none was found")
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("stillwatch tests")
    warehouse = str(tmp_path_factory.mktemp("warehouse"))
    for name, value in (FAST | {"spark.sql.warehouse.dir": warehouse}).items():
        builder = builder.config(name, value)
    opened = builder.getOrCreate()
    opened.sparkContext.setLogLevel("ERROR")
    yield opened
    opened.stop()
    gc.collect()


@pytest.fixture(scope="module")
def spark(session: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkEngine]:
    with SparkEngine(session, tmp_path_factory.mktemp("scratch")) as engine:
        yield engine


@pytest.fixture(scope="module")
def spark_run(session: Any, village: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The village through the command, searched on Spark."""
    folder = tmp_path_factory.mktemp("detected")
    settings = folder / "one.toml"
    settings.write_text("[ingest]\nworkers = 1\n", encoding="utf-8")
    out = folder / "a run [1]"
    words = ["detect", str(village / "logs"), *options(beside(village)), "--settings", str(settings)]
    done = CliRunner().invoke(program, [*words, "--engine", "local[2]", "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    return out


@pytest.mark.spark
@pytest.mark.thorough
def test_the_whole_search_gives_equal_tables(spark_run: Path, village_run: Ran) -> None:
    files = {path.relative_to(village_run.folder) for path in village_run.folder.rglob("*.parquet")}
    assert files == {path.relative_to(spark_run) for path in spark_run.rglob("*.parquet")}
    campaigns = pq.read_table(spark_run / "campaigns.parquet")
    assert "adversarial" in values(campaigns, "verdict"), "a search that finds nothing shows little"
    for file in sorted(files):
        one, other = (
            pq.read_table(folder / file, partitioning=None) for folder in (village_run.folder, spark_run)
        )
        assert other.schema.equals(one.schema), file
        assert other.num_rows == one.num_rows, file
        for column, kind in zip(one.column_names, one.schema.types, strict=True):
            wanted, found = one.column(column), other.column(column)
            if not found.equals(wanted):
                # Sums of floats in another order may differ in their last digits.
                assert pa.types.is_floating(kind), (file, column)
                assert found.is_null().equals(wanted.is_null()), (file, column)
                same = pytest.approx(wanted.drop_null().to_pylist(), rel=1e-9, abs=1e-9)
                assert found.drop_null().to_pylist() == same, (file, column)


@pytest.mark.spark
@pytest.mark.thorough
def test_a_run_does_not_tell_where_it_was_searched(spark_run: Path) -> None:
    about = json.loads((spark_run / "run.json").read_text(encoding="utf-8"))
    assert "memory" in about["settings"]["engine"]
    assert {"url", "scratch"} & about["settings"]["engine"].keys() == set()
    assert {path.name for path in spark_run.parent.iterdir()} == {"a run [1]", "one.toml"}, "scratch stays"


@pytest.mark.spark
def test_a_session_that_was_there_is_used_and_stays(session: Any, tmp_path: Path) -> None:
    with open_engine("local[1]", EngineSettings(), tmp_path) as engine:
        assert values(engine.collect(engine.load("numbers", pa.table({"key": [1]}))), "key") == [1]
    assert list(tmp_path.iterdir()) == []
    assert session.sql("SELECT 1 AS one").collect()[0].one == 1


@pytest.mark.spark
def test_templates_are_equal(spark: SparkEngine, duck: DuckDBEngine) -> None:
    rng = np.random.default_rng(1)
    pool, pieces = Pool(), [own_words(rng, 40), own_words(rng, 30)]
    pool.add_all((filled(pieces, rng, swap=0.1, padded=True) for _ in range(60)), list(range(12)))
    pool.add_all((filled(pieces[:1], rng) for _ in range(30)), list(range(20, 30)), group=2)
    groups = pool.table().select(["account", "group"]).group_by(["account", "group"]).aggregate([])
    results = []
    for engine in (duck, spark):
        rows = engine.load("prompts", pool.table())
        found = families_of(engine, rows, pool.texts(), Search())
        results.append(
            (found, counts_of(engine, uses_of(engine, rows, found), engine.load("whose", groups)).to_pylist())
        )
    assert results[0] == results[1]
    assert {family.group for family in results[0][0]} == {1, 2}


@pytest.mark.spark
def test_keys_with_a_null_among_them_keep_their_last_digits(spark: SparkEngine) -> None:
    keys = [2**63 - 1, None, -(2**63) + 1]
    assert sorted(
        values(spark.collect(spark.load("keys", pa.table({"key": pa.array(keys, pa.int64())}))), "key"),
        key=str,
    ) == sorted(keys, key=str)


@pytest.mark.spark
def test_fractions_are_doubles_and_ranks_are_64_bits_wide(spark: SparkEngine) -> None:
    table = spark.load("numbers", pa.table({"key": [1, 3]}))
    rank = ibis.dense_rank().over(ibis.window(order_by="key"))
    made = spark.create("fractions", table.select("key", third=(table["key"] - 0.5) / 3, rank=rank))
    found = spark.collect(made).sort_by("key")
    assert values(found, "third") == [0.5 / 3, 2.5 / 3]
    assert found.schema.types == [pa.int64(), pa.float64(), pa.int64()]
    assert spark.connection.table("fractions").schema()["rank"].is_int64()


@pytest.mark.spark
def test_the_bits_of_meanings_are_counted_alike(spark: SparkEngine, duck: DuckDBEngine) -> None:
    meaning = pa.array([-1, 0, 2**63 - 1, -(2**63), None, 0x0123456789ABCDEF, -3], pa.int64())
    rows = pa.table({"account": [5, 5, 5, 6, 6, 6, 7], "semantic": meaning})
    chosen = np.array([5, 6])
    one, other = (
        account_semantic_vectors(engine, engine.load("sketched", rows), chosen) for engine in (spark, duck)
    )
    assert one.account.tolist() == other.account.tolist() == [5, 6]
    assert one.prompts.tolist() == other.prompts.tolist() == [3, 2]
    assert (one.bits == other.bits).all()
    assert one.bits[:, -1].tolist() == [1, 1], "the sign is a bit too"


@pytest.mark.spark
def test_a_table_may_be_made_anew_from_its_old_rows_and_dropped(spark: SparkEngine) -> None:
    table = spark.load("again", pa.table({"key": [1, 2, 3]}))
    again = spark.create("again", table.filter(table["key"] > 1))
    assert sorted(values(spark.collect(again), "key")) == [2, 3]
    spark.drop("again")
    assert "again" not in spark.connection.list_tables()


@pytest.mark.spark
def test_writes_the_same_bytes_as_duckdb_without_collecting(
    spark: SparkEngine, duck: DuckDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stillwatch.engine.spark.ROWS_AT_ONCE", 40)
    monkeypatch.setattr("stillwatch.engine.duckdb.ROWS_AT_ONCE", 40)
    monkeypatch.setattr(SparkEngine, "collect", None)
    schema = schema_of(
        key=pa.int64(), time=TIME, small=pa.int16(), name=pa.string(), many=pa.list_(pa.int64())
    )
    order = np.random.default_rng(1).permutation(100)
    rows = pa.table(
        {
            "key": order // 2,
            "time": pa.array([int(one) * 1_000_001 for one in order], TIME),
            "small": pa.array([None if one % 3 else int(one) for one in order], pa.int16()),
            "name": [None if one % 5 == 0 else f"row {one}" for one in order],
            "many": [[int(one)] * int(one % 4) for one in order],
        },
        schema=schema,
    )
    for engine, file in ((spark, "spark.parquet"), (duck, "duck.parquet")):
        loaded = engine.load("rows", rows).select(*reversed(schema.names))
        assert engine.write(loaded, tmp_path / file, schema, ["key", "time"]) == 100
        none = loaded.filter(loaded["key"] < 0)
        assert engine.write(none, tmp_path / f"no {file}", schema, ["key", "time"]) == 0
    for file in ("duck.parquet", "no duck.parquet"):
        other = tmp_path / file.replace("duck", "spark")
        assert other.read_bytes() == (tmp_path / file).read_bytes()
    assert pq.read_metadata(tmp_path / "spark.parquet").num_row_groups == 3
    assert len(list(tmp_path.iterdir())) == 4
    with pytest.raises(InputError, match="no files for table rows"):
        spark.read("rows", [])


@pytest.mark.spark
def test_a_query_that_fails_on_the_cluster_says_what_to_look_at(spark: SparkEngine, tmp_path: Path) -> None:
    pq.write_table(pa.table({"key": [1]}), tmp_path / "rows.parquet")
    table = spark.read("vanished", [tmp_path / "rows.parquet"])
    (tmp_path / "rows.parquet").unlink()
    with pytest.raises(SettingError, match="Spark did not answer a query") as raised:
        spark.collect(table)
    assert "every worker sees --out" in raised.value.do


@pytest.mark.spark
def test_values_with_names_are_read(spark: SparkEngine, tmp_path: Path) -> None:
    row = {
        "group": 1,
        "signal": "volume",
        "axis": "scale",
        "score": 0.5,
        "values": records({"n": 7, "part": 0.5}),
    }
    pq.write_table(pa.Table.from_pylist([row], schema=SCORES.arrow), tmp_path / "scores.parquet")
    table = spark.read("told", [tmp_path / "scores.parquet"])
    each = table.select("signal", value=table["values"].unnest())
    told = spark.collect(each.select(name=each.value["name"], whole=each.value["whole"]).order_by("name"))
    assert told.to_pylist() == [{"name": "n", "whole": 7}, {"name": "part", "whole": None}]


@pytest.mark.spark
def test_exchanges_are_merged_equally(spark: SparkEngine, duck: DuckDBEngine) -> None:
    """One id for many, one told twice, one told in two parts, and one of two accounts."""
    told: list[tuple[int, int, int, int | None, int | None]] = [
        (1, 5, 0, 9, 9),
        (1, 5, 60, 8, 8),
        (2, 5, 0, 9, 9),
        (2, 5, 0, 9, 9),
        (3, 5, 0, 4, None),
    ]
    told += [(3, 5, 1, None, 6), (4, 5, 0, 9, 9), (4, 6, 0, 9, 9), (7, 8, 0, 1, 1)]
    rows = [
        {
            field.name: None if field.nullable else "" if pa.types.is_string(field.type) else 0
            for field in EXCHANGES.arrow
        }
        | {"request": request, "account": account, "time": datetime.fromtimestamp(10_000 + second, UTC)}
        | {"has_text": True, "prompt": prompt, "output_tokens": tokens, "source": 0, "row": row}
        for row, (request, account, second, prompt, tokens) in enumerate(told)
    ]
    staged = EXCHANGES.arrow.append(pa.field("source", pa.int32())).append(pa.field("row", pa.int64()))
    table = pa.Table.from_pylist(rows, schema=staged)
    results = []
    for engine in (duck, spark):
        with Scope(engine, "merged") as scope:
            merged = merge_exchanges(scope, scope.load("staged", table))
            kept = merged.rows.select("request", "account", "prompt", "output_tokens", "named", "alone")
            found = scope.collect(kept.order_by("request", "account")).to_pylist()
            results.append((found, merged.dropped, merged.ambiguous))
    assert results[0] == results[1]
    assert len(results[0][0]) == 7
    assert (results[0][1], results[0][2]) == ({0: 2}, 4)
