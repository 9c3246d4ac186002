"""A guard over a published run with a policy that is live: from a run folder to a decision, and back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from guard_runs import Found, Member, World, made_run

from stillwatch.cli import program
from stillwatch.errors import RunError
from stillwatch.guard.decide import Failure
from stillwatch.guard.open_state import open_guard
from stillwatch.guard.opened import Opened
from stillwatch.guard.records import decisions
from stillwatch.guard.request import Answer, Request
from stillwatch.response.inputs import RequestFacts
from stillwatch.response.ladder import Permission

POLICY = """
blocks = rule(
    when = campaign.verdict == "adversarial" and campaign.role == "operator" and account.tier == "named",
    do = block(),
    expires = days(30),
    reason = "terms_automated_collection",
    touches = [case(verdict = "adversarial", role = "operator", tier = "named")],
    spares = [case()],
)
"""
SOON_S = 5.0
"""A person's decision reaches every guard within so many seconds."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    members = [Member(f"bad-{number}") for number in range(5)] + [Member("near-1", "near")]
    world = World(
        [*(one.id for one in members), *(f"good-{number}" for number in range(50)), "robbed-1"],
        [
            Found("camp-operators", members),
            Found("camp-victims", [Member("robbed-1")], role="victim"),
        ],
    )
    return made_run(tmp_path_factory.mktemp("whole") / "run", world)


@pytest.fixture
def state(run: Path, tmp_path: Path) -> Path:
    state, file = tmp_path / "state", tmp_path / "one.policy"
    file.write_text(POLICY, encoding="utf-8")
    said("guard", "publish", run, "--to", state)
    said("policy", "add", file, "--to", state, "--by", "Ada", "--reason", "first")
    for stage in (("shadow",), ("canary", "--share", "0.5")):
        said("policy", "promote", "blocks", *stage, "--to", state, "--by", "Ada", "--reason", "step by step")
    return state


@pytest.fixture
def opened(state: Path) -> Iterator[Opened]:
    """A guard on which the rule is live: what a backtest demands is tried elsewhere."""
    from stillwatch.response.ladder import Stage
    from stillwatch.response.policy_store import PolicyStore
    from stillwatch.response.stage_log import append_moves
    from stillwatch.response.stages import Move

    store = PolicyStore(state)
    before = store.moves()[-1]
    moved = Move(before.rule, before.version, before.file, Stage.LIVE, 0.0, "Ada", "go", time.time() - 1)
    append_moves(store.folder / "stages.jsonl", [moved])
    guard = open_guard(state, Failure.OPEN)
    yield guard
    guard.close()


def said(*words: Any) -> str:
    done = CliRunner().invoke(program, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def by(state: Path) -> tuple[Any, ...]:
    return ("--state", state, "--by", "Ada", "--reason", "looked at it")


def ask(account: str) -> Request:
    return Request(account, RequestFacts(model="heron"), "r1")


def soon(holds: Callable[[], bool]) -> float:
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < SOON_S, "it did not come in time"
        time.sleep(0.05)
    return time.monotonic() - began


def test_only_the_named_of_operators_are_touched(opened: Opened) -> None:
    guard = opened.guard
    assert guard.decide(ask("bad-1")).answer is Answer.DENY
    for account in ("near-1", "robbed-1", "nobody", "", *(f"good-{number}" for number in range(50))):
        assert guard.decide(ask(account)).answer is Answer.ALLOW, account


def test_an_appeal_upheld_reverses_a_block_within_seconds(opened: Opened, state: Path) -> None:
    assert opened.guard.decide(ask("bad-1")).answer is Answer.DENY
    said("guard", "appeal", "uphold", "bad-1", *by(state))
    soon(lambda: opened.guard.decide(ask("bad-1")).allowed)
    assert opened.guard.decide(ask("bad-2")).answer is Answer.DENY


def test_a_permit_lets_its_holder_through_within_seconds_and_is_seen(opened: Opened, state: Path) -> None:
    assert opened.guard.decide(ask("bad-3")).permission is Permission.NONE
    said("guard", "permit", "issue", "study", "--account", "bad-3", "--until", "2099-01-01", *by(state))
    soon(lambda: opened.guard.decide(ask("bad-3")).allowed)
    assert opened.guard.decide(ask("bad-3")).permission is Permission.COVERS
    said("guard", "permit", "revoke", "study", *by(state))
    soon(lambda: not opened.guard.decide(ask("bad-3")).allowed)
    assert opened.guard.decide(ask("bad-3")).permission is Permission.REVOKED


def test_a_decision_is_undone_by_its_id_alone(opened: Opened, state: Path) -> None:
    decision = opened.guard.decide(ask("bad-4"))
    said("guard", "undo", decision.id, *by(state))
    soon(lambda: opened.guard.decide(ask("bad-4")).allowed)
    assert not opened.guard.decide(ask("bad-0")).allowed


def test_a_whole_campaign_is_undone_in_one_step(opened: Opened, state: Path) -> None:
    said("guard", "undo", "camp-operators", *by(state))
    soon(lambda: all(opened.guard.decide(ask(f"bad-{number}")).allowed for number in range(5)))


def test_a_decision_that_no_record_tells_of_needs_its_account(state: Path) -> None:
    done = CliRunner().invoke(program, ["guard", "undo", "0" * 32, *map(str, by(state))])
    assert done.exit_code != 0
    assert "--account" in str(done.exception)


def test_explain_says_what_would_happen_and_since_when(opened: Opened, state: Path) -> None:
    first = opened.guard.decide(ask("bad-1"))
    told = json.loads(said("guard", "explain", "bad-1", "--state", state, "--json"))
    assert (told["answer"], told["action"]["step"], told["role"]) == ("deny", "block", "operator")
    assert told["rules"][0]["rule"] == "blocks"
    assert told["recorded"][0]["id"] == first.id
    assert told["since"] is not None
    shown = said("guard", "explain", "bad-1", "--state", state)
    assert "would be refused (403)" in shown
    assert first.id in shown
    assert len(list(decisions(state / "records"))) == 1  # to explain records nothing


def test_explain_says_why_nothing_happens(opened: Opened, state: Path) -> None:
    said("guard", "exempt", "bad-1", *by(state))
    assert "held back" in said("guard", "explain", "bad-1", "--state", state)
    assert "neither snapshot nor journal" in said("guard", "explain", "nobody", "--state", state)
    assert "tier near" in said("guard", "explain", "near-1", "--state", state)


def test_a_second_guard_of_the_machine_opens_and_says_what_it_lacks(opened: Opened, state: Path) -> None:
    second = open_guard(state, Failure.CLOSED)
    try:
        assert second.guard.decide(ask("bad-1")).answer is Answer.DENY
        health = second.health(time.time())
        assert health.fresh
        assert health.problems == {"budgets-not-kept": 1}
    finally:
        second.close()


def test_what_is_no_state_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such state"):
        open_guard(tmp_path, Failure.OPEN)
