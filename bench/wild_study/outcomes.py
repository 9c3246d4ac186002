"""What a run says of a world that is not ours, compared with the truth that lies beside it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from stillwatch.schema.codes import Tier
from stillwatch.simulate.score import ACCUSING

FIFTH, HALF = 0.2, 0.5
COORDINATED = "coordinated"
FOUND, SHOWN, GROUPED, MISSED = "found", COORDINATED, "in a group", "missed"
"""What may become of a campaign: accused; listed as coordinated, purpose unknown; grouped but not listed."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Group:
    """One tested group of a run."""

    name: str
    """Its name in the run."""
    verdict: str
    """Its verdict."""
    listed: bool
    """Whether it passed the error control."""
    role: str
    """Who its accounts are, as the run says."""
    at_least: int
    """The bound."""
    named: frozenset[str]
    """Accounts that it names."""
    present: frozenset[str]
    """Accounts that are present in it without being named."""

    @property
    def bad(self) -> bool:
        """Whether it accuses its accounts."""
        return self.listed and self.verdict in ACCUSING

    @property
    def told(self) -> frozenset[str]:
        """The accounts that the report tells it by: the named, or all present where none is named."""
        return self.named or self.present


def outcome(run: Path, world: Path) -> Row:
    """Return what the run in a folder says of each campaign, each kind of innocents and each listed group.

    world: folder with truth.parquet (account_id, kind, campaign, verdict, exchanges).
    """
    truth = {row["account_id"]: row for row in pq.read_table(world / "truth.parquet").to_pylist()}
    groups = groups_of(run)
    return {
        "accounts": len(truth),
        "exchanges": sum(row["exchanges"] for row in truth.values()),
        "campaigns": campaigns(truth, groups),
        "kinds": kinds(truth, groups),
        "groups": [_listed(group, truth) for group in groups if group.listed],
        "notes": notes_of(world),
    }


def notes_of(world: Path) -> dict[str, str]:
    """Return what the generator says of each campaign; nothing where it says nothing."""
    path = world / "notes.json"
    notes: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return notes


def groups_of(run: Path) -> list[Group]:
    """Return every tested group of a run."""
    tiers: dict[tuple[int, str], set[str]] = {}
    for table in ("members", "bystanders"):
        rows = pq.read_table(run / f"{table}.parquet", columns=["group", "account_id", "tier"])
        for row in rows.to_pylist():
            tiers.setdefault((row["group"], row["tier"]), set()).add(row["account_id"])
    return [
        Group(
            row["campaign"],
            row["verdict"],
            row["listed"],
            row["role"],
            row["at_least"],
            frozenset(tiers.get((row["group"], Tier.NAMED.value), ())),
            frozenset(tiers.get((row["group"], Tier.PRESENT.value), ())),
        )
        for row in pq.read_table(run / "campaigns.parquet").to_pylist()
    ]


def campaigns(truth: Mapping[str, Row], groups: Iterable[Group]) -> list[Row]:
    """Return, for each campaign, what became of it.

    Found: an accusation names a fifth of its accounts, or half of those it names are the campaign's.
    Precision and recall are of the accusation that names most of it; `presence` is the share of its accounts
    that any listed group holds at all.
    """
    return [
        _campaign(name, frozenset(a for a, row in truth.items() if row["campaign"] == name), list(groups))
        for name in sorted({row["campaign"] for row in truth.values() if row["campaign"]})
    ]


def _campaign(name: str, accounts: frozenset[str], groups: list[Group]) -> Row:
    accused = max(
        (group for group in groups if group.bad and group.named & accounts),
        key=lambda group: (len(group.named & accounts), group.name),
        default=None,
    )
    found: Row = {"name": name, "accounts": len(accounts), "outcome": MISSED, "verdict": None, "role": None}
    found |= {"precision": 0.0, "recall": 0.0, "present": 0}
    listed = [group for group in groups if group.listed]
    held = accounts & frozenset().union(*(group.named | group.present for group in listed))
    found["presence"] = len(held) / len(accounts)
    if accused is not None and _is_of(accused.named, accounts):
        right = len(accused.named & accounts)
        return found | {
            "outcome": FOUND,
            "verdict": accused.verdict,
            "role": accused.role,
            "precision": right / len(accused.named),
            "recall": right / len(accounts),
            "present": len(accused.present & accounts),
        }
    for group in sorted(listed, key=lambda group: -len(group.told & accounts)):
        if group.verdict == COORDINATED and _is_of(group.told, accounts):
            right = len(group.told & accounts)
            return found | {
                "outcome": SHOWN,
                "verdict": group.verdict,
                "role": group.role,
                "precision": right / len(group.told),
                "recall": right / len(accounts),
            }
    if any(_is_of(group.told, accounts) for group in groups):
        return found | {"outcome": GROUPED}
    return found


def _is_of(members: frozenset[str], accounts: frozenset[str]) -> bool:
    right = len(members & accounts)
    return bool(right) and (right >= FIFTH * len(accounts) or right >= HALF * len(members))


def kinds(truth: Mapping[str, Row], groups: Iterable[Group]) -> list[Row]:
    """Return, for each kind that is no campaign, how many accounts are named or present in what is listed.

    named: in an accusation, but where the truth says the same verdict. The accusations that innocents are more
    than half of are counted under the commonest kind in them.
    """
    found: dict[str, Row] = {}
    for row in truth.values():
        if not row["campaign"]:
            kind = found.setdefault(
                row["kind"],
                {"kind": row["kind"], "accounts": 0, "right": set(), "named": 0, "present": 0}
                | {"coordinated": 0, "adversarial_groups": 0, "unlicensed_groups": 0},
            )
            kind["accounts"] += 1
            kind["right"].add(row["verdict"])
    listed = [group for group in groups if group.listed]
    for group in listed:
        if group.bad and (most := _innocents(group.told, truth)) and not _right(group, truth):
            found[most][f"{group.verdict}_groups"] += 1
    for account, row in truth.items():
        if row["campaign"]:
            continue
        kind = found[row["kind"]]
        kind["named"] += any(
            account in group.named and row["verdict"] != group.verdict for group in listed if group.bad
        )
        kind["present"] += any(account in group.present for group in listed if group.bad)
        kind["coordinated"] += any(account in group.told for group in listed if group.verdict == COORDINATED)
    return [row | {"right": ", ".join(sorted(row["right"]))} for _, row in sorted(found.items())]


def _innocents(accounts: frozenset[str], truth: Mapping[str, Row]) -> str:
    """Return the commonest kind of a group of which campaigns are less than half, or an empty text."""
    made = Counter(row["kind"] for account in accounts if not (row := truth[account])["campaign"])
    kind, _count = max(made.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    return kind if made.total() > HALF * len(accounts) else ""


def _right(group: Group, truth: Mapping[str, Row]) -> bool:
    """Return whether the verdict is that of the truth for half or more."""
    right = [account for account in group.told if truth[account]["verdict"] == group.verdict]
    return len(right) >= HALF * len(group.told)


def _of(row: Row) -> str:
    return f"campaign {row['campaign']}" if row["campaign"] else str(row["kind"])


def _listed(group: Group, truth: Mapping[str, Row]) -> Row:
    """Return a listed group and what it is made of; `guilty` are those named who are a campaign's."""
    made = Counter(_of(truth[account]) for account in group.told)
    return {
        "name": group.name,
        "verdict": group.verdict,
        "role": group.role,
        "named": len(group.named),
        "present": len(group.present),
        "at_least": group.at_least,
        "guilty": sum(bool(truth[account]["campaign"]) for account in group.named),
        "made_of": dict(sorted(made.items(), key=lambda item: (-item[1], item[0]))),
    }
