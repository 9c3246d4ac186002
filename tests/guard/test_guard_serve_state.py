"""The command over a published state: campaigns are refused, people's decisions arrive within seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgi_parts import free_port
from click.testing import CliRunner
from guard_runs import Found, Member, World, made_run
from service_parts import Running, configured, started

from stillwatch.cli import program
from stillwatch.guard.records import decisions
from stillwatch.response.ladder import Stage
from stillwatch.response.policy_store import PolicyStore
from stillwatch.response.stage_log import append_moves
from stillwatch.response.stages import Move

POLICY = """
blocks = rule(
    when = campaign.verdict == "adversarial" and campaign.role == "operator" and account.tier == "named",
    do = block(),
    expires = days(30),
    reason = "bulk_use",
    touches = [case(verdict = "adversarial", role = "operator", tier = "named")],
    spares = [case()],
)
"""
SOON_S = 5.0
"""A person's decision reaches every guard within so many seconds."""
BY = ("--by", "Ada", "--reason", "looked at it")


def said(*words: Any) -> None:
    done = CliRunner().invoke(program, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state with a live rule: what a backtest demands is tried elsewhere."""
    folder = tmp_path_factory.mktemp("served")
    state, file = folder / "state", folder / "one.policy"
    members = [Member(f"bad-{number}") for number in range(5)]
    world = World([*(one.id for one in members), "good-1"], [Found("camp-operators", members)])
    file.write_text(POLICY, encoding="utf-8")
    said("guard", "publish", made_run(folder / "run", world), "--to", state)
    said("policy", "add", file, "--to", state, *BY)
    said("policy", "promote", "blocks", "shadow", "--to", state, *BY)
    store = PolicyStore(state)
    last = store.moves()[-1]
    moved = Move(last.rule, last.version, last.file, Stage.LIVE, 0.0, "Ada", "go", time.time() - 1)
    append_moves(store.folder / "stages.jsonl", [moved])
    return state


@pytest.fixture(scope="module")
def service(state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    port = free_port()
    file = configured(tmp_path_factory.mktemp("config"), port=port, workers=2)
    words = [str(Path(sys.executable).with_name("stillwatch")), "guard", "serve"]
    with started(port, [*words, "--state", str(state), "--config", str(file)]) as found:
        yield found


def decided(service: Running, account: str) -> Any:
    status, told = service.call("/v1/decide", {"account": account, "facts": {"model": "heron"}})
    assert status == 200
    return told


def soon(holds: Callable[[], bool]) -> None:
    began, times = time.monotonic(), 0
    while times < 20:  # so that each process is asked
        times = times + 1 if holds() else 0
        assert time.monotonic() - began < SOON_S, "it did not come in time"
        time.sleep(0.01)


def test_it_is_ready_and_refuses_the_campaign_alone(service: Running) -> None:
    assert service.call("/health/ready") == (200, {"status": "ready"})
    told = decided(service, "bad-0")
    assert (told["answer"], told["permission"], told["refusal"]["status"]) == ("deny", "none", 403)
    assert [decided(service, name)["answer"] for name in ("good-1", "nobody", "")] == ["allow"] * 3
    assert "stillwatch_guard_state_age_seconds" in service.call("/metrics")[1]


def test_a_permit_lets_its_holder_through_all_processes_within_seconds(service: Running, state: Path) -> None:
    assert decided(service, "bad-1")["answer"] == "deny"
    said(
        "guard",
        "permit",
        "issue",
        "study",
        "--account",
        "bad-1",
        "--until",
        "2099-01-01",
        "--state",
        state,
        *BY,
    )
    soon(lambda: decided(service, "bad-1")["permission"] == "covers")
    assert decided(service, "bad-1")["answer"] == "allow"
    said("guard", "permit", "revoke", "study", "--state", state, *BY)
    soon(lambda: decided(service, "bad-1")["answer"] == "deny")
    told = decided(service, "bad-1")
    assert told["permission"] == "revoked"
    assert "it was taken back" in told["refusal"]["body"]["error"]["message"]


def test_a_decision_is_undone_by_the_reference_that_the_customer_has(service: Running, state: Path) -> None:
    reference = decided(service, "bad-2")["refusal"]["headers"]["x-policy-reference"]
    said("guard", "undo", reference, "--state", state, *BY)
    soon(lambda: decided(service, "bad-2")["answer"] == "allow")
    assert decided(service, "bad-3")["answer"] == "deny"


def test_what_it_decided_is_on_record_when_it_has_ended(service: Running, state: Path) -> None:
    told = [decided(service, name)["decision"] for name in ("bad-4", "good-1") * 10]
    assert service.end() == 0
    kept = {row["id"]: row["answer"] for row in decisions(state / "records")}
    assert [kept[one] for one in told] == ["deny", "allow"] * 10
