"""Signed reasoning and its replay, stored sessions played again, and stolen keys: the log says what the
scenario meant.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from range_hamlet import HEAD, POPULATIONS

from stillwatch.errors import SettingError
from stillwatch.ingest import IngestContext, Quarantine, plan, read
from stillwatch.settings import IngestSettings
from stillwatch.simulate.day import rows_of
from stillwatch.simulate.make import Order, make
from stillwatch.simulate.price import PAID_BY_VICTIMS, Assumed, Usage, bill, shipped_prices
from stillwatch.simulate.scenario import parse
from stillwatch.simulate.world import make_world
from stillwatch.simulate.writers import WRITERS

AGENTS = """
[[population]]
kind = "coding_agent"
accounts = 20
median = 40
sigma = 0.3
jobs = { agent_thinking = 0.5, resume_thinking = 0.5 }
"""
WAY = """
[[campaign.pathway]]
share = 1.0
plan = "api"
agent = "harness-cli/1.0.57"
runtime = "node v20.19.2"
system = "Windows x64"
build_share = 1.0
"""
FERRY = f"""
[[campaign]]
name = "ferry"
accounts = 20
exchanges = 2_400
first_day = 0
days = 6
rhythm = "flat"
end_users = 50
cover = 0.0
banned = 0.0
regions = {{ there = 1.0 }}
{WAY}jobs = {{ chat_thinking = 0.7, retell = 0.3 }}
"""
PARROT = f"""
[[campaign]]
name = "parrot"
accounts = 15
exchanges = 1_000
first_day = 2
days = 4
rhythm = "flat"
end_users = 30
cover = 0.0
banned = 0.0
{WAY}jobs = {{ replay_chat = 0.5, replay_agent = 0.5 }}
"""
MAGPIE = f"""
[[campaign]]
name = "magpie"
accounts = 12
exchanges = 1_500
victims = ["company", "coding_agent"]
first_day = 0
days = 6
rhythm = "flat"
end_users = 40
pool = 0.2
own_address = 0.0
networks = {{ hosting = 1.0 }}
banned = 0.0
{WAY}jobs = {{ chat = 0.6, elicit = 0.4 }}
"""
RIVERSIDE = HEAD + POPULATIONS + AGENTS + FERRY + PARROT + MAGPIE


@dataclass(frozen=True)
class Made:
    """A world that was made, and what it holds."""

    folder: Path
    log: list[dict[str, Any]]
    truth: dict[str, dict[str, Any]]

    def of(self, campaign: str) -> list[dict[str, Any]]:
        return [row for row in self.log if self.truth[row["user"]]["campaign"] == campaign]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("riverside")
    (folder / "riverside.toml").write_text(RIVERSIDE, encoding="utf-8")
    make(Order(str(folder / "riverside.toml"), folder / "world", scale=1.0, seed=5))
    log = [
        row
        for path in sorted((folder / "world" / "logs").iterdir())
        for row in pq.read_table(path).to_pylist()
    ]
    truth = {row["account_id"]: row for row in pq.read_table(folder / "world" / "truth.parquet").to_pylist()}
    return Made(folder / "world", log, truth)


def test_the_same_bytes_whatever_the_workers(made: Made, tmp_path: Path) -> None:
    (tmp_path / "riverside.toml").write_text(RIVERSIDE, encoding="utf-8")
    make(Order(str(tmp_path / "riverside.toml"), tmp_path / "world", scale=1.0, seed=5, workers=1))
    for path in made.folder.rglob("*.parquet"):
        assert (tmp_path / "world" / path.relative_to(made.folder)).read_bytes() == path.read_bytes()


def sent(row: dict[str, Any]) -> list[str]:
    return [
        block["signature"]
        for message in json.loads(row["messages"])
        for block in message.get("thinking_blocks", [])
    ]


def given(row: dict[str, Any]) -> list[str]:
    answer = json.loads(row["response"])
    return (
        [block["signature"] for block in answer["choices"][0]["message"].get("thinking_blocks", [])]
        if answer
        else []
    )


def issued(made: Made) -> dict[str, dict[str, Any]]:
    return {signature: row for row in made.log for signature in given(row)}


def test_every_signature_that_comes_back_was_issued_before(made: Made) -> None:
    known = issued(made)
    assert len(known) == sum(len(given(row)) for row in made.log) > 500
    returned = [(row, known[signature]) for row in made.log for signature in sent(row)]
    assert len(returned) > 500
    assert all(source["startTime"] < row["startTime"] for row, source in returned)


def test_a_relay_replays_what_any_of_its_accounts_was_answered(made: Made) -> None:
    known, whom = issued(made), Counter[str]()
    for row in made.of("ferry"):
        for signature in sent(row):
            source = known[signature]
            assert made.truth[source["user"]]["campaign"] == "ferry"
            if source["session_id"] != row["session_id"]:
                whom["own" if source["user"] == row["user"] else "other"] += 1
                assert (row["startTime"] - source["startTime"]).total_seconds() >= 600
    assert whom["other"] > 10 * whom["own"] > 0


def test_a_replay_keeps_the_history_and_asks_for_the_reasoning(made: Made) -> None:
    known = issued(made)
    replays = [
        row for row in made.of("ferry") if any(known[s]["session_id"] != row["session_id"] for s in sent(row))
    ]
    assert len(replays) > 300
    for row in replays:
        history = json.loads(row["messages"])
        source = known[[s for s in sent(row) if known[s]["session_id"] != row["session_id"]][-1]]
        before, answer = (
            json.loads(source["messages"]),
            json.loads(source["response"])["choices"][0]["message"],
        )
        assert history[: len(before) + 1] == [*before, answer]
        assert "reasoning" in history[-1]["content"] or "notes" in history[-1]["content"]


def test_honest_clients_send_back_their_own_reasoning_only(made: Made) -> None:
    known, sessions = issued(made), Counter[bool]()
    for row in made.log:
        if not made.truth[row["user"]]["campaign"]:
            for signature in sent(row):
                assert known[signature]["user"] == row["user"]
                sessions[known[signature]["session_id"] == row["session_id"]] += 1
    assert sessions[True] > 50
    assert sessions[False] > 10


@pytest.mark.parametrize(
    "name", ["litellm-parquet", "litellm_spend_logs", "openai_jsonl", "anthropic_messages_jsonl"]
)
def test_ingest_sees_the_signatures_of_each_format(name: str, tmp_path: Path) -> None:
    rows = rows_of(make_world(parse(RIVERSIDE, "riverside.toml"), 1.0, 5), 3, 0, 1, text=True)
    path = tmp_path / f"log{WRITERS.all()[name].suffix}"
    WRITERS.all()[name].write(rows, path)
    source = plan([path], settings=IngestSettings(), format=None, mapping=None)[0]
    quarantine = Quarantine()
    found = pa.Table.from_batches(list(read(source, IngestContext(IngestSettings()), quarantine))).to_pylist()
    assert quarantine.bad == 0
    assert rows.messages is not None
    assert rows.response is not None
    texts = zip(found, rows.messages.to_pylist(), rows.response.to_pylist(), strict=True)
    signed = 0
    for row, messages, response in texts:
        answered, asked = given({"response": response or "{}"}), sent({"messages": messages})
        assert (row["signed"] or []) == answered
        assert (row["signatures"] or []) == list(dict.fromkeys(asked))
        signed += len(answered)
    assert signed > 50


def test_a_relay_names_no_end_user_and_speaks_many_languages(made: Made) -> None:
    assert {row["end_user"] for row in made.of("ferry")} == {""}
    first = [json.loads(row["messages"])[0]["content"] for row in made.of("ferry")]
    assert sum(any("\u0900" <= letter <= "\u097f" for letter in text) for text in first) > 20
    assert sum(any("\uac00" <= letter <= "\ud7a3" for letter in text) for text in first) > 20
    accounts = {row["account_id"]: row for row in pq.read_table(made.folder / "accounts.parquet").to_pylist()}
    assert {accounts[row["user"]]["region"] for row in made.of("ferry")} == {"there"}


def test_stored_sessions_arrive_whole(made: Made) -> None:
    rows = made.of("parrot")
    turns = Counter(
        sum(message["role"] == "assistant" for message in json.loads(row["messages"])) for row in rows
    )
    assert set(turns) == set(range(1, 9))
    assert {row["session_id"] for row in rows} == {None}
    assert all(json.loads(row["messages"])[-1]["role"] != "assistant" for row in rows)
    assert min(row["startTime"] for row in rows).isoformat() >= "2026-03-04"
    histories = Counter(json.dumps(json.loads(row["messages"])[1:3]) for row in rows)
    assert max(histories.values()) < 4


def test_a_victims_own_traffic_goes_on_and_the_pools_comes_on_top(made: Made) -> None:
    edge = {row["request_id"]: row for row in pq.read_table(made.folder / "edge.parquet").to_pylist()}
    victims = {name for name, row in made.truth.items() if row["campaign"] == "magpie"}
    assert len(victims) == 12
    assert {made.truth[name]["label"] for name in victims} == {"victim"}
    assert {made.truth[name]["kind"] for name in victims} <= {"company", "coding_agent"}
    agents = {name: Counter[bool]() for name in victims}
    addresses: dict[bool, set[str]] = {True: set(), False: set()}
    for row in made.of("magpie"):
        seen = edge[row["request_id"]]
        pooled = seen["user_agent"] == "harness-cli/1.0.57"
        agents[row["user"]][pooled] += 1
        addresses[pooled].add(seen["address"])
    assert min(counts[True] for counts in agents.values()) > 20
    assert min(counts[False] for counts in agents.values()) > 0
    assert len(addresses[True]) <= 4
    assert not addresses[True] & addresses[False]


def test_a_stolen_account_is_one_account(made: Made) -> None:
    accounts = pq.read_table(made.folder / "accounts.parquet")["account_id"].to_pylist()
    assert len(accounts) == len(set(accounts))
    assert set(made.truth) <= set(accounts)
    assert Counter(row["user"] for row in made.log) == {
        name: row["exchanges"] for name, row in made.truth.items()
    }
    document = json.loads((made.folder / "truth.json").read_text())
    assert document["world"]["accounts"] == len(made.truth)
    assert sum(group["exchanges"] for group in document["groups"]) == len(made.log)
    magpie = next(group for group in document["groups"] if group["name"] == "magpie")
    assert magpie["label"] == "victim"
    assert 1_300 < magpie["exchanges"] < 1_700
    organisations = {
        row["account_id"]: row["organisation"]
        for row in pq.read_table(made.folder / "accounts.parquet").to_pylist()
    }
    assert all(
        organisations[name]
        for name, row in made.truth.items()
        if row["campaign"] == "magpie" and row["kind"] == "company"
    )


def test_stolen_keys_are_billed_for_what_the_pool_does_with_them(made: Made) -> None:
    world = make_world(parse(RIVERSIDE, "riverside.toml"), 1.0, 5)
    usage, assumed = Usage.of(world, made.folder / "logs"), Assumed.of(shipped_prices())
    ferry, parrot, magpie = (bill(world, number, usage, assumed).counts for number in range(3))
    edge = {
        row["request_id"]: row["user_agent"]
        for row in pq.read_table(made.folder / "edge.parquet").to_pylist()
    }
    pooled = sum(edge[row["request_id"]] == "harness-cli/1.0.57" for row in made.of("magpie"))
    assert magpie["exchanges"].full == pooled == magpie["wanted"].full + magpie["cover"].full
    assert magpie["keys"].full == 12
    assert magpie["hosting_days"].full > 0
    assert {name for name in PAID_BY_VICTIMS if magpie[name].full} == set()
    assert all(counts["accounts"].full and not counts["keys"].full for counts in (ferry, parrot))
    victims = world.accounts.owner[world.accounts.campaign == 2]
    assert usage.exchanges[victims].sum() == len(made.of("magpie")) - pooled > 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("regions = { there = 1.0 }", "regions = { elsewhere = 1.0 }", "there is no region 'elsewhere'"),
        ("regions = { there = 1.0 }", "regions = { there = 0 }", "the shares of regions"),
        (
            'victims = ["company", "coding_agent"]',
            'victims = ["castle"]',
            "there is no kind 'castle' of victims",
        ),
        ('victims = ["company", "coding_agent"]', 'victims = "company"', "must be a list of text"),
        (
            "networks = { hosting = 1.0 }\nbanned = 0.0",
            "networks = { hosting = 1.0 }\nbanned = 0.1",
            "no accounts of its own to be banned",
        ),
    ],
)
def test_a_mistake_is_said(old: str, new: str, said: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse(RIVERSIDE.replace(old, new, 1), "riverside.toml")
    assert said in caught.value.what
    assert caught.value.where is not None
    assert "line" in caught.value.where


def test_too_few_to_steal_from_is_said() -> None:
    text = RIVERSIDE.replace('victims = ["company", "coding_agent"]', 'victims = ["reseller"]')
    with pytest.raises(SettingError, match="needs 12 accounts to steal from"):
        make_world(parse(text, "riverside.toml"), 1.0, 5)
