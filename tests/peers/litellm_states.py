"""A published state whose policy blocks a campaign of five accounts, bad-0 to bad-4."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from guard_runs import Found, Member, World, made_run

from stillwatch.cli import program
from stillwatch.response.ladder import Stage
from stillwatch.response.policy_store import PolicyStore
from stillwatch.response.stage_log import append_moves
from stillwatch.response.stages import Move

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
BY = ("--by", "Ada", "--reason", "looked at it")


def said(*words: Any) -> None:
    """Run a command."""
    done = CliRunner().invoke(program, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def live_state(folder: Path) -> Path:
    """A published state whose rule is live; what a backtest demands before is tried elsewhere."""
    members = [Member(f"bad-{number}") for number in range(5)]
    world = World([*(one.id for one in members), "good-1"], [Found("camp-operators", members)])
    state, file = folder / "state", folder / "one.policy"
    file.write_text(POLICY, encoding="utf-8")
    said("guard", "publish", made_run(folder / "run", world), "--to", state)
    said("policy", "add", file, "--to", state, *BY)
    for stage in (("shadow",), ("canary", "--share", "0.5")):
        said("policy", "promote", "blocks", *stage, "--to", state, *BY)
    store = PolicyStore(state)
    before = store.moves()[-1]
    moved = Move(before.rule, before.version, before.file, Stage.LIVE, 0.0, "Ada", "go", time.time() - 1)
    append_moves(store.folder / "stages.jsonl", [moved])
    return state
