"""A record of the guarantees' study counts right and wrong as `range score` does."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from guarantee_worlds import BENIGN, CAMPAIGNS, Task, groups_of, listed_at_levels
from guarantees import logged
from stillwatch.range.score import Truth

KINDS = {"a": "operator", "b": "operator", "v": "company", "w": "company", "x": "classroom", "y": "classroom", "z": "ordinary", "e": "distiller"}
TRUTH = Truth(
    campaigns={"heath": frozenset("ab"), "moor": frozenset("vw")},
    permitted={},
    kinds=KINDS,
    guilty=frozenset("ab"),
    victims=frozenset("vw"),
    exceeding={"press": frozenset("e")},
)


def found(members: str, verdict: str = "adversarial", at_least: int = 1) -> dict[str, Any]:
    """What a search found: one group far beyond chance, among four that were tested."""
    row = {"group": 1, "campaign": "heath-1", "kind": "linked", "verdict": verdict, "permit": "", "listed": verdict != "benign"}
    return {
        "tested": 4,
        "campaigns": [row | {"log_e_value": 40.0, "at_least": at_least}],
        "members": [{"group": 1, "account_id": account} for account in members],
    }


@pytest.mark.parametrize(
    ("members", "verdict", "kind", "right", "false"),
    [
        ("ab", "adversarial", "campaign", 2, False),
        ("vw", "adversarial", "campaign", 2, False),
        ("bv", "adversarial", "campaign", 2, False),
        ("ax", "adversarial", "campaign", 1, False),
        ("axyz", "adversarial", "classroom", 1, True),
        ("vxy", "adversarial", "classroom", 1, True),
        ("e", "unlicensed", "distiller", 1, False),
        ("e", "adversarial", "distiller", 0, True),
    ],
)
def test_accounts_whose_keys_were_stolen_are_not_wronged_and_licensees_that_exceed_are_unlicensed(
    members: str, verdict: str, kind: str, right: int, false: bool
) -> None:
    (group,) = groups_of(found(members, verdict), TRUTH)
    assert (group.kind, group.right, group.accounts, group.false) == (kind, right, len(members), false)
    false_groups = listed_at_levels(found(members, verdict), TRUTH)["levels"][-1]["false"][verdict]
    assert false_groups == ({kind: 1} if false else {})


def test_the_bound_of_an_accusation_is_kept_beside_what_it_bounds() -> None:
    assert listed_at_levels(found("vwx", at_least=3), TRUTH)["bounds"] == [[3, 2, 3]]
    assert listed_at_levels(found("vwx", "benign", at_least=3), TRUTH)["bounds"] == []


def test_of_a_log_every_world_counts_once_whatever_its_study_was_called_with(tmp_path: Path) -> None:
    planted, plain = Task(CAMPAIGNS, "moor", 0.003, 2, 3_000.0, 1, 365.0), Task(BENIGN, "benign", 0.002, 9, 3_000.0, 7, 365.0)
    lines = [json.dumps({"task": asdict(task), "turn": turn}) for turn, task in enumerate((planted, plain, planted))]
    (tmp_path / "log.jsonl").write_text("\n".join([*lines, '{"task": {"study"']), encoding="utf-8")
    assert [(record["task"]["scenario"], record["turn"]) for record in logged(tmp_path / "log.jsonl")] == [("benign", 1), ("moor", 2)]
