"""A record of the guarantees' study counts right and wrong as `range score` does."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from guarantee_study.lines import delays_of, false_alarms, made_of, run_lengths
from guarantee_study.worlds import BENIGN, CAMPAIGNS, Task, groups_of, listed_at_levels
from guarantees import logged
from stillwatch.simulate.score import Truth

KINDS = {
    "a": "operator",
    "b": "operator",
    "v": "company",
    "w": "company",
    "x": "classroom",
    "y": "classroom",
    "z": "ordinary",
    "e": "distiller",
}
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
    row = {
        "group": 1,
        "campaign": "heath-1",
        "kind": "linked",
        "verdict": verdict,
        "permit": "",
        "listed": verdict != "benign",
    }
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
    planted, plain = (
        Task(CAMPAIGNS, "moor", 0.003, 2, 3_000.0, 1, 365.0),
        Task(BENIGN, "benign", 0.002, 9, 3_000.0, 7, 365.0),
    )
    lines = [
        json.dumps({"task": asdict(task), "turn": turn})
        for turn, task in enumerate((planted, plain, planted))
    ]
    (tmp_path / "log.jsonl").write_text("\n".join([*lines, '{"task": {"study"']), encoding="utf-8")
    assert [(record["task"]["scenario"], record["turn"]) for record in logged(tmp_path / "log.jsonl")] == [
        ("benign", 1),
        ("moor", 2),
    ]


def watched(seed: int, scale: float, every: int, state: str, beside: tuple[str, ...] = ()) -> dict[str, Any]:
    """A record of a world with a campaign that was watched for twenty days and raised its alarm on the
    second.
    """
    task = asdict(Task(CAMPAIGNS, "february", scale, seed, 3_000.0, every, 365.0, beside))
    campaign = {"name": "heath", "delay_days": 2, "gone": 0.04, "alarm": 1}
    return {"task": task, "state": state, "watch": {"searched": 20 // every, "campaigns": [campaign]}}


def test_it_is_told_which_worlds_the_figures_are_of() -> None:
    records = [
        watched(3, 0.004, 1, "0a"),
        watched(1, 0.002, 1, "0a"),
        watched(2, 0.002, 7, "0b", ("lookalikes",)),
    ]
    first, second = made_of(records)
    assert (first.scenarios, first.scales, first.seeds, first.worlds, first.searches, first.state) == (
        ["february"],
        [0.002, 0.004],
        (1, 3),
        2,
        20,
        "0a",
    )
    assert (second.scenarios, second.every, second.searches, second.state) == (
        ["february + lookalikes"],
        7,
        2,
        "0b",
    )


def test_delays_among_the_look_alikes_are_told_apart() -> None:
    found = delays_of(
        [watched(1, 0.002, 1, "0a"), watched(2, 0.002, 1, "0a"), watched(3, 0.002, 1, "0a", ("lookalikes",))]
    )
    assert [(line.place, line.worlds, line.days) for line in found] == [
        ("february", 2, 2.0),
        ("february + lookalikes", 1, 2.0),
    ]


def test_worlds_that_were_watched_otherwise_have_a_run_length_of_their_own() -> None:
    quiet: dict[str, dict[str, int]] = {"adversarial": {}, "unlicensed": {}}
    daily, weekly = ([watched(seed, 0.002, every, "0a") for seed in range(1, 11)] for every in (1, 5))
    for number, record in enumerate([*daily, *weekly]):
        record["watch"]["false_alarms"] = quiet | {"adversarial": {"classroom": 1}} if number == 3 else quiet
    lengths = {
        (line.every, line.verdict): line
        for line in run_lengths([*weekly, *daily, {"task": daily[0]["task"]}])
    }
    assert {key: (line.worlds, line.days, line.alarmed) for key, line in lengths.items()} == {
        (1, "adversarial"): (10, 20, 1),
        (1, "unlicensed"): (10, 20, 0),
        (5, "adversarial"): (10, 20, 0),
        (5, "unlicensed"): (10, 20, 0),
    }
    upper = 1.0 - 0.05 ** (1 / 10)
    assert lengths[5, "adversarial"].at_least == pytest.approx(20 * (1.0 - upper) / upper, abs=0.1)
    assert lengths[1, "adversarial"].at_least < lengths[1, "unlicensed"].at_least
    lines = {(line.case, line.what): line for line in false_alarms([*weekly, *daily])}
    promised = {case: line.promised for (case, _), line in lines.items()}
    assert promised["20 searches of a world, run length 365 days"] == pytest.approx(20 / (2 * 365 + 1))
    assert promised["4 searches of a world, run length 365 days"] == pytest.approx(4 / (2 * 73 + 1))
