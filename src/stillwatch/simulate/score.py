"""Score a run against the truth of its world."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import RunError
from stillwatch.schema.codes import Tier

ACCUSING = ("adversarial", "unlicensed")
COORDINATED = "coordinated"
"""Verdict on a group that is large and hidden, with no sign of what it is for: listed, but no accusation."""
HALF = 0.5
VICTIM = "victim"
"""Label of an account whose keys a campaign stole."""
DOUBTFUL = "doubtful"
"""Label of a kind that is coordinated without a sign of harvest, or that never declared itself."""


@dataclass(frozen=True)
class Truth:
    """The truth about a world."""

    campaigns: dict[str, frozenset[str]]
    """Accounts of each campaign."""
    permitted: dict[str, frozenset[str]]
    """Accounts of each organisation that keeps within its permit."""
    kinds: dict[str, str]
    """Kind of each account."""
    guilty: frozenset[str]
    """Accounts of all campaigns that are an operator's own."""
    victims: frozenset[str] = frozenset()
    """Accounts whose stolen keys a campaign used."""
    exceeding: dict[str, frozenset[str]] = field(default_factory=dict)
    """Accounts of each organisation that exceeds its permit: unlicensed is right, adversarial wrong."""
    doubtful: dict[str, frozenset[str]] = field(default_factory=dict)
    """Accounts of each doubtful kind: coordinated and unlicensed are no errors, adversarial is one."""

    @property
    def used(self) -> frozenset[str]:
        """Accounts of all campaigns, including stolen ones."""
        return self.guilty | self.victims

    def excused(self, verdict: str) -> frozenset[str]:
        """Accounts of no campaign for which a verdict is no error.

        Licensees that exceed are unlicensed, and doubtful accounts may be called so.
        """
        excused = (*self.exceeding.values(), *self.doubtful.values())
        return frozenset().union(*excused) if verdict == "unlicensed" else frozenset()


class Accusation:
    """Accounts accused by a campaign of a run or by an alarm of a watch."""

    verdict: str
    """The verdict on them."""
    members: frozenset[str]
    """The accounts."""

    def mostly(self, accounts: frozenset[str]) -> bool:
        """Return whether at least half of its members are among the accounts."""
        return bool(self.members) and len(self.members & accounts) >= HALF * len(self.members)

    @property
    def told(self) -> frozenset[str]:
        """The accounts that it is told by."""
        return self.members

    def wronged(self, truth: Truth) -> frozenset[str]:
        """Return members for whom the verdict is wrong; victims of a campaign are counted separately."""
        return self.members & self.wrongly_told(truth)

    def wrongly_told(self, truth: Truth) -> frozenset[str]:
        """Return the accounts that it is told by and for whom the verdict is wrong."""
        return self.told - truth.used - truth.excused(self.verdict)

    def is_false(self, truth: Truth) -> bool:
        """Return whether it is told by accounts for more than half of which the verdict is wrong."""
        return len(self.wrongly_told(truth)) > HALF * len(self.told)


@dataclass(frozen=True)
class Found(Accusation):
    """One campaign of the run."""

    name: str
    """Its name."""
    verdict: str
    """Its verdict."""
    listed: bool
    """Whether it passed the error control."""
    members: frozenset[str]
    """The accounts that it names."""
    present: frozenset[str] = frozenset()
    """Accounts that are present in it without being named."""

    @property
    def told(self) -> frozenset[str]:
        """The accounts that it is told by: those named, or all present where too few are named."""
        return self.members or self.present

    def is_of(self, accounts: frozenset[str]) -> bool:
        """Return whether at least half of those it is told by are among the accounts."""
        return bool(self.told) and len(self.told & accounts) >= HALF * len(self.told)


def score(run: Path, truth: Path) -> dict[str, Any]:
    """Return the scores as a document.

    Raises RunError if either is missing or they do not belong together.
    """
    return scored(read_run(run), read_truth(truth))


def scored(found: list[Found], truth: Truth) -> dict[str, Any]:
    """Score campaigns against the truth.

    Only what a listed accusation names counts as called. A campaign whose accounts are listed as coordinated
    is shown as such, and is not found.
    """
    everyone = frozenset().union(*(f.members | f.present for f in found))
    if everyone and not everyone & truth.kinds.keys():
        raise RunError(
            "no account of the run is in the truth",
            do="score without pseudonyms (no --key-file), and with the world that the run was made from",
        )
    accusing = [f for f in found if f.listed and f.verdict in ACCUSING]
    rows = [_campaign(name, accounts, accusing, found) for name, accounts in truth.campaigns.items()]
    matched = [f for f in accusing if any(f.mostly(accounts) for accounts in truth.campaigns.values())]
    called = frozenset().union(*(f.members for f in accusing if f in matched or f.verdict == "adversarial"))
    return {
        "campaigns": rows,
        "pooled": _rates(called, truth.used),
        "victims": len(truth.victims),
        "victims_called": len(truth.victims & frozenset().union(*(f.members for f in accusing))),
        "false_campaigns": false_by_kind(accusing, "adversarial", truth),
        "unlicensed_campaigns": false_by_kind(accusing, "unlicensed", truth),
        "authorised": [name for name, accounts in truth.permitted.items() if _authorised(accounts, found)],
        "permitted": list(truth.permitted),
        "exceeding": {name: _exceeding(accounts, found) for name, accounts in truth.exceeding.items()},
        "doubtful": {kind: _called(accounts, found) for kind, accounts in truth.doubtful.items()},
        "innocents_called": _innocents(accusing, truth),
        "innocents_present": _by_kind(
            frozenset().union(*(f.present for f in accusing)).difference(*(f.members for f in accusing)),
            truth,
        ),
        "innocents_coordinated": _by_kind(
            frozenset().union(*(f.told for f in found if f.listed and f.verdict == COORDINATED)), truth
        ),
    }


def _campaign(
    name: str, accounts: frozenset[str], accusing: list[Found], found: list[Found]
) -> dict[str, Any]:
    matching = [f for f in accusing if f.mostly(accounts)]
    union = frozenset().union(*(f.members for f in matching))
    coordinated = [f for f in found if f.listed and f.verdict == COORDINATED and f.is_of(accounts)]
    named = matching or coordinated or [f for f in found if f.is_of(accounts)]
    largest = max(named, key=lambda f: (len(f.told), f.name), default=None)
    present = frozenset().union(*(f.present for f in accusing if f.is_of(accounts))) - union
    return {
        "name": name,
        "found": bool(matching) and len(union & accounts) >= HALF * len(accounts),
        "verdict": largest.verdict if largest else None,
        "present": len(present & accounts),
        "coordinated": len(frozenset().union(*(f.told for f in coordinated)) & accounts),
        **_rates(union, accounts),
        "accounts": len(accounts),
        "as": sorted(f.name for f in matching),
    }


def _rates(called: frozenset[str], accounts: frozenset[str]) -> dict[str, float]:
    """Return precision and recall; 0 if nothing was called."""
    right = len(called & accounts)
    return {
        "account_precision": right / len(called) if called else 0.0,
        "account_recall": right / len(accounts) if accounts else 0.0,
    }


def false_by_kind(accusing: Sequence[Accusation], verdict: str, truth: Truth) -> dict[str, int]:
    """Count those with the verdict that is wrong for more than half of their members, by commonest kind."""
    kinds: Counter[str] = Counter()
    for accusation in accusing:
        if accusation.verdict == verdict and accusation.is_false(truth):
            kinds[
                Counter(
                    truth.kinds.get(a, "unknown") for a in sorted(accusation.wrongly_told(truth))
                ).most_common(1)[0][0]
            ] += 1
    return dict(sorted(kinds.items()))


def _innocents(accusing: list[Found], truth: Truth) -> dict[str, int]:
    """Count accounts that any listed accusation names wrongly, by kind."""
    called = frozenset().union(*(f.wronged(truth) for f in accusing))
    return _by_kind(called, truth)


def _by_kind(accounts: frozenset[str], truth: Truth) -> dict[str, int]:
    """Count accounts that no campaign used, by kind."""
    kinds = Counter(truth.kinds.get(account, "unknown") for account in accounts - truth.used)
    return dict(sorted(kinds.items()))


def _called(accounts: frozenset[str], found: list[Found]) -> dict[str, int]:
    """Return how many of the accounts each verdict of a listed group touches, and how many there are."""
    listed = [f for f in found if f.listed]
    verdicts = sorted({f.verdict for f in listed if f.told & accounts})
    touched = {v: frozenset().union(*(f.told for f in listed if f.verdict == v)) for v in verdicts}
    return {"accounts": len(accounts)} | {v: len(touched[v] & accounts) for v in verdicts}


def _exceeding(accounts: frozenset[str], found: list[Found]) -> str | None:
    """Return the verdict on a licensee that exceeds.

    It is the worst one that touches it if that is adversarial, else the first that covers half of it.
    """
    listed = [f for f in found if f.listed and f.members & accounts]
    if any(f.verdict == "adversarial" for f in listed):
        return "adversarial"
    covered = {
        verdict: frozenset().union(*(f.members for f in listed if f.verdict == verdict))
        for verdict in ("unlicensed", "authorised")
    }
    return next(
        (verdict for verdict, members in covered.items() if len(members & accounts) >= HALF * len(accounts)),
        None,
    )


def _authorised(accounts: frozenset[str], found: list[Found]) -> bool:
    covered = frozenset().union(*(f.members for f in found if f.verdict == "authorised"))
    accused = frozenset().union(*(f.members for f in found if f.listed and f.verdict in ACCUSING))
    return len(covered & accounts) >= HALF * len(accounts) and not accused & accounts


def read_truth(path: Path) -> Truth:
    """Read the truth from a world's folder or its truth.parquet."""
    table = _table(
        path / "truth.parquet" if path.is_dir() else path,
        ("account_id", "kind", "campaign", "organisation", "label"),
        "give the folder that `range make` wrote",
    )
    rows = table.to_pydict()
    used = {
        a: label for a, c, label in zip(rows["account_id"], rows["campaign"], rows["label"], strict=True) if c
    }
    return Truth(
        _sets(rows["campaign"], rows["account_id"]),
        _sets(_licensed(rows, "authorised"), rows["account_id"]),
        dict(zip(rows["account_id"], rows["kind"], strict=True)),
        frozenset(a for a, label in used.items() if label != VICTIM),
        frozenset(a for a, label in used.items() if label == VICTIM),
        _sets(_licensed(rows, "exceeds"), rows["account_id"]),
        _sets(
            [
                kind if label == DOUBTFUL else ""
                for kind, label in zip(rows["kind"], rows["label"], strict=True)
            ],
            rows["account_id"],
        ),
    )


def _licensed(rows: dict[str, list[str]], label: str) -> list[str]:
    """Return the organisation of each account with the label; empty for others."""
    return [
        name if given == label else ""
        for name, given in zip(rows["organisation"], rows["label"], strict=True)
    ]


def _sets(names: list[str], accounts: list[str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, account in zip(names, accounts, strict=True):
        if name:
            found.setdefault(name, set()).add(account)
    return {name: frozenset(found[name]) for name in sorted(found)}


def read_run(folder: Path) -> list[Found]:
    """Return the campaigns of a run with the accounts that they name, and those only present in them."""
    do = "give the folder that `detect --out` wrote"
    campaigns = _table(
        folder / "campaigns.parquet", ("campaign", "group", "verdict", "listed"), do
    ).to_pylist()
    accounts: dict[tuple[int, str], set[str]] = {}
    for name in ("members", "bystanders"):
        table = _table(folder / f"{name}.parquet", ("group", "account_id", "tier"), do).to_pydict()
        for group, account, tier in zip(table["group"], table["account_id"], table["tier"], strict=True):
            accounts.setdefault((group, tier), set()).add(account)
    return [
        Found(
            c["campaign"],
            c["verdict"],
            c["listed"],
            frozenset(accounts.get((c["group"], Tier.NAMED.value), ())),
            frozenset(accounts.get((c["group"], Tier.PRESENT.value), ())),
        )
        for c in campaigns
    ]


def _table(path: Path, columns: tuple[str, ...], do: str) -> pa.Table:
    if not path.is_file():
        raise RunError(f"{path.name} is missing", where=str(path), do=do)
    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise RunError(f"{path.name} is not a Parquet file", where=str(path), do=do) from error
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise RunError(f"{path.name} has no column {missing[0]}", where=str(path), do=do)
    return table.select(list(columns))
