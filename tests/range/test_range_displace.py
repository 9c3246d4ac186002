"""The weeks after a world: who goes on, who stops, and who takes their place."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from stillwatch.errors import RunError, SettingError
from stillwatch.simulate.displacement.displace import displace
from stillwatch.simulate.displacement.plan import Plan, load_plan, plan_names, plan_of
from stillwatch.simulate.make import Order

END = datetime(2026, 3, 8, tzinfo=UTC)


def accounts_of(world: Path, campaign: str) -> list[str]:
    rows = pq.read_table(world / "truth.parquet").to_pylist()
    return [row["account_id"] for row in rows if row["campaign"] == campaign]


def displaced(hamlet: Path, file: Path, out: Path, steps: dict[str, str], plan: Plan) -> dict[str, Any]:
    told = displace(hamlet, steps, plan, Order(str(file), out, format="generic"))
    assert json.loads((out / "displacement.json").read_text())["campaigns"] == told["campaigns"]
    return told


def lines(world: Path) -> list[dict[str, Any]]:
    texts = [path.read_text(encoding="utf-8") for path in sorted((world / "logs").iterdir())]
    return [json.loads(line) for text in texts for line in text.splitlines()]


@pytest.fixture(scope="module")
def after(
    hamlet: Path, hamlet_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("displaced")
    steps = dict.fromkeys(accounts_of(hamlet, "thistle"), "stopped")
    steps |= dict.fromkeys(accounts_of(hamlet, "bramble")[:10], "slowed")
    told = displaced(hamlet, hamlet_file, folder / "next", steps, load_plan("published"))
    return folder / "next", told["campaigns"]


def test_the_weeks_follow_and_everybody_else_goes_on(
    hamlet: Path, after: tuple[Path, dict[str, Any]]
) -> None:
    world, _ = after
    times = [datetime.fromisoformat(row["time"]) for row in lines(world)]
    assert min(times) >= END
    assert max(times) < END + timedelta(days=14)
    benign = {
        row["account_id"]
        for row in pq.read_table(hamlet / "truth.parquet").to_pylist()
        if not row["campaign"]
    }
    still = {row["account_id"] for row in lines(world)}
    assert len(still & benign) > 0.5 * len(benign)
    assert set(accounts_of(hamlet, "bramble")[10:]) <= still


def test_stopped_accounts_are_refused_and_slowed_ones_ask_less(
    hamlet: Path, after: tuple[Path, dict[str, Any]]
) -> None:
    world, told = after
    by = Counter((row["account_id"], row["status"]) for row in lines(world))
    stopped = set(told["thistle"]["stopped"])
    assert stopped == set(accounts_of(hamlet, "thistle"))
    assert {status for (account, status), _ in by.items() if account in stopped} == {403}
    assert {account for account, _ in by if account in stopped} <= set(told["thistle"]["probing"])
    slowed = set(told["bramble"]["slowed"])
    a_day = sum(count for (account, _), count in by.items() if account in slowed) / 14
    others = set(accounts_of(hamlet, "bramble")) - slowed
    others_a_day = sum(count for (account, _), count in by.items() if account in others) / 14
    assert a_day / len(slowed) < 0.5 * others_a_day / len(others)


def test_new_accounts_appear_within_hours_with_part_of_the_means(
    hamlet: Path, after: tuple[Path, dict[str, Any]]
) -> None:
    world, told = after
    fresh = set(told["thistle"]["fresh"])
    assert len(fresh) == len(told["thistle"]["stopped"])
    assert not fresh & set(accounts_of(hamlet, "thistle"))
    rows = {row["account_id"]: row for row in pq.read_table(world / "accounts.parquet").to_pylist()}
    registered = [rows[account]["created"] for account in fresh - set(told["thistle"]["bought"])]
    assert all(END <= time <= END + timedelta(hours=18) for time in registered)
    assert all(rows[account]["created"] < END for account in told["thistle"]["bought"])
    old = {rows[account]["payment"] for account in told["thistle"]["stopped"]} - {None}
    new = {rows[account]["payment"] for account in fresh} - {None}
    assert old & new
    assert new - old
    agents = {row["account_id"]: row["user_agent"] for row in lines(world)}
    assert {agents[account] for account in told["thistle"]["moved"] if account in agents} >= {"axios/1.7.9"}


def test_those_who_probe_ask_few_questions_often(after: tuple[Path, dict[str, Any]]) -> None:
    world, told = after
    probing = set(told["thistle"]["probing"])
    asked = Counter(row["messages"][-1]["content"] for row in lines(world) if row["account_id"] in probing)
    assert probing
    assert len(asked) <= 4
    assert max(asked.values()) >= 10


def test_the_same_order_makes_the_same_world(hamlet: Path, hamlet_file: Path, tmp_path: Path) -> None:
    steps = dict.fromkeys(accounts_of(hamlet, "thistle"), "stopped")
    for name in ("one", "two"):
        displaced(hamlet, hamlet_file, tmp_path / name, steps, Plan(days=2))
    assert lines(tmp_path / "one") == lines(tmp_path / "two")


def test_a_world_of_another_scenario_is_refused(hamlet: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="made in another way"):
        displace(hamlet, {}, Plan(), Order("february", tmp_path / "next", 0.001))
    with pytest.raises(RunError, match="no world"):
        displace(tmp_path, {}, Plan(), Order("february", tmp_path / "next", 0.001))


def test_the_shipped_plans_are_read() -> None:
    assert plan_names() == ["published", "stops"]
    assert load_plan("stops").replaced == 0
    assert load_plan("published").pathway["agent"]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"carry": 1}, "no key carry"),
        ({"carries": 2}, "carries = 2"),
        ({"days": 0}, "days = 0"),
        ({"volume": "much"}, "volume"),
        ({"pathway": {"agent": "x"}}, "not whole"),
        ({"networks": {"moon": 1.0}}, "networks"),
        ({"earliest_hours": 5, "latest_hours": 1}, "before earliest_hours"),
    ],
)
def test_a_wrong_plan_is_told(document: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        plan_of(document, "plan.toml")
