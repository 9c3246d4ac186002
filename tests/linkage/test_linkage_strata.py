"""Who an account's peers are."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from small_world import World, few

from stillwatch.engine import DuckDBEngine
from stillwatch.facets import prepare
from stillwatch.linkage import strata
from stillwatch.schema.stored import ACCOUNTS
from stillwatch.schema.table import schema_of

VISITS = schema_of(account=pa.int64(), region=pa.string(), client=pa.int64())


def placed(
    engine: DuckDBEngine,
    visits: list[dict[str, Any]],
    accounts: list[dict[str, Any]],
    work: dict[int, list[int]],
    days: int = 1,
) -> dict[int, dict[str, Any]]:
    """The strata's row of each account; `work`: exchanges in each of its hours; `days` from the first
    exchange of all to the last.
    """
    hours = [
        {"account": account, "n": n, "hour": 5_000} for account, several in work.items() for n in several
    ]
    hours[0]["hour"] = 5_000 + 24 * days - 1
    seen = engine.load("visits", pa.Table.from_pylist(visits, schema=VISITS))
    rows = engine.collect(
        strata(
            engine,
            seen,
            engine.load("accounts", few(accounts, ACCOUNTS)),
            engine.load("activity", pa.Table.from_pylist(hours)),
        )
    )
    return {row["account"]: row for row in rows.to_pylist()}


def test_region_is_the_declared_one_else_that_of_the_traffic(duck: DuckDBEngine) -> None:
    visits: list[dict[str, Any]] = [
        {"account": 1, "region": "aa"},
        {"account": 2, "region": "aa"},
        {"account": 3},
        {"account": 4, "region": "aa"},
        {"account": 4},
    ]
    accounts: list[dict[str, Any]] = [{"account": 1, "region": "bb"}, {"account": 2}, {"account": 3}]
    found = placed(duck, visits, accounts, {account: [1] for account in (1, 2, 3, 4)})
    assert {account: row["region"] for account, row in found.items()} == {1: "bb", 2: "aa", 3: "", 4: "aa"}
    assert found[2]["stratum"] == found[4]["stratum"], (
        "an account without a row in accounts is in the stratum of those without a plan"
    )


def test_bands_part_at_their_bounds(duck: DuckDBEngine) -> None:
    work = {1: [9], 2: [9, 1], 3: [99], 4: [60, 40], 5: [999], 6: [1000]}
    visits: list[dict[str, Any]] = [{"account": account, "region": "aa"} for account in work]
    found = placed(duck, visits, [], work)
    assert {account: row["band"] for account, row in found.items()} == {1: 0, 2: 1, 3: 1, 4: 2, 5: 2, 6: 3}


@pytest.mark.parametrize(
    ("days", "bands"), [(7, (1, 2, 3)), (28, (1, 2, 3)), (56, (0, 1, 2)), (84, (0, 1, 2))]
)
def test_in_a_long_log_the_bands_are_of_rates(duck: DuckDBEngine, days: int, bands: tuple[int, ...]) -> None:
    work = {1: [19], 2: [199], 3: [1999]}
    visits: list[dict[str, Any]] = [{"account": account, "region": "aa"} for account in work]
    found = placed(duck, visits, [], work, days)
    assert tuple(found[account]["band"] for account in work) == bands


def test_a_stratum_is_one_region_plan_and_band_and_a_cell_one_client_of_it(
    duck: DuckDBEngine, small_world: World
) -> None:
    tables = prepare(
        duck, *[duck.load(name, getattr(small_world, name)) for name in ("exchanges", "accounts", "releases")]
    )
    rows = duck.collect(strata(duck, tables.visits, tables.accounts, tables.activity)).to_pylist()
    assert {row["account"] for row in rows} == set(small_world.kinds)
    peers = {(row["stratum"], row["region"], row["plan"], row["band"]) for row in rows}
    assert len(peers) == len({row["stratum"] for row in rows}) == len({one[1:] for one in peers})
    cells = {(row["cell"], row["stratum"], row["client"]) for row in rows}
    assert len(cells) == len({row["cell"] for row in rows}) == len({one[1:] for one in cells})
