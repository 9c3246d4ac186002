"""Which keys are a campaign's own: an operator's template is, what strangers use too is not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine
from stillwatch.heldout.campaign_keys import MOST, campaign_keys
from stillwatch.run.lineage.campaign import campaigns_of
from stillwatch.run.lineage.matching import Lineage, lineage
from stillwatch.schema.lineage import CAMPAIGN_KEYS
from stillwatch.schema.table import schema_of
from stillwatch.settings import EngineSettings, IdentitySettings

SETTINGS = IdentitySettings()
EVERYONE = 20_000
Carried = dict[tuple[str, int], list[int]]
Groups = dict[int, tuple[bool, list[int]]]
SCHEMA = schema_of(account=pa.int64(), key=pa.int64(), facet=pa.string())


def pool(start: int, size: int) -> list[int]:
    return list(range(start, start + size))


FIRST, SECOND, THIRD, USERS = pool(0, 51), pool(100, 34), pool(200, 30), pool(1_000, 400)
FAMILY: Carried = {
    ("system", 1): FIRST + SECOND,
    ("tools", 2): FIRST + SECOND,
    ("parameters", 3): FIRST + SECOND,
    ("token_shape", 4): FIRST + SECOND[:30],
    ("tools", 5): FIRST + SECOND + THIRD + USERS[:300],
    ("address", 6): FIRST,
}
"""Two pools of one operator, as `fixed_prompt` has them; a third that only uses the same stock tool."""
STOCK: Carried = {
    (facet, number): FIRST + THIRD + USERS
    for number, facet in enumerate(("system", "head", "tools", "parameters", "token_shape"), 20)
}
"""Two pools that run one stock agent, with its own prompt and defaults, as strangers do."""
UNRELATED: Carried = {
    ("system", 1): FIRST,
    ("token_shape", 2): FIRST[:20],
    ("tools", 3): FIRST[:32] + SECOND[:22],
    ("head", 4): SECOND[:9],
    ("head", 5): SECOND[9:16],
    ("parameters", 6): SECOND[:17],
    ("token_shape", 7): SECOND[:11],
}
"""Two operators with templates of their own and one tool set in common, as `february` has them."""


def keys(
    folder: Path, carried: Carried, groups: Groups, known: list[int] | None = None
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Tables campaigns and members as far as they matter, and campaign_keys."""
    rows = [
        {"account": account, "key": key, "facet": facet}
        for (facet, key), accounts in carried.items()
        for account in accounts
    ]
    campaigns = pa.table(
        {
            "group": pa.array(list(groups), pa.int32()),
            "campaign": [
                f"C{group:03d}" if listed else f"G{group:04d}" for group, (listed, _) in groups.items()
            ],
            "kind": ["linked"] * len(groups),
            "listed": pa.array([listed for listed, _ in groups.values()], pa.bool_()),
            "first": [datetime(2026, 3, 1, tzinfo=UTC)] * len(groups),
            "identity": [f"camp-{group}" for group in groups],
            "family": [f"camp-{group}" for group in groups],
        }
    )
    pairs = [(group, account) for group, (_, accounts) in groups.items() for account in accounts]
    members = pa.table(
        {
            "group": pa.array([group for group, _ in pairs], pa.int32()),
            "account": pa.array([account for _, account in pairs], pa.int64()),
            "account_id": [str(account) for _, account in pairs],
        }
    )
    named = pa.table({"account": pa.array(known or [], pa.int64())})
    with DuckDBEngine(EngineSettings(threads=1), folder) as engine:
        traces = engine.load("traces", pa.Table.from_pylist(rows, schema=SCHEMA))
        found = campaign_keys(engine, traces, campaigns, members, named, EVERYONE, SETTINGS.own_share)
    return campaigns, members, found


def own(table: pa.Table, group: int) -> set[int]:
    """The own keys of a group."""
    return {row["key"] for row in table.to_pylist() if row["group"] == group}


def pairs(found: Lineage) -> set[tuple[int, int]]:
    return {(link.campaign.group, link.other.group) for link in found.links}


def test_own_keys_are_those_that_hardly_any_stranger_carries(tmp_path: Path) -> None:
    groups: Groups = {1: (True, FIRST), 2: (True, SECOND), 3: (False, THIRD)}
    _, _, table = keys(tmp_path, FAMILY, groups)
    assert table.schema.equals(CAMPAIGN_KEYS.arrow)
    assert own(table, 1) == own(table, 2) == {1, 2, 3, 4}, "neither the stock tool nor the address"
    assert own(table, 3) == set()
    row = next(row for row in table.to_pylist() if (row["group"], row["key"]) == (2, 4))
    assert (row["campaign"], row["facet"], row["accounts"], row["strangers"]) == (
        "C002",
        "token_shape",
        30,
        0,
    )
    assert 30 / 34 * 10 < row["nats"] < 30 / 34 * 11


def test_two_pools_of_one_operator_are_related(tmp_path: Path) -> None:
    found = lineage(
        campaigns_of(*keys(tmp_path, FAMILY, {1: (True, FIRST), 2: (True, SECOND), 3: (True, THIRD)})),
        [],
        SETTINGS,
    )
    assert pairs(found) == {(1, 2), (2, 1)}
    assert found.links[0].keys.facets == {"parameters": 1, "system": 1, "token_shape": 1, "tools": 1}
    assert found.links[0].keys.share == pytest.approx(1.0)
    assert found.families[1] == found.families[2] != found.families[3]


def test_operators_who_share_one_tool_set_are_not_related(tmp_path: Path) -> None:
    groups: Groups = {1: (True, FIRST), 2: (True, SECOND)}
    assert lineage(campaigns_of(*keys(tmp_path, UNRELATED, groups)), [], SETTINGS).links == []


def test_users_of_one_stock_agent_are_not_related(tmp_path: Path) -> None:
    groups: Groups = {1: (True, FIRST), 2: (True, THIRD)}
    _, _, table = keys(tmp_path, STOCK, groups)
    assert table.num_rows == 0
    few = dict.fromkeys(STOCK, FIRST + THIRD + USERS[:10])
    campaigns, members, table = keys(tmp_path, few, groups)
    found = lineage(campaigns_of(campaigns, members, table), [], SETTINGS)
    assert pairs(found) == {(1, 2), (2, 1)}, "who has nearly all of a client to itself is told by it"


def test_a_group_that_is_not_listed_has_keys_but_is_a_stranger_to_others(tmp_path: Path) -> None:
    groups: Groups = {1: (True, FIRST), 2: (False, SECOND)}
    _, _, table = keys(tmp_path, FAMILY, groups)
    assert own(table, 1) == set()
    strangers = {(row["group"], row["key"]): row["strangers"] for row in table.to_pylist()}
    assert strangers == {(2, key): 0 for key in (1, 2, 3, 4)}


def test_accounts_of_an_earlier_campaign_are_no_strangers(tmp_path: Path) -> None:
    """Banned accounts that are still in the log, but too few days of them to be a group again."""
    groups: Groups = {2: (True, SECOND)}
    _, _, alone = keys(tmp_path, FAMILY, groups)
    assert own(alone, 2) == set()
    _, _, known = keys(tmp_path, FAMILY, groups, FIRST)
    assert own(known, 2) == {1, 2, 3, 4}


def test_a_long_template_keeps_its_heaviest_keys(tmp_path: Path) -> None:
    carried: Carried = {("shingle", number): FIRST[: 3 + number % 49] for number in range(MOST + 60)}
    _, _, table = keys(tmp_path, carried, {1: (True, FIRST)})
    assert table.num_rows == MOST
    assert min(row["accounts"] for row in table.to_pylist()) > 3


def test_a_run_without_groups_has_no_keys(tmp_path: Path) -> None:
    _, _, table = keys(tmp_path, FAMILY, {})
    assert table.num_rows == 0
    assert table.schema.equals(CAMPAIGN_KEYS.arrow)
