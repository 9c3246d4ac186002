"""Each honest look-alike has what makes it hard, measured on the exchanges of the world `benign`."""

from __future__ import annotations

import json
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from stillwatch.campaigns.permits import read_permits
from stillwatch.simulate.accounts import DAY, HOUR
from stillwatch.simulate.day import Rows, rows_of
from stillwatch.simulate.scenario import backdrops, load
from stillwatch.simulate.side_files import Tally, accounts_table, permits_text, truth_table
from stillwatch.simulate.specs import kinds
from stillwatch.simulate.world import World, make_world


@dataclass(frozen=True)
class Seen:
    """One exchange as the provider sees it."""

    account: int
    time: int
    address: int
    client: int
    parameters: int
    tools: int
    end_user: str | None
    session: str | None
    messages: list[dict[str, str]]
    answer: str | None

    @property
    def said(self) -> str:
        """The last message."""
        return self.messages[-1]["content"]


@dataclass(frozen=True)
class Week:
    """The world, what its accounts declare, and its exchanges by kind."""

    world: World
    tally: Tally
    seen: dict[str, list[Seen]]
    accounts: dict[int, dict[str, Any]]

    def groups(self, kind: str) -> list[list[Seen]]:
        """Exchanges of each group of a kind."""
        found: dict[int, list[Seen]] = defaultdict(list)
        for row in self.seen[kind]:
            found[int(self.world.accounts.group[row.account])].append(row)
        return list(found.values())

    def declared(self, rows: list[Seen]) -> list[dict[str, Any]]:
        """What the accounts of some exchanges declare."""
        return [self.accounts[number] for number in sorted({row.account for row in rows})]


def _seen(rows: Rows) -> list[Seen]:
    assert rows.messages is not None
    assert rows.response is not None
    numbers: list[Any] = [
        getattr(rows, name).tolist()
        for name in ("account", "time", "address", "client", "parameters", "tools")
    ]
    texts: list[Any] = [
        rows.end_user.to_pylist(),
        rows.conversation.to_pylist(),
        [json.loads(text) for text in rows.messages.to_pylist() if text],
    ]
    answers = (
        json.loads(text)["choices"][0]["message"]["content"] if text else None
        for text in rows.response.to_pylist()
    )
    return [Seen(*values) for values in zip(*numbers, *texts, answers, strict=True)]


@pytest.fixture(scope="module")
def week() -> Week:
    world = make_world(load("benign"), 0.001, 5)
    tally = Tally(np.zeros(len(world.accounts), np.int64))
    found: dict[str, list[Seen]] = defaultdict(list)
    for day in range(world.setting.days):
        rows = rows_of(world, day, 0, 1, text=True)
        tally.add(rows)
        for row in _seen(rows):
            found[world.kinds[world.accounts.kind[row.account]]].append(row)
    number = {name: i for i, name in enumerate(world.account_ids.to_pylist())}
    return Week(
        world, tally, found, {number[row["account_id"]]: row for row in accounts_table(world).to_pylist()}
    )


def first_times(rows: list[Seen]) -> dict[int, int]:
    """First exchange of each account."""
    found: dict[int, int] = {}
    for row in rows:
        found[row.account] = min(row.time, found.get(row.account, row.time))
    return found


def most(rows: list[Seen], key: Callable[[Seen], Any]) -> float:
    """Share of the rows with the commonest key."""
    return Counter(map(key, rows)).most_common(1)[0][1] / len(rows)


def fullest(moments: list[int], span: int) -> float:
    """The largest share of moments within one span of time."""
    times = np.sort(np.array(moments))
    return float((np.searchsorted(times, times + span, "right") - np.arange(len(times))).max() / len(times))


def micros(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)


def test_every_kind_is_in_it_and_no_campaign(week: Week) -> None:
    assert set(week.seen) == {spec.kind for spec in load("benign").populations}
    shipped = {spec.kind for spec in load("benign", tuple(backdrops())).populations}
    assert shipped == set(kinds()), "every kind is in a backdrop"
    assert not week.world.scenario.campaigns
    assert set(truth_table(week.world, week.tally)["label"].to_pylist()) == {
        "benign",
        "authorised",
        "exceeds",
    }


def test_it_is_small_enough_for_many_worlds_and_its_look_alikes_are_not(week: Week) -> None:
    assert week.tally.total < 100_000
    at_least = {
        "hackathon": 40,
        "viral_prompt": 150,
        "framework_default": 150,
        "migration": 140,
        "vpn_users": 50,
        "hobby_pipeline": 50,
    }
    for kind, count in at_least.items():
        assert len({row.account for row in week.seen[kind]}) >= count, kind


def test_a_hackathon_is_one_address_on_one_day_with_one_kit(week: Week) -> None:
    for rows in week.groups("hackathon"):
        declared = week.declared(rows)
        assert len({row.address for row in rows}) == len({row.client for row in rows}) == 1
        assert max(row.time for row in rows) - min(row.time for row in rows) <= 15 * HOUR
        assert len({row.time // DAY for row in rows}) <= 2
        assert fullest([micros(row["created"]) for row in declared], 2 * HOUR) > 0.7
        assert {row["organisation"] for row in declared} == {None}
        assert most(rows, lambda row: row.messages[0]["content"]) > 0.7


def test_a_viral_prompt_begins_in_the_same_hours_all_over_the_world(week: Week) -> None:
    rows = week.seen["viral_prompt"]
    first = first_times(rows)
    assert fullest(list(first.values()), 9 * HOUR) > 0.5
    assert len({row["region"] for row in week.declared(rows)}) >= 6
    users = {
        row.account
        for row in rows
        if any(message["content"].startswith("Be my honest mirror.") for message in row.messages)
    }
    assert len(users) > 0.9 * len(first)
    fresh = [first[number] - micros(week.accounts[number]["created"]) < DAY for number in first]
    assert 0.2 < np.mean(fresh) < 0.6


def test_a_framework_gives_strangers_one_prompt_one_tool_set_and_one_parameter_set(week: Week) -> None:
    rows = week.seen["framework_default"]
    assert most(rows, lambda row: row.messages[0]["content"]) > 0.9
    assert most(rows, lambda row: row.tools) > 0.9
    assert most(rows, lambda row: row.parameters) == 1.0
    builds = week.world.setting.clients.builds
    assert all(builds[row.client].user_agent.startswith("crewline/") for row in rows)
    declared = week.declared(rows)
    assert {row["plan"] for row in declared} == {"api"}
    assert len({row["payment"] for row in declared}) == len(declared)
    assert most(rows, lambda row: row.address) < 0.2


def test_a_vpn_has_few_exits_for_people_of_many_regions(week: Week) -> None:
    rows = week.seen["vpn_users"]
    assert len({row.address for row in rows}) <= 9
    assert set(week.world.setting.places.classes[week.world.networks[[row.address for row in rows]]]) == {
        "vpn"
    }
    assert len({row["region"] for row in week.declared(rows)}) >= 5


def test_a_migration_is_registered_in_an_hour_and_at_work_from_the_same_hour(week: Week) -> None:
    for rows in week.groups("migration"):
        declared = week.declared(rows)
        assert len(declared) >= 140
        created = [micros(row["created"]) for row in declared]
        assert max(created) - min(created) < HOUR
        assert len({row["email_domain"] for row in declared}) == 1
        assert len({row.address for row in rows}) <= 2
        assert fullest(list(first_times(rows).values()), HOUR) > 0.4


def test_a_vendors_freelancers_share_template_and_tool_and_declare_nothing(week: Week) -> None:
    for rows in week.groups("translation_vendor"):
        declared = week.declared(rows)
        assert np.mean([row["organisation"] is None for row in declared]) > 0.6
        assert len({row.client for row in rows}) == 1
        work = [row for row in rows if row.tools]
        assert len(work) > 0.8 * len(rows)
        assert most(work, lambda row: row.said.partition("[")[0]) == 1.0
        assert len({row.said.partition("[")[2].partition("]")[0] for row in work}) > 50
        behind = Counter({(row.account, row.address) for row in rows}).keys()
        desk = Counter(address for _, address in behind).most_common(1)[0][1]
        assert 0.2 < desk / len(declared) < 0.8


def test_own_model_data_is_declared_and_looks_like_a_harvest(week: Week) -> None:
    for rows in week.groups("own_model_data"):
        assert (
            len({(row["organisation"], row["payment"], row["verification"]) for row in week.declared(rows)})
            == 1
        )
        assert len(rows) > 1_000
        assert len({row.said for row in rows}) > 0.95 * len(rows)


def test_hobbyists_send_identical_harvest_templates_and_share_nothing_else(week: Week) -> None:
    rows = week.seen["hobby_pipeline"]
    users: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        users[row.said[:60]].add(row.account)
    top = sorted(users.values(), key=len)[-2:]
    declared = week.declared(rows)
    assert all(len(accounts) > 0.85 * len(declared) for accounts in top)
    assert len({row["payment"] for row in declared}) == len(declared)
    assert len({row["region"] for row in declared}) >= 5


def test_red_teams_are_refused_often_and_try_many_things(week: Week) -> None:
    rows = week.seen["red_team"]
    answered = [row.answer for row in rows if row.answer]
    assert {row["verification"] for row in week.declared(rows)} == {"organisation"}
    assert len({row.said for row in rows}) > 0.7 * len(rows)
    assert np.mean([text.startswith(("I'm sorry", "I can't", "I'm unable")) for text in answered]) > 0.5


def test_an_aggregators_keys_carry_on_each_others_conversations(week: Week) -> None:
    accounts = week.world.accounts
    keys: dict[str, set[int]] = defaultdict(set)
    for rows in week.seen.values():
        for row in rows:
            if row.session:
                keys[row.session].add(row.account)
    shared = [numbers for numbers in keys.values() if len(numbers) > 1]
    assert {week.world.kinds[accounts.kind[number]] for numbers in shared for number in numbers} == {
        "aggregator"
    }
    assert all(len({int(accounts.group[number]) for number in numbers}) == 1 for numbers in shared)
    assert len(shared) > 200
    assert all(row.end_user for row in week.seen["aggregator"])


def test_a_small_country_is_behind_one_carrier(week: Week) -> None:
    rows = week.seen["small_country"]
    assert {row["region"] for row in week.declared(rows)} == {"island"}
    networks = week.world.networks[[row.address for row in rows]]
    assert len(set(networks.tolist())) <= 2
    assert len({row.address for row in rows}) < 0.1 * len({row.account for row in rows})


def test_a_company_has_hundreds_of_seats(week: Week) -> None:
    assert max(len({row.account for row in rows}) for rows in week.groups("company")) >= 150


def test_licensees_exceed_their_permits_each_in_its_way(week: Week, tmp_path: Any) -> None:
    text = permits_text(week.world, week.tally)
    (tmp_path / "permits.toml").write_text(text, encoding="utf-8")
    assert len(read_permits(tmp_path / "permits.toml")) == 4
    permits = {permit["organisation"]: permit for permit in tomllib.loads(text)["permit"]}
    used: dict[str, list[Seen]] = defaultdict(list)
    for row in week.seen["exceeding_distiller"]:
        used[week.accounts[row.account]["organisation"]].append(row)
    assert len(used) == 3
    assert permits["Osprey Tutors"]["models"] == ["heron-3"]
    assert set(week.world.accounts.model[[row.account for row in used["Osprey Tutors"]]]) == {0}
    assert permits["Plover Health"]["volume"] < 0.8 * len(used["Plover Health"])
    assert micros(permits["Dunlin Freight"]["expires"]) < min(row.time for row in used["Dunlin Freight"])
