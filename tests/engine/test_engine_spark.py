"""The same expressions on a local Spark give the same rows as on DuckDB, from facets to groups."""

from __future__ import annotations

import gc
import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numbered_words import Pool, filled, own_words
from small_world import World, declared, make_world

from stillwatch.engine import DuckDBEngine, Engine
from stillwatch.engine.spark import SparkEngine, local_session
from stillwatch.errors import InputError, MissingExtra
from stillwatch.facets import build_traces, prepare
from stillwatch.heldout.semantic_vectors import account_semantic_vectors
from stillwatch.linkage import link, strata
from stillwatch.linkage.anchors import anchors, purified
from stillwatch.linkage.likelihood import marked
from stillwatch.linkage.link import facet_table
from stillwatch.prompt_templates import Search, counts_of, families_of, uses_of
from stillwatch.schema.table import schema_of, values
from stillwatch.settings import EngineSettings, LinkageSettings

SETTINGS = LinkageSettings()
TABLES = (
    "activity",
    "visits",
    "traces",
    "strata",
    "marked",
    "anchors",
    "purified",
    "members",
    "near",
    "evidence",
)
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


def everything(engine: Engine, world: World) -> dict[str, Any]:
    """Every table from activity to groups."""
    tables = prepare(
        engine, *[engine.load(name, getattr(world, name)) for name in ("exchanges", "accounts", "releases")]
    )
    traces, blind = build_traces(engine, tables, SETTINGS)
    peers = strata(engine, tables.visits, tables.accounts, tables.activity)
    rows = marked(engine, traces, peers, engine.load("facets", facet_table()))
    nobody = declared(engine)
    start = anchors(engine, rows, nobody, len(world.kinds), SETTINGS)
    kept = purified(engine, rows, start, len(world.kinds), SETTINGS)
    queries = {"activity": tables.activity, "visits": tables.visits, "traces": traces, "strata": peers}
    queries |= {"marked": rows, "anchors": start}
    found: dict[str, Any] = {name: engine.collect(query) for name, query in queries.items()} | {
        "purified": kept
    }
    linked = link(engine, traces, peers, nobody, SETTINGS, lambda _step: None)
    named = {
        "members": linked.members,
        "near": linked.near,
        "evidence": linked.evidence,
        "merged": linked.anchors,
        "blind": blind,
    }
    return found | named


@pytest.fixture(scope="module")
def hamlet() -> World:
    return make_world(1, benign=700)


@pytest.fixture(scope="module")
def both(spark: SparkEngine, hamlet: World) -> tuple[dict[str, Any], dict[str, Any]]:
    with DuckDBEngine(EngineSettings(memory="1GB", threads=2)) as duck:
        return everything(duck, hamlet), everything(spark, hamlet)


@pytest.mark.spark
@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_equal_row_by_row(both: tuple[dict[str, Any], dict[str, Any]], name: str) -> None:
    one, other = (tables[name] for tables in both)
    assert one.schema.equals(other.schema)
    order = [
        (column, "ascending")
        for column in one.column_names
        if not pa.types.is_floating(one.schema.field(column).type)
    ]
    one, other = one.sort_by(order), other.sort_by(order)
    assert one.num_rows == other.num_rows
    for column, kind in zip(one.column_names, one.schema.types, strict=True):
        if pa.types.is_floating(kind):
            assert values(other, column) == pytest.approx(values(one, column), rel=1e-9, abs=1e-9), column
        else:
            assert one.column(column).equals(other.column(column)), column


@pytest.mark.spark
def test_what_was_merged_and_who_was_blind_is_equal(both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    assert both[0]["merged"] == both[1]["merged"]
    assert both[0]["blind"] == both[1]["blind"]


@pytest.mark.spark
def test_the_operator_is_found_on_spark(both: tuple[dict[str, Any], dict[str, Any]], hamlet: World) -> None:
    rows = both[1]["members"].to_pylist()
    operator = hamlet.of("operator")
    groups = [
        {row["account"] for row in rows if row["group"] == group} for group in {row["group"] for row in rows}
    ]
    assert any(len(group & operator) >= 0.95 * max(len(group), len(operator)) for group in groups)


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
def test_writes_the_same_rows_as_duckdb(spark: SparkEngine, duck: DuckDBEngine, tmp_path: Path) -> None:
    schema = schema_of(key=pa.int64(), name=pa.string())
    rows = pa.table({"key": [3, 1, 2], "name": ["c", None, "b"]}, schema=schema)
    for engine, file in ((spark, "spark.parquet"), (duck, "duck.parquet")):
        assert engine.write(engine.load("rows", rows), tmp_path / file, schema, ["key"]) == 3
    assert pq.read_table(tmp_path / "spark.parquet").equals(pq.read_table(tmp_path / "duck.parquet"))
    assert {path.name for path in tmp_path.iterdir()} == {"spark.parquet", "duck.parquet"}
    with pytest.raises(InputError, match="no files for table rows"):
        spark.read("rows", [])


def test_without_java_a_local_session_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("pyspark") is None:
        expected = "needs pyspark"
    else:
        expected = "needs Java"
        monkeypatch.delenv("JAVA_HOME", raising=False)
        monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingExtra, match=expected):
        local_session()
