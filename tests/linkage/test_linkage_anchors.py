"""Which keys are anchors, and who of their carriers stays."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from stillwatch.engine import DuckDBEngine
from stillwatch.linkage.anchors import SMALL_LOG, anchors, purified
from stillwatch.settings import LinkageSettings

SETTINGS = LinkageSettings(smallest_group=8, smallest_anchor=8, largest_anchor_share=0.05)
NETWORK, IDENTITY, SOFTWARE = 0, 1, 2


def carried(key: int, family: int, accounts: range, *, starts: bool = True, p0: float = 0.001) -> list[dict[str, Any]]:
    row = {"key": key, "family": family, "starts": starts, "p0": p0, "scales": 1, "df": len(accounts), "stratum": 1, "facet_number": family}
    return [row | {"account": account} for account in accounts]


def found(engine: DuckDBEngine, rows: list[dict[str, Any]], accounts: int = 10_000) -> list[tuple[int, int, int]]:
    table = engine.collect(anchors(engine, engine.load("marked", pa.Table.from_pylist(rows)), accounts, SETTINGS)).to_pylist()
    return sorted((row["anchor"], row["size"], row["family"]) for row in table)


def test_twins_are_one_anchor(duck: DuckDBEngine) -> None:
    rows = carried(5, NETWORK, range(8)) + carried(3, NETWORK, range(8)) + carried(4, IDENTITY, range(8)) + carried(6, NETWORK, range(1, 9))
    assert found(duck, rows) == [(3, 8, NETWORK), (4, 8, IDENTITY), (6, 8, NETWORK)]


def test_equal_size_and_ends_do_not_make_twins(duck: DuckDBEngine) -> None:
    other = carried(2, NETWORK, range(0, 18, 2))
    other[3] = other[3] | {"account": 7}
    assert len(found(duck, carried(1, NETWORK, range(0, 18, 2)) + other)) == 2


def test_too_few_or_too_many_carriers_and_facets_that_may_not_start_are_no_anchors(duck: DuckDBEngine) -> None:
    few, fit, many = range(7), range(SMALL_LOG), range(SMALL_LOG + 1)
    rows = carried(1, NETWORK, few) + carried(2, NETWORK, many) + carried(3, NETWORK, fit) + carried(4, SOFTWARE, fit, starts=False)
    assert found(duck, rows, accounts=1_000) == [(3, len(fit), NETWORK)]
    large = round(len(many) / SETTINGS.largest_anchor_share)
    assert found(duck, rows, accounts=large) == [(2, len(many), NETWORK), (3, len(fit), NETWORK)]


def test_strangers_who_carry_the_anchor_alone_fall_out(duck: DuckDBEngine) -> None:
    rows = carried(1, NETWORK, range(30)) + carried(2, IDENTITY, range(10)) + carried(3, SOFTWARE, range(10))
    for stranger in range(10, 30):
        rows += carried(100 + stranger, IDENTITY, range(stranger, stranger + 1)) + carried(200 + stranger, SOFTWARE, range(stranger, stranger + 1))
    marked = duck.load("marked", pa.Table.from_pylist(rows))
    kept = duck.collect(purified(duck, marked, anchors(duck, marked, 10_000, SETTINGS), SETTINGS)).to_pylist()
    assert {row["account"] for row in kept if row["anchor"] == 1} == set(range(10))
