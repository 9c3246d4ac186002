"""What survives from the marks into the table traces, and what is said of facets that could not see."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from small_world import World, make_world

from stillwatch.engine import DuckDBEngine
from stillwatch.facets import Tables, build_traces, prepare
from stillwatch.facets.build import Blind
from stillwatch.registry import FACETS
from stillwatch.schema.keyed import salt
from stillwatch.schema.table import values
from stillwatch.settings import LinkageSettings

FEW = LinkageSettings(keys_per_facet=3)
ORDER: Any = [("facet", "ascending"), ("account", "ascending"), ("key", "ascending")]


@pytest.fixture(scope="module")
def hamlet() -> World:
    return make_world(2, benign=400, operator=12)


def prepared(engine: DuckDBEngine, world: World) -> Tables:
    return prepare(
        engine, *[engine.load(name, getattr(world, name)) for name in ("exchanges", "accounts", "releases")]
    )


def traced(
    engine: DuckDBEngine, world: World, settings: LinkageSettings = FEW
) -> tuple[pa.Table, list[Blind]]:
    traces, blind = build_traces(engine, prepared(engine, world), settings)
    return engine.collect(traces).sort_by(ORDER), blind


def without(world: World, column: str, share: float) -> World:
    """The world with a column of the exchanges missing in a share of the rows, from the top."""
    table = world.exchanges
    lost = np.arange(table.num_rows) < round(share * table.num_rows)
    place = table.column_names.index(column)
    whole: Any = table.column(column)
    kept: Any = pa.array(np.asarray(whole.fill_null(0)), mask=lost)
    return World(
        table.set_column(place, table.schema.field(column), kept), world.accounts, world.releases, world.kinds
    )


def left_by(marks: pa.Table) -> dict[tuple[int, int], tuple[int, int, int]]:
    """First and last second and number of each account's marks of one value; a row with `n` stands for so
    many.
    """
    found: dict[tuple[int, int], tuple[int, int, int]] = {}
    for row in marks.to_pylist():
        pair, second = (row["account"], row["value"]), row["second"]
        first, last, n = found.get(pair, (second, second, 0))
        found[pair] = (min(first, second), max(last, row.get("last", second)), n + row.get("n", 1))
    return found


def test_the_rarest_shared_keys_of_each_account_and_facet_survive(duck: DuckDBEngine, hamlet: World) -> None:
    tables = prepared(duck, hamlet)
    traces, _ = build_traces(duck, tables, FEW)
    rows = duck.collect(traces).to_pylist()
    for name, facet in FACETS.all().items():
        left = left_by(duck.collect(facet.query(tables)))
        carriers = Counter(value for _, value in left)
        shared: dict[int, list[tuple[int, int]]] = {}
        for account, value in left:
            if carriers[value] > 1:
                shared.setdefault(account, []).append((carriers[value], value))
        expected = {
            (account, value)
            for account, keys in shared.items()
            for _, value in sorted(keys)[: FEW.keys_per_facet]
        }
        own = [row for row in rows if row["facet"] == name]
        assert {(row["account"], row["value"]) for row in own} == expected
        assert len(own) == len(expected)
        for row in own:
            assert (row["first"], row["last"], row["n"]) == left[row["account"], row["value"]]
            assert row["key"] == row["value"] ^ salt(name)


def test_the_order_of_the_rows_does_not_matter(duck: DuckDBEngine, hamlet: World) -> None:
    assert traced(duck, hamlet)[0].equals(traced(duck, hamlet.shuffled(5))[0])


def test_a_missing_column_is_blindness_and_its_facet_is_left_out(duck: DuckDBEngine, hamlet: World) -> None:
    traces, blind = traced(duck, without(hamlet, "ja4", 1.0))
    assert Blind("ja4", "no exchanges.ja4", 1.0) in blind
    assert set(values(traces, "facet")) == set(FACETS.all()) - {"ja4"}


def test_a_column_missing_in_part_is_told_and_its_facet_stays(duck: DuckDBEngine, hamlet: World) -> None:
    traces, blind = traced(duck, without(hamlet, "ja4", 0.25))
    told = {one.name: one for one in blind}
    assert told["ja4"].share == pytest.approx(0.25, abs=1e-3)
    assert "ja4" in set(values(traces, "facet"))
    assert "address" not in told


def test_without_releases_the_pivot_is_blind(duck: DuckDBEngine, hamlet: World) -> None:
    traces, blind = traced(
        duck, World(hamlet.exchanges, hamlet.accounts, hamlet.releases.slice(0, 0), hamlet.kinds)
    )
    assert Blind("pivot", "no releases.model", 1.0) in blind
    assert "pivot" not in set(values(traces, "facet"))
