"""A world holds what its scenario says, and its truth is the truth of its log."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.campaigns.permits import read_permits
from stillwatch.errors import RunError, SettingError
from stillwatch.schema.requests import ACCOUNT_ROWS
from stillwatch.simulate.make import Order, make
from stillwatch.simulate.scenario import load


def digests(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def log_of(folder: Path) -> list[dict[str, Any]]:
    return [row for path in sorted((folder / "logs").iterdir()) for row in pq.read_table(path).to_pylist()]


@pytest.fixture(scope="module")
def log(hamlet: Path) -> list[dict[str, Any]]:
    return log_of(hamlet)


@pytest.fixture(scope="module")
def truth(hamlet: Path) -> dict[str, dict[str, Any]]:
    return {row["account_id"]: row for row in pq.read_table(hamlet / "truth.parquet").to_pylist()}


@pytest.fixture(scope="module")
def accounts(hamlet: Path) -> dict[str, dict[str, Any]]:
    return {row["account_id"]: row for row in pq.read_table(hamlet / "accounts.parquet").to_pylist()}


def test_the_same_order_gives_the_same_bytes_whatever_the_workers(
    hamlet: Path, hamlet_file: Path, tmp_path: Path
) -> None:
    make(Order(str(hamlet_file), tmp_path / "again", scale=1.0, seed=3, part_rows=400, workers=1))
    assert digests(tmp_path / "again") == digests(hamlet)


def test_another_seed_gives_another_world(hamlet: Path, hamlet_file: Path, tmp_path: Path) -> None:
    make(Order(str(hamlet_file), tmp_path / "other", scale=1.0, seed=4, part_rows=400))
    ours, theirs = (
        set(pq.read_table(f / "truth.parquet")["account_id"].to_pylist())
        for f in (hamlet, tmp_path / "other")
    )
    assert not ours & theirs


def test_truth_counts_what_the_log_holds(
    log: list[dict[str, Any]], truth: dict[str, dict[str, Any]], hamlet: Path, hamlet_file: Path
) -> None:
    assert Counter(row["user"] for row in log) == {name: row["exchanges"] for name, row in truth.items()}
    document = json.loads((hamlet / "truth.json").read_text())
    assert (
        sum(group["exchanges"] for group in document["groups"]) == document["world"]["exchanges"] == len(log)
    )
    assert {row["kind"] for row in truth.values()} == {
        *(spec.kind for spec in load(str(hamlet_file)).populations),
        "campaign",
    }


def test_the_edge_saw_every_request_once(log: list[dict[str, Any]], hamlet: Path) -> None:
    edge = pq.read_table(hamlet / "edge.parquet")
    assert edge["request_id"].to_pylist() == [row["request_id"] for row in log]
    assert len(set(edge["request_id"].to_pylist())) == len(log)
    assert edge.column_names == [
        "request_id",
        "address",
        "ja4",
        "user_agent",
        "stainless",
        "asn",
        "region",
        "network_class",
    ]
    assert set(edge["network_class"].to_pylist()) >= {
        "residential",
        "hosting",
        "mobile",
        "business",
        "education",
    }


def test_accounts_have_the_contract_and_do_not_tell(
    accounts: dict[str, dict[str, Any]], hamlet: Path
) -> None:
    assert pq.read_schema(hamlet / "accounts.parquet").equals(ACCOUNT_ROWS.arrow)
    assert list(accounts) == sorted(accounts)


def test_text_is_a_conversation_that_grows(log: list[dict[str, Any]]) -> None:
    sessions: dict[str, list[list[dict[str, str]]]] = {}
    for row in log:
        messages = json.loads(row["messages"])
        assert messages[-1]["role"] in ("user", "tool")
        assert messages[-1]["content"]
        if row["session_id"]:
            sessions.setdefault(row["session_id"], []).append(messages)
    longest = max(sessions.values(), key=len)
    assert len(longest) >= 3
    for before, after in pairwise(longest):
        assert after[: len(before)] == before


def test_failures_have_no_answer(log: list[dict[str, Any]]) -> None:
    failed = [row for row in log if row["status"] == "failure"]
    assert 0 < len(failed) < 0.05 * len(log)
    assert all(row["response"] == "{}" and row["completion_tokens"] == 0 for row in failed)
    assert {json.loads(row["metadata"])["error_information"]["error_code"] for row in failed} <= {
        "429",
        "400",
        "500",
    }


def test_without_prompts_everything_else_is_the_same(hamlet: Path, hamlet_file: Path, tmp_path: Path) -> None:
    make(Order(str(hamlet_file), tmp_path / "mute", scale=1.0, seed=3, part_rows=400, prompts=False))
    spoken, mute = (
        pa.concat_tables(pq.read_table(p) for p in sorted((f / "logs").iterdir()))
        for f in (hamlet, tmp_path / "mute")
    )
    assert (
        set(mute["messages"].to_pylist())
        == set(mute["response"].to_pylist())
        == set(mute["proxy_server_request"].to_pylist())
        == {"{}"}
    )
    wordless = ["messages", "response", "proxy_server_request"]
    assert mute.drop_columns(wordless).equals(spoken.drop_columns(wordless))


def test_campaign_accounts_keep_within_the_published_rates(
    log: list[dict[str, Any]], truth: dict[str, dict[str, Any]]
) -> None:
    days: Counter[tuple[str, Any]] = Counter(
        (row["user"], row["startTime"].date()) for row in log if truth[row["user"]]["campaign"]
    )
    assert max(days.values()) <= 900
    volume = Counter(truth[row["user"]]["campaign"] for row in log)
    assert 1_000 < volume["thistle"] < 1_400
    assert 1_700 < volume["bramble"] < 2_300


def test_the_balancer_works_in_few_windows_with_even_shares(
    log: list[dict[str, Any]], truth: dict[str, dict[str, Any]], accounts: dict[str, dict[str, Any]]
) -> None:
    rows = [row for row in log if truth[row["user"]]["campaign"] == "thistle"]
    day = [row for row in rows if row["startTime"].day == 5]
    assert len({(row["startTime"].hour, row["startTime"].minute) for row in day}) <= 4 * 10
    whole = {
        name
        for name, row in accounts.items()
        if not row["banned"] and row["created"].isoformat() < "2026-03-03"
    }
    shares = Counter(row["user"] for row in day if row["user"] in whole).values()
    assert len(shares) >= 15
    assert max(shares) - min(shares) <= 8


def test_half_of_the_traffic_pivots_after_the_release(
    log: list[dict[str, Any]], truth: dict[str, dict[str, Any]]
) -> None:
    late = [
        row["model"]
        for row in log
        if truth[row["user"]]["campaign"] == "bramble" and row["startTime"].day >= 6
    ]
    assert 0.4 < late.count("wren-2") / len(late) < 0.6
    assert not [
        row
        for row in log
        if row["model"] == "wren-2" and row["startTime"].isoformat() < "2026-03-05T12:00:00"
    ]


def test_banned_accounts_stop_and_fresh_ones_follow(
    log: list[dict[str, Any]], truth: dict[str, dict[str, Any]], accounts: dict[str, dict[str, Any]]
) -> None:
    mine = [name for name, row in truth.items() if row["campaign"] == "thistle"]
    banned = {name: accounts[name]["banned"] for name in mine if accounts[name]["banned"]}
    assert len(banned) == 2
    for name, when in banned.items():
        assert max(row["startTime"] for row in log if row["user"] == name) < when.replace(tzinfo=None)
    fresh = [
        name
        for name in mine
        if any(0 < (accounts[name]["created"] - when).total_seconds() < 86_400 for when in banned.values())
    ]
    assert len(fresh) >= 2


def test_campaigns_declare_nobody_and_share_cards(
    truth: dict[str, dict[str, Any]], accounts: dict[str, dict[str, Any]]
) -> None:
    mine = [accounts[name] for name, row in truth.items() if row["campaign"] == "thistle"]
    assert {row["organisation"] for row in mine} == {None}
    assert Counter(row["payment"] for row in mine).most_common(1)[0][1] >= 3


def test_companies_declare_one_owner(
    truth: dict[str, dict[str, Any]], accounts: dict[str, dict[str, Any]]
) -> None:
    groups: dict[int, set[tuple[str, str, str]]] = {}
    for name, row in truth.items():
        if row["kind"] == "company":
            account = accounts[name]
            groups.setdefault(row["group"], set()).add(
                (account["organisation"], account["payment"], account["email_domain"])
            )
    assert len(groups) >= 2
    assert all(len(owners) == 1 for owners in groups.values())


def test_a_class_works_in_one_hour_behind_one_address(
    log: list[dict[str, Any]], truth: dict[str, dict[str, Any]], hamlet: Path
) -> None:
    address = dict(
        zip(
            *pq.read_table(hamlet / "edge.parquet", columns=["request_id", "address"]).to_pydict().values(),
            strict=True,
        )
    )
    classes: dict[int, list[dict[str, Any]]] = {}
    for row in log:
        if truth[row["user"]]["kind"] == "classroom":
            classes.setdefault(truth[row["user"]]["group"], []).append(row)
    for rows in classes.values():
        assert len({address[row["request_id"]] for row in rows}) == 1
        assert (
            max(row["startTime"] for row in rows) - min(row["startTime"] for row in rows)
        ).total_seconds() < 3 * 3600


def test_a_harness_asks_the_same_questions_again(
    log: list[dict[str, Any]], truth: dict[str, dict[str, Any]]
) -> None:
    asked = [
        json.loads(row["messages"])[-1]["content"]
        for row in log
        if truth[row["user"]]["kind"] == "eval_harness" and row["startTime"]
    ]
    assert len(set(asked)) < len(asked)


def test_a_reseller_passes_end_users_on(log: list[dict[str, Any]], truth: dict[str, dict[str, Any]]) -> None:
    assert all(bool(row["end_user"]) == (truth[row["user"]]["kind"] == "reseller") for row in log)


def test_the_permit_covers_what_its_organisation_uses(hamlet: Path, truth: dict[str, dict[str, Any]]) -> None:
    permit = tomllib.loads((hamlet / "permits.toml").read_text())["permit"][0]
    used = sum(row["exchanges"] for row in truth.values() if row["organisation"] == permit["organisation"])
    assert 0 < used <= permit["volume"]
    assert [read.organisation for read in read_permits(hamlet / "permits.toml")] == [permit["organisation"]]
    releases = tomllib.loads((hamlet / "releases.toml").read_text())["release"]
    assert [release["model"] for release in releases] == ["wren-1", "wren-2"]


def test_a_folder_in_the_way_is_not_touched(hamlet_file: Path, tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("keep")
    with pytest.raises(RunError, match="not empty"):
        make(Order(str(hamlet_file), tmp_path))
    with pytest.raises(RunError, match="and this is none"):
        make(Order(str(hamlet_file), tmp_path, force=True))
    assert [p.name for p in tmp_path.iterdir()] == ["precious.txt"]


def test_force_replaces_a_world(hamlet_file: Path, tmp_path: Path) -> None:
    for seed in (1, 2):
        make(Order(str(hamlet_file), tmp_path / "world", scale=1.0, seed=seed, prompts=False, force=True))
    assert json.loads((tmp_path / "world" / "truth.json").read_text())["world"]["seed"] == 2
    assert [p.name for p in tmp_path.iterdir()] == ["world"]


def test_a_broken_order_leaves_nothing(hamlet_file: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="above 0"):
        make(Order(str(hamlet_file), tmp_path / "out", scale=0.0))
    with pytest.raises(SettingError, match="no log format"):
        make(Order(str(hamlet_file), tmp_path / "out", format="morse"))
    with pytest.raises(KeyboardInterrupt):
        make(Order(str(hamlet_file), tmp_path / "out"), progress=_interrupt)
    assert list(tmp_path.iterdir()) == []


def _interrupt(done: int, parts: int, exchanges: int) -> None:
    raise KeyboardInterrupt
