"""How often the exchanges are read: work that was done once is not done again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from village import Ran

from stillwatch.engine import DuckDBEngine, Table
from stillwatch.engine.duckdb import written
from stillwatch.engine.sorted_file import ROWS, TRUE, counts_of, ends_of
from stillwatch.facets import Tables, prepare
from stillwatch.facets.build import build_traces, missing_shares
from stillwatch.iso_time import iso
from stillwatch.pipeline.store import releases_of
from stillwatch.registry import FACETS
from stillwatch.report_tables.labels import kept_labels
from stillwatch.run.layout import stored_days
from stillwatch.schema.table import schema_of, values
from stillwatch.settings import EngineSettings, LinkageSettings
from stillwatch.sketch.cues import SHORT, words_of


class Watched(DuckDBEngine):
    """DuckDB that counts how often its queries read files, by the table that they make; "" where they are
    collected.
    """

    def __init__(self) -> None:
        super().__init__(EngineSettings(memory="1GB", threads=1))
        self.scans: dict[str, int] = {}

    def _look(self, name: str, expression: Table) -> None:
        plan = self.connection.con.execute(f"EXPLAIN {written(expression.op())}").fetchall()[0][1]
        self.scans[name] = self.scans.get(name, 0) + plan.count("READ_PARQUET")

    def create(self, name: str, expression: Table) -> Table:
        self._look(name, expression)
        return super().create(name, expression)

    def collect(self, expression: Table) -> pa.Table:
        self._look("", expression)
        return super().collect(expression)


@pytest.fixture
def watched() -> Iterator[Watched]:
    with Watched() as engine:
        yield engine


def tables_of(engine: DuckDBEngine, run: Ran) -> Tables:
    releases = releases_of(run.table("releases"))
    return prepare(
        engine,
        engine.read("exchanges", stored_days(run.folder)),
        engine.load("accounts", run.table("accounts")),
        engine.load("releases", releases),
    )


def test_the_exchanges_are_read_once_for_their_labels(watched: Watched, village_run: Ran) -> None:
    exchanges = watched.read("exchanges", stored_days(village_run.folder))
    accounts = watched.load("accounts", village_run.table("accounts"))
    labels = village_run.table("labels")
    # Words of templates are kept from another number of accounts than this test asks for.
    labels = labels.filter(pc.invert(pc.is_in(labels["kind"], value_set=pa.array(["frame", "head"]))))
    heads: dict[int, set[int]] = {}
    rows = watched.collect(exchanges.filter(exchanges["head"].notnull()).select("head", "account"))
    for head, account in zip(values(rows, "head"), values(rows, "account"), strict=True):
        heads.setdefault(head, set()).add(account)
    many = max(heads, key=lambda head: (len(heads[head]), head))
    least = len(heads[many])
    one = next(head for head in sorted(heads) if len(heads[head]) == 1)
    added = [(many, "head", "many"), (one, "head", "one"), (3, "address", "nobody"), (4, "payment", "nobody")]
    added += [(5, "frame", "of no column")]
    more = pa.table(
        [
            pa.array(column, kind)
            for column, kind in zip(zip(*added, strict=True), labels.schema.types, strict=True)
        ],
        schema=labels.schema,
    )
    watched.scans.clear()
    kept = kept_labels(watched, exchanges, accounts, pa.concat_tables([labels, more]), least)
    assert sum(watched.scans.values()) == 1
    assert kept.slice(0, labels.num_rows).equals(labels), "every label of the run is of a row"
    assert values(kept.slice(labels.num_rows), "label") == ["many", "of no column"]


def test_handed_over_conversations_are_read_twice(watched: Watched, village_run: Ran) -> None:
    tables = tables_of(watched, village_run)
    watched.scans.clear()
    build_traces(watched, tables, LinkageSettings(), lacking={})
    assert sum(n for name, n in watched.scans.items() if name.startswith("handover__")) == 2
    assert set(FACETS.all()) <= {name.removeprefix("trace_") for name in watched.scans}


def test_what_the_files_know_is_not_counted_again(watched: Watched, village_run: Ran) -> None:
    tables = tables_of(watched, village_run)
    watched.scans.clear()
    told = counts_of(stored_days(village_run.folder))
    assert told is not None
    known = missing_shares(watched, tables, told)
    assert watched.scans[""] == 0
    assert known == missing_shares(watched, tables)
    assert watched.scans[""] == 1
    whole = pq.read_table(village_run.folder / "exchanges", partitioning=None)
    assert told[ROWS] == whole.num_rows
    assert all(told[name] == whole.num_rows - whole[name].null_count for name in whole.column_names)
    compute: Any = pyarrow.compute
    assert told[f"{TRUE}has_text"] == compute.sum(whole["has_text"]).as_py()
    about = village_run.about()
    assert about["exchanges"] == whole.num_rows
    assert about["accounts"] == len(whole["account"].unique())
    ends = compute.min_max(whole["time"]).as_py()
    assert (about["first"], about["last"]) == tuple(iso(ends[end]) for end in ("min", "max"))


def test_a_file_knows_its_counts_and_another_tells_none(tmp_path: Path) -> None:
    schema = schema_of(
        key=pa.int64(), many=pa.list_(pa.int64()), sure=pa.bool_(), time=pa.timestamp("us", "UTC")
    )
    times = [datetime(2026, 3, day, tzinfo=UTC) for day in (4, 2, 3)]
    rows = pa.table(
        {"key": [1, None, 3], "many": [[], None, [None]], "sure": [True, None, False], "time": times},
        schema=schema,
    )
    with DuckDBEngine(EngineSettings(threads=1)) as engine:
        table = engine.load("rows", rows)
        for name in ("one", "two"):
            engine.write(table, tmp_path / name, schema, ["key"])
    both = [tmp_path / "one", tmp_path / "two"]
    assert counts_of(both) == {ROWS: 6, "key": 4, "many": 4, "sure": 4, f"{TRUE}sure": 2, "time": 6}
    assert ends_of(both, "time") == (min(times), max(times))
    pq.write_table(rows, tmp_path / "three")
    assert counts_of([*both, tmp_path / "three"]) is None


def test_words_are_the_same_in_every_thread_and_at_every_length() -> None:
    texts = [f"list all {n} steps, and then {'explain ' * n}them" for n in (1, 3, SHORT)] * 20
    wanted = [words_of(text) for text in texts]
    found: list[list[np.ndarray[Any, Any]]] = []
    threads = [
        threading.Thread(target=lambda: found.append([words_of(text) for text in texts])) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for words in found:
        assert all((one == other).all() for one, other in zip(words, wanted, strict=True))
