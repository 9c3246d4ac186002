"""Versions and stages in a state folder: what may move, two writers, cut and changed files, and reloading."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import PolicyError
from stillwatch.response.backtests_kept import keep_backtest
from stillwatch.response.in_force import LOG
from stillwatch.response.inputs import AccountState, CampaignState, Inputs
from stillwatch.response.ladder import Stage
from stillwatch.response.language.policy_file import PolicyFile, policy_of
from stillwatch.response.policy_store import PolicyStore

NOW = 1_795_000_000.0
NAMED = Inputs(AccountState(tier="named"), campaign=CampaignState(role="operator"))
WHO: dict[str, Any] = {"by": "Ada", "why": "tested"}
TEXT = """
a = rule(when = account.tier == "named" and campaign.role == "operator", do = block(),
    expires = days(1), reason = "x", ceiling = 2,
    touches = [case(tier = "named", role = "operator")], spares = [case(tier = "present")])
watch = rule(when = account.tier == "near", do = observe())
"""


def file(text: str = TEXT) -> PolicyFile:
    return policy_of(text, "made.policy")


@pytest.fixture
def store(tmp_path: Path) -> PolicyStore:
    found = PolicyStore(tmp_path / "state", clock=lambda: NOW)
    found.add(file(), **WHO)
    return found


def backtested(
    store: PolicyStore,
    version: str,
    touched: int = 0,
    of: int = 50,
    days_ago: float = 1.0,
    rule: str = "a",
) -> str:
    made = datetime.fromtimestamp(NOW, UTC) - timedelta(days=days_ago)
    row = {"rule": rule, "version": version, "benign": {"asked": touched, "of": of}}
    return keep_backtest(store.folder, {"made": made.isoformat().replace("+00:00", "Z"), "rules": [row]})


def stage_of(store: PolicyStore, rule: str = "a") -> dict[str, Stage]:
    return {move.version: move.stage for move, _ in store.standings() if move.rule == rule}


def refused(store: PolicyStore, stage: Stage, match: str, **more: Any) -> None:
    before = (store.folder / LOG).read_bytes()
    with pytest.raises(PolicyError, match=match) as error:
        store.promote("a", stage, **WHO, **more)
    assert error.value.do
    assert (store.folder / LOG).read_bytes() == before


def to_live(store: PolicyStore, **more: Any) -> str:
    for stage, share in ((Stage.SHADOW, None), (Stage.CANARY, 0.1)):
        move = store.promote("a", stage, **WHO, share=share, **more)
    digest = backtested(store, move.version)
    assert store.promote("a", Stage.LIVE, **WHO, **more).backtest == digest
    return move.version


def test_a_rule_goes_forward_one_step_at_a_time(store: PolicyStore) -> None:
    refused(store, Stage.CANARY, "may not go", share=0.1)
    refused(store, Stage.LIVE, "may not go")
    store.promote("a", Stage.SHADOW, **WHO)
    refused(store, Stage.SHADOW, "may not go")
    refused(store, Stage.LIVE, "may not go")
    for share in (None, 0.0, 1.0, -1.0, float("nan")):
        refused(store, Stage.CANARY, "share", share=share)
    store.promote("a", Stage.CANARY, **WHO, share=0.1)
    refused(store, Stage.CANARY, "has this share", share=0.1)
    store.promote("a", Stage.CANARY, **WHO, share=0.2)
    refused(store, Stage.RETIRED, "only a canary", share=0.2)
    store.promote("a", Stage.SHADOW, **WHO)
    store.promote("a", Stage.RETIRED, **WHO)
    refused(store, Stage.RETIRED, "may not go")
    store.promote("a", Stage.SHADOW, **WHO)
    assert [str(move.stage) for move in store.moves() if move.rule == "a"] == (
        ["draft", "shadow", "canary", "canary", "shadow", "retired", "shadow"]
    )
    last = store.moves()[-1]
    assert (last.by, last.why, last.at) == ("Ada", "tested", NOW)


def test_who_and_why_must_be_said(store: PolicyStore) -> None:
    for by, why in (("", "x"), ("Ada", " "), ("Ada", "a\nb"), ("A" * 501, "x")):
        with pytest.raises(PolicyError):
            store.promote("a", Stage.SHADOW, by=by, why=why)
    with pytest.raises(PolicyError, match="no rule nobody"):
        store.promote("nobody", Stage.SHADOW, **WHO)


def test_live_needs_a_fresh_backtest_below_the_ceiling(store: PolicyStore) -> None:
    store.promote("a", Stage.SHADOW, **WHO)
    version = store.promote("a", Stage.CANARY, **WHO, share=0.1).version
    refused(store, Stage.LIVE, "no backtest")
    backtested(store, "0" * 12)
    refused(store, Stage.LIVE, "no backtest")
    backtested(store, version, days_ago=8)
    refused(store, Stage.LIVE, "8.0 days old, and may be 7")
    refused(store, Stage.LIVE, "8.0 days old, and may be 7.5", backtest_days=7.5)
    backtested(store, version, of=0, days_ago=3)
    refused(store, Stage.LIVE, "no benign account")
    backtested(store, version, touched=3, days_ago=2)
    refused(store, Stage.LIVE, "touched 3 benign accounts; its ceiling is 2")
    digest = backtested(store, version, touched=2, days_ago=1)
    assert store.promote("a", Stage.LIVE, **WHO).backtest == digest


def test_what_only_observes_needs_a_backtest_and_has_no_ceiling(store: PolicyStore) -> None:
    store.promote("watch", Stage.SHADOW, **WHO)
    version = store.promote("watch", Stage.CANARY, **WHO, share=0.1).version
    with pytest.raises(PolicyError, match="no backtest"):
        store.promote("watch", Stage.LIVE, **WHO)
    digest = backtested(store, version, touched=9, rule="watch")
    assert store.promote("watch", Stage.LIVE, **WHO).backtest == digest


def test_a_changed_backtest_is_noticed(store: PolicyStore) -> None:
    store.promote("a", Stage.SHADOW, **WHO)
    version = store.promote("a", Stage.CANARY, **WHO, share=0.1).version
    digest = backtested(store, version, touched=9)
    (path,) = (store.folder / "backtests").glob(f"*{digest}.json")
    path.write_text(path.read_text().replace('"asked": 9', '"asked": 0'))
    refused(store, Stage.LIVE, "was changed")


def test_examples_must_hold(tmp_path: Path) -> None:
    store = PolicyStore(tmp_path, clock=lambda: NOW)
    store.add(file(TEXT.replace('spares = [case(tier = "present")]', "spares = []")), **WHO)
    store.promote("a", Stage.SHADOW, **WHO)
    version = store.promote("a", Stage.CANARY, **WHO, share=0.1).version
    backtested(store, version)
    refused(store, Stage.LIVE, "no examples of both kinds")
    other = PolicyStore(tmp_path / "other", clock=lambda: NOW)
    other.add(file(TEXT.replace('touches = [case(tier = "named"', 'touches = [case(tier = "near"')), **WHO)
    other.promote("a", Stage.SHADOW, **WHO)
    refused(other, Stage.CANARY, "1 of 2 examples of rule a do not hold", share=0.1)


def test_versions_stand_side_by_side_and_a_new_live_one_retires_the_old(store: PolicyStore) -> None:
    old = to_live(store)
    assert store.add(file(), **WHO) == []
    (draft,) = store.add(file(TEXT.replace("days(1)", "days(2)")), **WHO)
    new = draft.version
    assert stage_of(store) == {old: Stage.LIVE, new: Stage.DRAFT}
    refused(store, Stage.SHADOW, "several versions")
    assert to_live(store, version=new) == new
    assert stage_of(store) == {old: Stage.RETIRED, new: Stage.LIVE}
    assert [one.rule.version for one in store.current().standings] == [new]
    (other,) = store.add(file(TEXT.replace("days(1)", "days(3)")), **WHO)
    third = other.version
    store.promote("a", Stage.SHADOW, **WHO, version=third)
    store.promote("a", Stage.CANARY, **WHO, version=third, share=0.1)
    store.promote("a", Stage.SHADOW, **WHO, version=old)
    refused(store, Stage.CANARY, f"version {third} of rule a is in canary", version=old, share=0.1)


def test_the_log_is_chained_and_a_change_is_noticed(store: PolicyStore) -> None:
    store.promote("a", Stage.SHADOW, **WHO)
    path = store.folder / LOG
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    changed = {
        "a word": whole.replace(b'"Ada"', b'"Eve"', 1),
        "a line out": b"".join([lines[0], *lines[2:]]),
        "two exchanged": b"".join([lines[1], lines[0], *lines[2:]]),
        "a line twice": whole + lines[-1],
        "no JSON": whole + b"{\n",
        "no object": whole + b"3\n",
    }
    for what, data in changed.items():
        path.write_bytes(data)
        with pytest.raises(PolicyError, match="changed by something else"):
            store.moves()
        with pytest.raises(PolicyError):
            store.promote("a", Stage.RETIRED, **WHO)
        assert path.read_bytes() == data, what
    path.write_bytes(whole)
    assert len(store.moves()) == 3
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_that_was_cut_off_is_no_move_and_the_next_one_takes_its_place(store: PolicyStore) -> None:
    store.promote("a", Stage.SHADOW, **WHO)
    path = store.folder / LOG
    whole = path.read_bytes()
    for cut in range(whole[:-1].rfind(b"\n") + 1, len(whole), 37):
        path.write_bytes(whole[:cut])
        assert stage_of(store) == {store.moves()[0].version: Stage.DRAFT}
    store.promote("a", Stage.RETIRED, **WHO)
    assert [str(move.stage) for move in store.moves()] == ["draft", "draft", "retired"]
    assert all(json.loads(line) for line in path.read_bytes().splitlines())


def _shared(state: Path, name: str) -> None:
    store = PolicyStore(state)
    for number in range(20):
        text = f"{name}{number} = rule(when = account.held, do = observe())"
        store.add(file(text), by=name, why="at once")


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_shared, args=(tmp_path, name)) for name in ("b", "c")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    store = PolicyStore(tmp_path)
    names = [f"{name}{number}" for name in "bc" for number in range(20)]
    assert sorted(move.rule for move in store.moves()) == sorted(names)
    assert len(store.standings()) == 40


def eventually(check: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return True
        time.sleep(0.02)
    return check()


def test_a_move_counts_within_a_second(store: PolicyStore) -> None:
    assert not store.current().standings
    assert store.current() is store.current()
    store.promote("a", Stage.SHADOW, **WHO)
    assert eventually(lambda: bool(store.current().standings), 1.0)
    assert store.current().outcome(NAMED, 1).shadow
    store.promote("a", Stage.RETIRED, **WHO)
    assert eventually(lambda: not store.current().standings, 1.0)
    assert store.in_force.problems == 0


def test_what_is_broken_never_replaces_what_is_good(store: PolicyStore) -> None:
    to_live(store)
    good = store.current()
    (kept,) = (store.folder / "files").iterdir()
    text, log = kept.read_bytes(), (store.folder / LOG).read_bytes()

    (store.folder / LOG).write_bytes(log.replace(b"Ada", b"Eve"))
    assert eventually(lambda: (store.current(), store.in_force.problems == 1)[1], 2.0)
    assert store.current() is good
    assert "changed by something else" in store.in_force.problem

    (store.folder / LOG).write_bytes(log)
    assert eventually(lambda: (store.current(), not store.in_force.problem)[1], 2.0)
    assert store.current().digest == good.digest

    (store.folder / LOG).write_bytes(b"[" * 100_000 + b"\n")
    assert eventually(lambda: (store.current(), store.in_force.problems == 2)[1], 2.0)
    assert store.current().digest == good.digest

    (store.folder / LOG).unlink()
    assert eventually(lambda: (store.current(), store.in_force.problems == 3)[1], 2.0)
    assert store.current().outcome(NAMED, 1).acting

    (store.folder / LOG).write_bytes(log)
    kept.write_bytes(text + b"#")
    with pytest.raises(PolicyError, match="was changed"):
        PolicyStore(store.folder.parent).current()
    kept.unlink()
    with pytest.raises(PolicyError, match="cannot be read"):
        PolicyStore(store.folder.parent).current()


def test_no_state_is_no_rule(tmp_path: Path) -> None:
    store = PolicyStore(tmp_path / "nowhere")
    assert store.current().outcome(NAMED, 1).acting == ()
    with pytest.raises(PolicyError, match="no policy was ever added"):
        store.promote("a", Stage.SHADOW, **WHO)
    assert not (tmp_path / "nowhere").exists()
    store.add(file(), **WHO)
    assert (tmp_path / "nowhere").stat().st_mode & 0o777 == 0o700
    store.promote("a", Stage.SHADOW, **WHO)
    assert eventually(lambda: bool(store.current().standings), 1.0)


def test_many_threads_may_ask_while_rules_move(store: PolicyStore) -> None:
    faults: list[BaseException] = []
    stop = threading.Event()

    def ask() -> None:
        try:
            while not stop.is_set():
                store.current().outcome(NAMED, 5)
        except BaseException as error:
            faults.append(error)

    store.current()
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        store.promote("a", Stage.SHADOW, **WHO)
        time.sleep(0.3)
        store.promote("a", Stage.RETIRED, **WHO)
        time.sleep(0.3)
    stop.set()
    for thread in threads:
        thread.join(10)
    assert not faults
