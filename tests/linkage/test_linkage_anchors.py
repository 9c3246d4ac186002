"""Which keys are anchors, and who of their carriers stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.linkage.anchors import SMALL_LOG, anchors
from stillwatch.linkage.purification import portions_of, purified
from stillwatch.settings import LinkageSettings

SETTINGS = LinkageSettings(smallest_group=8, smallest_anchor=8, largest_anchor_share=0.05)
NETWORK, IDENTITY, SOFTWARE = 0, 1, 2


def carried(
    key: int,
    family: int,
    accounts: Sequence[int],
    *,
    starts: bool = True,
    peers: int = 10_000,
    binds: str = "kind",
    owned: bool = False,
) -> list[dict[str, Any]]:
    held = len(accounts)
    row = {"key": key, "family": family, "starts": starts, "scales": 1, "stratum": 1, "facet_number": family}
    row |= {"here": held, "peers": peers, "df": held, "owned": owned}
    row |= {"moment": binds == "moment", "held": binds == "held"}
    return [row | {"account": account} for account in accounts]


def found(
    engine: DuckDBEngine, rows: list[dict[str, Any]], accounts: int = 10_000
) -> list[tuple[int, int, int]]:
    marked = engine.load("marked", pa.Table.from_pylist(rows))
    table = engine.collect(anchors(engine, marked, accounts, SETTINGS)).to_pylist()
    return sorted((row["anchor"], row["size"], row["family"]) for row in table)


def test_twins_are_one_anchor(duck: DuckDBEngine) -> None:
    rows = (
        carried(5, NETWORK, range(8))
        + carried(3, NETWORK, range(8))
        + carried(4, IDENTITY, range(8))
        + carried(6, NETWORK, range(1, 9))
    )
    assert found(duck, rows) == [(3, 8, NETWORK), (4, 8, IDENTITY), (6, 8, NETWORK)]


def test_equal_size_and_ends_do_not_make_twins(duck: DuckDBEngine) -> None:
    other = carried(2, NETWORK, range(0, 18, 2))
    other[3] = other[3] | {"account": 7}
    assert len(found(duck, carried(1, NETWORK, range(0, 18, 2)) + other)) == 2


def test_too_few_or_too_many_carriers_and_facets_that_may_not_start_are_no_anchors(
    duck: DuckDBEngine,
) -> None:
    few, fit, many = range(7), range(SMALL_LOG), range(SMALL_LOG + 1)
    rows = (
        carried(1, NETWORK, few)
        + carried(2, NETWORK, many)
        + carried(3, NETWORK, fit)
        + carried(4, SOFTWARE, fit, starts=False)
    )
    assert found(duck, rows, accounts=1_000) == [(3, len(fit), NETWORK)]
    large = round(len(many) / SETTINGS.largest_anchor_share)
    assert found(duck, rows, accounts=large) == [(2, len(many), NETWORK), (3, len(fit), NETWORK)]


def test_strangers_who_carry_the_anchor_alone_fall_out(duck: DuckDBEngine) -> None:
    rows = carried(1, NETWORK, range(30)) + carried(2, IDENTITY, range(10)) + carried(3, SOFTWARE, range(10))
    for stranger in range(10, 30):
        rows += carried(100 + stranger, IDENTITY, range(stranger, stranger + 1)) + carried(
            200 + stranger, SOFTWARE, range(stranger, stranger + 1)
        )
    assert purified_by(duck, rows, 1) == set(range(10))


def purified_by(
    engine: DuckDBEngine, rows: list[dict[str, Any]], anchor: int, accounts: int = 10_000
) -> set[int]:
    marked = engine.load("marked", pa.Table.from_pylist(rows))
    start = anchors(engine, marked, accounts, SETTINGS)
    kept = purified(engine, marked, start, accounts, SETTINGS).to_pylist()
    return {row["account"] for row in kept if row["anchor"] == anchor}


def test_one_family_beside_the_anchor_s_is_enough_where_it_tells_enough(duck: DuckDBEngine) -> None:
    both = carried(1, NETWORK, range(10)) + carried(2, SOFTWARE, range(10)) + carried(3, SOFTWARE, range(10))
    assert purified_by(duck, both, 1) == set(range(10))
    alone = carried(1, NETWORK, range(10)) + carried(4, NETWORK, range(10))
    assert purified_by(duck, alone, 1) == set(), "its own family says nothing new"


def test_anchors_taken_in_portions_give_what_all_at_once_give(
    duck: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = (
        carried(-7, NETWORK, range(30))
        + carried(8, IDENTITY, range(12))
        + carried(-3, SOFTWARE, range(12))
        + carried(9, IDENTITY, range(40, 60))
    )
    marked = duck.load("marked", pa.Table.from_pylist(rows))
    start = anchors(duck, marked, 10_000, SETTINGS)
    whole = purified(duck, marked, start, 10_000, SETTINGS).to_pylist()
    monkeypatch.setattr("stillwatch.linkage.purification.AT_ONCE", 25)
    assert portions_of(duck, marked, start) > 3
    parts = purified(duck, marked, start, 10_000, SETTINGS).to_pylist()
    assert any(row["anchor"] < 0 for row in whole)
    assert sorted(map(str, parts)) == sorted(map(str, whole))


def test_a_pool_that_is_most_of_its_stratum_is_not_taken_for_its_own_peers(duck: DuckDBEngine) -> None:
    pool, peers = range(40), 50
    rows = [
        row
        for key, family in ((1, NETWORK), (2, IDENTITY), (3, SOFTWARE))
        for row in carried(key, family, pool, peers=peers)
    ]
    assert purified_by(duck, rows, 1) == set(pool)


def test_what_all_of_the_stratum_share_links_nobody(duck: DuckDBEngine) -> None:
    pool, peers = range(40), 400
    rows = carried(1, NETWORK, pool, peers=peers)
    rows += carried(2, IDENTITY, range(400), peers=peers) + carried(3, SOFTWARE, range(360), peers=peers)
    assert purified_by(duck, rows, 1) == set()


def test_what_one_declared_owner_explains_neither_starts_nor_ties(duck: DuckDBEngine) -> None:
    rows = carried(1, NETWORK, range(20), owned=True) + carried(2, NETWORK, range(10, 40))
    assert found(duck, rows) == [(2, 30, NETWORK)]
    both = carried(3, IDENTITY, range(10)) + carried(4, SOFTWARE, range(10))
    assert purified_by(duck, carried(1, NETWORK, range(10)) + both, 1) == set(range(10))
    theirs = [row | {"owned": True} for row in both]
    assert purified_by(duck, carried(1, NETWORK, range(10)) + theirs, 1) == set()
