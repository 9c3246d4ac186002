"""The chance that a peer carries a key, and the evidence of one key, against hand computation."""

from __future__ import annotations

import math
from typing import Any

import ibis
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_world import declared

from stillwatch.engine import DuckDBEngine
from stillwatch.linkage.likelihood import MICRO, UNSHARED, chance, clipped, marked, micronats
from stillwatch.linkage.link import facet_table
from stillwatch.schema.table import schema_of, values

SMOOTH = 20.0
STRATA = [{"account": n, "stratum": 1} for n in range(30)] + [
    {"account": 100 + n, "stratum": 2} for n in range(10)
]


def marks(
    engine: DuckDBEngine, traces: list[dict[str, Any]], owners: dict[int, int] | None = None
) -> list[dict[str, Any]]:
    loaded = (
        engine.load("traces", pa.Table.from_pylist(traces)),
        engine.load("strata", pa.Table.from_pylist(STRATA)),
        engine.load("facets", facet_table()),
    )
    return engine.collect(marked(engine, *loaded, declared(engine, owners))).to_pylist()


def test_carriers_are_counted_in_the_stratum_and_everywhere(duck: DuckDBEngine) -> None:
    rows = marks(
        duck, [{"account": account, "key": 7, "facet": "address"} for account in [0, 100, 101, 102, 103, 104]]
    )
    found = {row["account"]: (row["here"], row["peers"], row["df"]) for row in rows}
    assert found == dict.fromkeys(range(100, 105), (5, 10, 6)) | {0: (1, 30, 6)}


def test_a_key_is_owned_where_one_declared_owner_has_half_of_its_carriers(duck: DuckDBEngine) -> None:
    traces = [{"account": account, "key": 7, "facet": "address"} for account in range(20)]
    traces += [{"account": account, "key": 8, "facet": "ja4"} for account in range(10, 30)]
    company = dict.fromkeys(range(14), 3)
    owned = {row["key"]: row["owned"] for row in marks(duck, traces, company)}
    assert owned == {7: True, 8: False}, "a fifth of the second's carriers are the company's"
    several = {account: account // 5 for account in range(20)}
    assert not any(row["owned"] for row in marks(duck, traces, several)), "owners who share explain nothing"


def p0(duck: DuckDBEngine, here: int, peers: int, carriers: int, accounts: int) -> float:
    table = duck.load("one", pa.table({"here": [here], "peers": [peers], "carriers": [carriers]}))
    found = duck.collect(table.select(p0=chance(table.here, table.peers, table.carriers, accounts, SMOOTH)))
    return float(values(found, "p0")[0])


def test_p0_is_the_stratum_s_rate_shrunk_to_that_of_everybody(duck: DuckDBEngine) -> None:
    everywhere = (5 + 0.5) / (39 + 0.5)
    assert p0(duck, 4, 9, 5, 39) == pytest.approx((4 + SMOOTH * everywhere) / (9 + SMOOTH), rel=1e-12)


def test_p0_of_a_key_unseen_among_the_peers_is_half_of_everybody_s_at_least(duck: DuckDBEngine) -> None:
    everywhere = (5 + 0.5) / (39 + 0.5)
    assert (0 + SMOOTH * everywhere) / (29 + SMOOTH) < everywhere / 2
    assert p0(duck, 0, 29, 5, 39) == pytest.approx(everywhere / 2, rel=1e-12)


def test_p0_is_never_above_one_and_never_nought(duck: DuckDBEngine) -> None:
    assert p0(duck, 10, 10, 40, 40) == 1.0
    assert 0.0 < p0(duck, 0, 0, 0, 1_000_000) < 1e-6


def test_held_out_families_and_accounts_without_exchanges_are_left_out(duck: DuckDBEngine) -> None:
    traces = [
        {"account": 1, "key": 1, "facet": "head"},
        {"account": 2, "key": 2, "facet": "ja4"},
        {"account": 999, "key": 2, "facet": "ja4"},
    ]
    assert [(row["account"], row["key"], row["df"]) for row in marks(duck, traces)] == [(2, 2, 1)]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cases=st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 50), st.floats(1e-6, 1.0)), min_size=1, max_size=20
    ),
    weight=st.sampled_from([5.0, 20.0]),
)
def test_micronats_are_the_mixture_s_log_likelihood_ratio(
    duck: DuckDBEngine, cases: list[tuple[int, int, float]], weight: float
) -> None:
    rows = [
        {"row": n, "carriers": min(a, b), "size": max(a, b), "p0": p0} for n, (a, b, p0) in enumerate(cases)
    ]
    schema = schema_of(row=pa.int64(), carriers=pa.int64(), size=pa.int64(), p0=pa.float64())
    table = duck.load("cases", pa.Table.from_pylist(rows, schema=schema))
    found = duck.collect(
        table.select("row", nats=micronats(table.carriers, table["size"], table.p0, weight)).order_by("row")
    )
    assert found.schema.field("nats").type == pa.int64()
    for row, nats in zip(rows, found.column("nats").to_pylist(), strict=True):
        rate = (row["carriers"] + weight * row["p0"]) / (row["size"] + weight)
        assert nats == pytest.approx(math.log(rate / row["p0"] / 2 + 0.5) * MICRO, abs=1)
        assert nats >= UNSHARED, "sharing a key can never count more against an account than not sharing it"


def test_clipped_holds_micronats_between_bounds_in_nats(duck: DuckDBEngine) -> None:
    table = duck.load("numbers", pa.table({"nats": pa.array([-9_000_000, -500_000, 3_000_000, 99_000_000])}))
    found = duck.collect(table.select(nats=clipped(ibis._.nats, -1.0, 6.0)))
    assert sorted(values(found, "nats")) == [-1_000_000, -500_000, 3_000_000, 6_000_000]
