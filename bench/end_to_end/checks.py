"""What must hold of all that clients got, told as rows and as promises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from end_to_end.clients import Got
from end_to_end.worlds import World
from stillwatch.guard.records import decisions
from stillwatch.response.replay.touched import interval

MARKED, SLOWED, BLOCKED, UNTOUCHED, FAILED = "marked", "slowed", "blocked", "untouched", "failed"
BENIGN = "benign"
LEAST = {True: 0.9, False: 0.75}
"""Share of the named accounts that the guard's own log must show again, with words and without."""


@dataclass(frozen=True)
class Promise:
    """Something that must hold."""

    what: str
    holds: bool
    seen: str
    """What was seen of it."""


def met(got: Got) -> str:
    """What a client met."""
    if got.status == 200:
        return MARKED if got.cohort else UNTOUCHED
    return {403: BLOCKED, 429: SLOWED}.get(got.status, FAILED)


def rows(world: World, told: Sequence[Got], cleared: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Answers by kind of account and tier, and what each met. cleared: accounts that a person exempted."""
    counted: dict[tuple[str, str, str], Counter[str]] = {}
    accounts: dict[tuple[str, str, str], set[str]] = {}
    for got in told:
        kind = world.kinds[got.account]
        member = world.members.get(got.account)
        tier = "exempt" if got.account in set(cleared) else member.tier if member else ""
        tier = "permit" if got.account in world.licensed else tier
        has = member.step if member and tier == "named" else "none"
        key = (kind if got.account in world.guilty else BENIGN if not tier else kind, tier, has)
        counted.setdefault(key, Counter())[met(got)] += 1
        accounts.setdefault(key, set()).add(got.account)
    names = (MARKED, SLOWED, BLOCKED, UNTOUCHED, FAILED)
    return [
        {
            **dict(zip(("who", "tier", "policy"), key, strict=True)),
            "accounts": len(accounts[key]),
            **{name: counted[key][name] for name in names},
        }
        for key in sorted(counted)
    ]


def as_policy_says(world: World, told: Sequence[Got], cleared: Sequence[str]) -> list[Promise]:
    """Each account met what the policy has for it."""
    wrong: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    allowed = {"block": {BLOCKED}, "mark": {MARKED}, "slow": {MARKED, SLOWED}, "none": {UNTOUCHED}}
    benign: dict[str, bool] = {}
    for got in told:
        member = world.members.get(got.account)
        step = "none" if member is None or got.account in cleared else member.step
        seen[step] += 1
        wrong[step] += met(got) not in allowed[step]
        if got.account not in world.guilty:
            benign[got.account] = benign.get(got.account, False) or met(got) != UNTOUCHED
    touched = sum(benign.values())
    low, high = interval(touched, len(benign))
    found = [
        Promise(
            f"policy says {step}: so it was",
            wrong[step] == 0 and seen[step] > 0,
            f"{seen[step] - wrong[step]} of {seen[step]} answers",
        )
        for step in ("block", "slow", "mark", "none")
        if seen[step] or step in ("block", "none")
    ]
    rate = f"{touched} of {len(benign)} accounts; 95 %: {low:.2%} to {high:.2%}"
    waits = [got for got in told if got.status == 429]
    return [
        *found,
        Promise("no benign account is touched", touched == 0, rate),
        Promise(
            "every 429 says when to come back",
            all(got.retry_after.isdigit() for got in waits),
            f"{len(waits)} answers",
        ),
        Promise(
            "every refusal has a reference and says whether a permit was seen",
            all(got.reference and got.permit for got in told if got.status in (403, 429)),
            f"{sum(got.status in (403, 429) for got in told)} answers",
        ),
    ]


def recorded(records: Path, told: Sequence[Got]) -> Promise:
    """Every refusal that a client saw has its line, with its status and account."""
    lines = {row["id"]: row for row in decisions(records)}
    refused = [got for got in told if got.status in (403, 429)]
    kept = [
        got
        for got in refused
        if (line := lines.get(got.reference))
        and (line["status_code"], line["account_id"]) == (got.status, got.account)
    ]
    return Promise(
        "every refusal is on record", len(kept) == len(refused) > 0, f"{len(kept)} of {len(refused)}"
    )


def read_back(world: World, run: Path, *, words: bool) -> tuple[list[dict[str, Any]], list[Promise]]:
    """The groups that the run over the guard's own log finds, against the campaigns before.

    words: whether the log holds any. Without them, and of refused requests without answers, nothing can be
    held out to test a group with, so that groups are found and need not be listed.
    """
    groups = {row["group"]: row for row in pq.read_table(run / "campaigns.parquet").to_pylist()}
    again: dict[int, set[str]] = {}
    for row in pq.read_table(run / "members.parquet").to_pylist():
        again.setdefault(row["group"], set()).add(row["account_id"])
    before: dict[str, set[str]] = {}
    for account, member in world.members.items():
        if member.step != "none":
            before.setdefault(member.campaign, set()).add(account)
    found: list[dict[str, Any]] = []
    wrong = 0
    for identity, accounts in sorted(before.items()):
        group = max(again, key=lambda one: len(again[one] & accounts), default=-1)
        both = again.get(group, set()) & accounts
        others = len(again[group] - world.guilty) if both else 0
        wrong += others
        told = groups[group] if both else {"verdict": "", "listed": False, "identity": ""}
        names = {
            "campaign": identity,
            "accounts": len(accounts),
            "found_again": len(both),
            "innocent": others,
        }
        found.append(
            {
                **names,
                "verdict": told["verdict"],
                "listed": told["listed"],
                "same": told["identity"] == identity,
            }
        )
    share = sum(row["found_again"] for row in found) / max(sum(row["accounts"] for row in found), 1)
    seen = f"{share:.0%} of the named accounts are in one group for each campaign, with {wrong} innocent ones"
    promises = [
        Promise(
            "detect finds the same accounts in the guard's own log", share >= LEAST[words] and not wrong, seen
        )
    ]
    if words:
        listed = sum(row["listed"] and row["verdict"] == "adversarial" for row in found)
        seen = f"{listed} of {len(found)}"
        promises.append(
            Promise("with words, it calls them adversarial again", listed == len(found) > 0, seen)
        )
    return found, promises
