"""Every facet runs, says what it is, and leaves marks that can be compared."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pyarrow as pa
import pytest
from small_world import World

from stillwatch.engine import DuckDBEngine
from stillwatch.facets import Tables, prepare
from stillwatch.registry import FACETS, FAMILIES
from stillwatch.schema.stored import ACCOUNTS, EXCHANGES
from stillwatch.schema.table import values
from stillwatch.settings import EngineSettings

COLUMNS = {"exchanges": EXCHANGES.names(), "accounts": ACCOUNTS.names(), "releases": ["model", "second"]}


@pytest.fixture(scope="module")
def opened() -> Iterator[DuckDBEngine]:
    with DuckDBEngine(EngineSettings(memory="1GB", threads=2)) as engine:
        yield engine


@pytest.fixture(scope="module")
def tables(opened: DuckDBEngine, small_world: World) -> Tables:
    loaded = [opened.load(name, getattr(small_world, name)) for name in ("exchanges", "accounts", "releases")]
    return prepare(opened, *loaded)


@pytest.mark.parametrize("name", list(FACETS.all()))
def test_leaves_marks_without_nulls(
    opened: DuckDBEngine, tables: Tables, small_world: World, name: str
) -> None:
    marks = opened.collect(FACETS.all()[name].query(tables))
    assert set(marks.column_names) in (
        {"account", "value", "second"},
        {"account", "value", "second", "last", "n"},
    )
    assert marks.num_rows > 0
    for column in marks.column_names:
        assert marks.column(column).null_count == 0
        assert marks.schema.field(column).type == pa.int64()
    assert set(values(marks, "account")) <= set(small_world.kinds)


@pytest.mark.parametrize("name", list(FACETS.all()))
def test_shows_each_value_to_an_analyst(opened: DuckDBEngine, tables: Tables, name: str) -> None:
    facet = FACETS.all()[name]
    if facet.show is None:
        assert facet.label in ("", *EXCHANGES.names(), *ACCOUNTS.names())
        return
    assert facet.label == ""
    found = set(values(opened.collect(facet.query(tables).select("value").distinct()), "value"))
    shown = {facet.show(value) for value in found}
    assert len(shown) == len(found), "two values look the same"
    assert all(shown)


@pytest.mark.parametrize("name", list(FACETS.all()))
def test_says_what_it_sees_and_where_it_is_blind(name: str) -> None:
    facet = FACETS.all()[name]
    assert facet.name == name
    assert facet.family in FAMILIES
    assert len(facet.sees) > 20
    assert len(facet.blind_spots) > 20
    assert facet.needs
    for need in facet.needs:
        table, column = need.split(".")
        assert column in COLUMNS[table]


@pytest.mark.parametrize("name", [name for name, facet in FACETS.all().items() if facet.scales > 1])
def test_nested_scales_are_nested(opened: DuckDBEngine, tables: Tables, name: str) -> None:
    marks = opened.collect(FACETS.all()[name].query(tables)).to_pylist()
    begun: dict[tuple[int, int], dict[int, int]] = {}
    for row in marks:
        scale, bucket = row["value"] >> 40, row["value"] & (2**40 - 1)
        assert bucket == row["second"] // scale
        begun.setdefault((row["account"], row["second"]), {})[scale] = bucket
    scales = sorted(next(iter(begun.values())))
    assert len(scales) == FACETS.all()[name].scales
    for buckets in begun.values():
        assert sorted(buckets) == scales
        for fine, coarse in pairwise(scales):
            assert buckets[fine] * fine // coarse == buckets[coarse]
