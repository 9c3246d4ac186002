"""Each innocent of the backdrop `wronged` has what makes it tempting, measured on the exchanges of a world."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from stillwatch.errors import SettingError
from stillwatch.ingest.end_users import end_user_of
from stillwatch.simulate.accounts import DAY, HOUR, MINUTE
from stillwatch.simulate.day import rows_of
from stillwatch.simulate.plan_limits import REQUESTS_A_DAY
from stillwatch.simulate.scenario import load
from stillwatch.simulate.side_files import Tally, accounts_table, truth_table
from stillwatch.simulate.specs import kinds
from stillwatch.simulate.world import World, make_world

KINDS = {
    "stock_agent",
    "grey_relay",
    "workshop",
    "labelling_office",
    "framed_office",
    "corporate_vpn",
    "warp_users",
    "bad_links",
    "overnight_agent",
    "two_accounts",
    "verified_researcher",
    "tls_inspection",
    "update_wave",
    "shared_mail_root",
    "plan_rider",
    "planner_team",
    "suggested_questions",
    "weekend_hackathon",
}
Row = dict[str, Any]
COLUMNS = ("account", "time", "address", "client", "parameters", "tools", "status")
TEXTS = ("end_user", "messages", "response")


@dataclass(frozen=True)
class Seen:
    """A world, its exchanges by kind (a campaign's by its name), and what accounts declare."""

    world: World
    tally: Tally
    rows: dict[str, list[Row]]
    accounts: dict[int, Row]

    def groups(self, kind: str) -> list[list[Row]]:
        found: dict[int, list[Row]] = defaultdict(list)
        for row in self.rows[kind]:
            found[int(self.world.accounts.group[row["account"]])].append(row)
        return list(found.values())

    def declared(self, rows: list[Row]) -> list[Row]:
        return [self.accounts[number] for number in sorted({row["account"] for row in rows})]

    def ja4(self, row: Row) -> str:
        return self.world.setting.clients.builds[row["client"]].ja4

    def agent(self, row: Row) -> str:
        return self.world.setting.clients.builds[row["client"]].user_agent


def look_at(name: str, scale: float, seed: int) -> Seen:
    world = make_world(load(name), scale, seed)
    tally = Tally(np.zeros(len(world.accounts), np.int64))
    names = [*world.kinds, *(campaign.name for campaign in world.scenario.campaigns)]
    number = np.where(
        world.accounts.campaign < 0, world.accounts.kind, len(world.kinds) + world.accounts.campaign
    )
    found: dict[str, list[Row]] = defaultdict(list)
    for day in range(world.setting.days):
        rows = rows_of(world, day, 0, 1, text=True)
        tally.add(rows)
        assert rows.messages is not None
        columns = [getattr(rows, column).tolist() for column in COLUMNS]
        texts = [getattr(rows, column).to_pylist() for column in TEXTS]
        for values in zip(*columns, *texts, strict=True):
            row = dict(zip((*COLUMNS, *TEXTS), values, strict=True))
            found[names[number[row["account"]]]].append(row)
    ids = {name: i for i, name in enumerate(world.account_ids.to_pylist())}
    declared = {ids[row["account_id"]]: row for row in accounts_table(world).to_pylist()}
    return Seen(world, tally, found, declared)


@pytest.fixture(scope="module")
def seen() -> Seen:
    return look_at("wronged", 0.0005, 7)


@pytest.fixture(scope="module")
def farm() -> Seen:
    return look_at("subdomain_farm", 0.0005, 7)


def by_account(rows: list[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["account"]].append(row)
    return found


def system_of(row: Row) -> str:
    first = json.loads(row["messages"])[0]
    return str(first["content"]) if first["role"] == "system" else ""


def said(row: Row) -> str:
    return str(json.loads(row["messages"])[-1]["content"])


def test_every_kind_is_in_it_and_two_are_doubtful(seen: Seen) -> None:
    assert set(seen.rows) >= KINDS | {"mimic", "cuckoo"}
    truth = truth_table(seen.world, seen.tally).to_pylist()
    assert {row["kind"] for row in truth if row["label"] == "doubtful"} == {"grey_relay", "labelling_office"}
    assert {kinds()[name].label for name in KINDS} == {"benign", "doubtful"}


def test_the_same_seed_gives_the_same_world(seen: Seen) -> None:
    again = make_world(load("wronged"), 0.0005, 7)
    first, second = (rows_of(world, 3, 0, 1, text=True) for world in (seen.world, again))
    assert first.messages is not None
    assert second.messages is not None
    assert first.messages.equals(second.messages)
    assert first.end_user.equals(second.end_user)
    assert accounts_table(seen.world).equals(accounts_table(again))


def test_a_stock_agents_users_say_what_the_campaign_says(seen: Seen) -> None:
    users, campaign = seen.rows["stock_agent"], seen.rows["mimic"]
    work = [row for row in users if row["tools"]]
    assert len(work) > 0.85 * len(users)
    for mark in ("parameters", "tools"):
        assert len({row[mark] for row in work}) == 1
        assert {row[mark] for row in work} <= {row[mark] for row in campaign}
    assert {system_of(row) for row in work} <= {system_of(row) for row in campaign if row["tools"]}
    assert {seen.agent(row) for row in users} & {seen.agent(row) for row in campaign}
    assert {seen.ja4(row) for row in users} >= {seen.ja4(row) for row in campaign}
    assert len({row["payment"] for row in seen.declared(users)}) == len(seen.declared(users))


def test_a_relay_shares_cards_and_exits_and_its_words_are_many_peoples(seen: Seen) -> None:
    for rows in seen.groups("grey_relay"):
        declared = seen.declared(rows)
        assert len({row["payment"] for row in declared}) * 4 < len(declared)
        assert {row["organisation"] for row in declared} == {None}
        assert len({row["address"] for row in rows}) <= 6
        counts = [len(mine) for mine in by_account(rows).values()]
        assert np.std(counts) < 0.35 * np.mean(counts)
        assert len({row["time"] % DAY // HOUR for row in rows}) == 24
        assert {row["end_user"] for row in rows} == {None}
        first = [said(row) for row in rows if len(json.loads(row["messages"])) == 1]
        assert len(set(first)) > 0.8 * len(first)
        assert sum(any(ord(letter) > 0x2E7F for letter in text) for text in first) > 0.1 * len(first)
        assert sum(text.isascii() for text in first) > 0.1 * len(first)


def test_lessons_last_25_minutes_and_two_schools_register_on_one_day(seen: Seen) -> None:
    classes = seen.groups("workshop")
    assert len(classes) >= 2
    for rows in classes:
        assert 27 <= len(seen.declared(rows)) <= 60 + 13  # a remainder too small for a class joins the last
        assert len({row["address"] for row in rows}) == 1
        lessons: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            lessons[row["time"] // DAY].append(row["time"])
        assert len(lessons) == 3
        assert all(max(times) - min(times) <= 25 * MINUTE for times in lessons.values())
    days = [{row["created"].date() for row in seen.declared(rows)} for rows in classes[:2]]
    assert days[0] == days[1]
    assert len(days[0]) == 1


def test_a_hackathon_is_a_weekend_in_one_hall_with_programs_of_ones_own(seen: Seen) -> None:
    for rows in seen.groups("weekend_hackathon"):
        declared = seen.declared(rows)
        assert len(declared) >= 25
        assert len({row["payment"] for row in declared}) == 1
        assert {row["organisation"] for row in declared} == {None}
        assert len({row["address"] for row in rows}) == 2
        assert max(row["time"] for row in rows) - min(row["time"] for row in rows) <= 33 * HOUR
        first = min(row["created"] for row in declared)
        assert max(row["created"] for row in declared) - first <= timedelta(hours=9)
        systems = {(row["account"], system_of(row)) for row in rows if system_of(row)}
        assert len({system for _, system in systems}) > 0.9 * len({account for account, _ in systems}) > 10
        for mine in by_account(rows).values():
            hours = {row["time"] // HOUR for row in mine}
            assert len(hours) <= 28, "a night lies between the two days"


def test_a_vendor_is_one_office_one_mail_domain_and_one_tool(seen: Seen) -> None:
    for rows in seen.groups("labelling_office"):
        declared = seen.declared(rows)
        assert len({row["email_domain"] for row in declared}) == len({row["address"] for row in rows}) == 1
        assert len({seen.agent(row) for row in rows}) == 1
        assert {row["organisation"] for row in declared} == {None}


def test_a_campaign_leaves_through_two_offices_with_their_client(seen: Seen) -> None:
    offices, campaign = seen.groups("framed_office"), seen.rows["cuckoo"]
    assert len(offices) == 2
    for rows in offices:
        egress = Counter(row["address"] for row in rows).most_common(1)[0][0]
        through = [row for row in campaign if row["address"] == egress]
        assert len(through) > 0.1 * len(campaign)
        assert {row["client"] for row in through} == {row["client"] for row in rows}


def test_exits_are_shared_by_firms_and_by_strangers(seen: Seen) -> None:
    firms = seen.groups("corporate_vpn")
    shared = Counter(address for rows in firms for address in {row["address"] for row in rows})
    assert len(shared) <= 6
    assert max(shared.values()) >= 2
    tunnel = seen.rows["warp_users"]
    users = Counter(address for _, address in {(row["account"], row["address"]) for row in tunnel})
    crowded = [address for address, count in users.items() if count > 1]
    assert len(crowded) <= 3 * len(seen.world.scenario.regions)
    assert sum(row["address"] in crowded for row in tunnel) > 0.5 * len(tunnel)


def test_bad_links_send_the_same_request_again(seen: Seen) -> None:
    rows = seen.rows["bad_links"]
    failed = np.mean([row["status"] != 200 for row in rows])
    assert 0.4 < failed < 0.85
    elsewhere = [row["status"] != 200 for row in seen.rows["ordinary"]]
    assert np.mean(elsewhere) < 0.05
    again = 0
    for mine in by_account(rows).values():
        mine.sort(key=lambda row: row["time"])
        again += sum(
            a["status"] != 200 and a["messages"] == b["messages"] and b["time"] - a["time"] < MINUTE
            for a, b in pairwise(mine)
        )
    assert again > 0.3 * len(rows)


def test_an_overnight_agent_works_at_night_on_some_days(seen: Seen) -> None:
    offsets = [region.utc_offset for region in seen.world.scenario.regions]
    rows = seen.rows["overnight_agent"]
    hours = [(row["time"] / HOUR + offsets[seen.world.accounts.region[row["account"]]]) % 24 for row in rows]
    assert np.mean([hour < 8 or hour > 21 for hour in hours]) > 0.8
    busiest = [
        max(Counter(row["time"] // DAY for row in mine).values()) for mine in by_account(rows).values()
    ]
    assert np.median(busiest) >= 60


def test_two_accounts_of_one_person_have_one_device(seen: Seen) -> None:
    devices: dict[str | None, set[int]] = defaultdict(set)
    named: dict[int, set[str | None]] = defaultdict(set)
    for row in seen.rows["two_accounts"]:
        parts = end_user_of(row["end_user"])
        devices[parts.device].add(row["account"])
        named[row["account"]].add(parts.end_user)
    assert None not in devices
    assert max(map(len, devices.values())) == 2
    assert all(len(own) == 1 for own in named.values())
    assert len(set().union(*named.values())) == len(named)


def test_researchers_are_verified_and_send_what_a_harvest_sends(seen: Seen) -> None:
    rows = seen.rows["verified_researcher"]
    declared = seen.declared(rows)
    assert {row["verification"] for row in declared} == {"organisation"}
    assert None not in {row["organisation"] for row in declared}
    assert len({row["payment"] for row in declared}) == len(declared)


def test_inspection_of_tls_gives_a_company_one_handshake_that_nobody_else_has(seen: Seen) -> None:
    elsewhere = {
        seen.ja4(row) for kind, rows in seen.rows.items() if kind != "tls_inspection" for row in rows
    }
    for rows in seen.groups("tls_inspection"):
        assert len({seen.ja4(row) for row in rows}) == 1
        assert len({seen.agent(row) for row in rows}) > 10
        assert not {seen.ja4(row) for row in rows} & elsewhere


def test_an_update_reaches_everybody_within_one_day(seen: Seen) -> None:
    moved, rows = [], seen.rows["update_wave"]
    for mine in by_account(rows).values():
        old = [row["time"] for row in mine if seen.agent(row) == "Notary/9.4.1"]
        new = [row["time"] for row in mine if seen.agent(row) == "Notary/9.5.0"]
        assert len(old) + len(new) == len(mine)
        if old and new:
            assert max(old) < min(new)
            moved.append(min(new))
    assert len(moved) > 30
    ships = seen.world.setting.start + seen.world.setting.days // 2 * DAY
    assert min(moved) >= ships
    late = [row["time"] for row in rows if seen.agent(row) == "Notary/9.4.1"]
    assert max(late) < ships + DAY


def test_a_mail_root_has_many_subdomains(seen: Seen) -> None:
    for rows in seen.groups("shared_mail_root"):
        domains = {row["email_domain"] for row in seen.declared(rows)}
        assert len(domains) >= 5
        assert len({domain.partition(".")[2] for domain in domains}) == 1


@pytest.mark.parametrize("kind", ["plan_rider", "burrow"])
def test_riders_fill_their_plan_and_never_go_beyond(farm: Seen, kind: str) -> None:
    limit = REQUESTS_A_DAY["plus"]
    rows = farm.rows[kind]
    assert {row["limit_requests_day"] for row in farm.declared(rows)} == {limit}
    full = [
        count >= 0.75 * limit
        for mine in by_account(rows).values()
        for count in Counter(row["time"] // DAY for row in mine).values()
    ]
    assert np.mean(full) > 0.8


def test_limits_are_stated_and_kept_only_where_the_world_says_so(farm: Seen) -> None:
    stated = {row["plan"]: row["limit_requests_day"] for row in farm.accounts.values()}
    assert stated["free"] == REQUESTS_A_DAY["free"]
    assert stated.get("company") is None
    plain = make_world(load("february"), 0.0005, 1)
    assert set(accounts_table(plain)["limit_requests_day"].to_pylist()) == {None}


def test_a_farm_shares_devices_seats_and_a_mail_root(farm: Seen) -> None:
    rows = farm.rows["burrow"]
    parts = [(row["account"], end_user_of(row["end_user"])) for row in rows]
    assert len({part.device for _, part in parts}) == 3
    assert len({part.end_user for _, part in parts}) == 3
    assert min(len({a for a, p in parts if p.device == d}) for d in {p.device for _, p in parts}) >= 5
    domains = Counter(row["email_domain"].partition(".")[2] for row in farm.declared(rows))
    assert domains.most_common(1)[0][0] != "com"
    assert max(count for root, count in domains.items() if "." in root) >= 5


def answer_of(row: Row) -> str:
    return str(json.loads(row["response"])["choices"][0]["message"]["content"]) if row["response"] else ""


def asked_back(rows: list[Row], among: str) -> list[Row]:
    """The rows whose only message is, whole, an earlier answer to the same account or group."""
    given: dict[object, set[str]] = defaultdict(set)
    back = []
    for row in sorted(rows, key=lambda row: row["time"]):
        holder = row["account"] if among == "account" else 0
        first = [m for m in json.loads(row["messages"]) if m["role"] != "system"]
        if len(first) == 1 and first[0]["content"] in given[holder]:
            back.append(row)
        given[holder].add(answer_of(row))
    return back


def test_some_innocents_ask_what_the_model_wrote(seen: Seen) -> None:
    """A planner hands most of its steps to workers with tools and another system prompt; the rest is bare."""
    teams, readers = seen.rows["planner_team"], seen.rows["suggested_questions"]
    steps = asked_back(teams, "account")
    bare = [row for row in steps if not row["tools"] and not system_of(row)]
    assert len(steps) > 0.15 * len(teams)
    assert 0.02 * len(teams) < len(bare) < 0.5 * len(steps)
    assert 0.02 * len(readers) < len(asked_back(readers, "account")) < 0.2 * len(readers)
    assert len({system_of(row) for row in readers}) == 1
    assert len(asked_back(seen.rows["ordinary"], "account")) < 0.01 * len(seen.rows["ordinary"])


def test_an_operator_hardens_questions_and_has_them_answered() -> None:
    rows = look_at("two_stages", 0.0005, 7).rows["anneal"]
    assert 0.3 * len(rows) < len(asked_back(rows, "campaign")) < 0.6 * len(rows)
    frames = [said(row) for row in rows if len(said(row)) > 200]
    assert len(set(frames)) > 0.9 * len(frames)


def test_nobody_to_frame_is_said() -> None:
    scenario = load("wronged")
    for frames in (("reseller_of_nothing",), ("framed_office",)):
        alone = replace(
            scenario,
            populations=tuple(spec for spec in scenario.populations if spec.kind != "framed_office"),
            campaigns=tuple(replace(campaign, frames=frames) for campaign in scenario.campaigns),
        )
        with pytest.raises(SettingError, match="nobody of"):
            make_world(alone, 0.0005, 1)
