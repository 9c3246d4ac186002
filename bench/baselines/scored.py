"""Score what a baseline calls, by the definitions for Stillwatch's own runs (simulate/score.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from baselines.called import Called, Group
from stillwatch.simulate.score import ACCUSING, HALF, Found, Truth, scored

BUDGET = 0.001
"""Share of innocent accounts that may be called at the threshold chosen with the truth."""


@dataclass(frozen=True)
class Row:
    """A detector on a campaign."""

    campaign: str
    """The campaign."""
    found: bool
    """Whether it is found, as docs/range.md defines it."""
    precision: float
    """Share of what it called there that belongs to the campaign."""
    recall: float
    """Share of the campaign's accounts that it called there."""
    reached: float
    """Share of the campaign's accounts that it called at all, in any group."""

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return harmonic(self.precision, self.recall)


@dataclass(frozen=True)
class Score:
    """A detector on a world, at one threshold."""

    rows: tuple[Row, ...]
    """Results by campaign."""
    precision: float
    """Share of all called accounts that are guilty."""
    recall: float
    """Share of all guilty accounts that are called."""
    groups: int
    """Number of groups called, or of single accounts."""
    false_groups: dict[str, int]
    """Groups most of whose accounts are innocent, by commonest kind; empty if single accounts are called."""
    innocents: dict[str, int]
    """Innocent accounts called, by kind; see answerable."""

    @property
    def found(self) -> int:
        """Number of campaigns found."""
        return sum(row.found for row in self.rows)

    @property
    def f1(self) -> float:
        """Harmonic mean of pooled precision and recall."""
        return harmonic(self.precision, self.recall)


def harmonic(some: float, other: float) -> float:
    """Return the harmonic mean, 0 if both are 0."""
    return 2 * some * other / (some + other) if some + other else 0.0


def as_found(groups: Iterable[Group], ids: Mapping[int, str]) -> list[Found]:
    """Return the groups as campaigns that are listed as adversarial."""
    return [
        Found(group.name, "adversarial", True, frozenset(ids[account] for account in group.accounts))
        for group in groups
    ]


def score_groups(found: list[Found], truth: Truth) -> Score:
    """Score groups: as simulate/score.py does, and the innocent accounts among all that is called."""
    document = scored(found, truth)
    everyone = frozenset().union(*(f.members for f in found if f.listed and f.verdict in ACCUSING))
    reached = {name: len(accounts & everyone) / len(accounts) for name, accounts in truth.campaigns.items()}
    rows = tuple(
        Row(row["name"], row["found"], row["account_precision"], row["account_recall"], reached[row["name"]])
        for row in document["campaigns"]
    )
    pooled = document["pooled"]
    false = Counter(document["false_campaigns"]) + Counter(document["unlicensed_campaigns"])
    groups = sum(f.listed and f.verdict in ACCUSING for f in found)
    return Score(
        rows,
        pooled["account_precision"],
        pooled["account_recall"],
        groups,
        dict(sorted(false.items())),
        _by_kind(everyone, truth),
    )


def score_singles(found: list[Found], truth: Truth) -> Score:
    """Score single accounts by their union.

    For one campaign, the accounts of other campaigns are set aside, in the baseline's favour. The campaign is
    found if this union would match it and cover it as one group.
    """
    everyone = frozenset().union(*(f.members for f in found))
    whole = score_groups([Found("all", "adversarial", True, everyone)], truth)
    rows = tuple(
        _single(name, accounts, everyone - (truth.guilty - accounts))
        for name, accounts in truth.campaigns.items()
    )
    return replace(whole, rows=rows, groups=len(found), false_groups={})


def _single(name: str, accounts: frozenset[str], union: frozenset[str]) -> Row:
    right = len(union & accounts)
    recall, matches = right / len(accounts), Found(name, "adversarial", True, union).mostly(accounts)
    return Row(name, matches and recall >= HALF, right / len(union) if union else 0.0, recall, recall)


def score_called(said: Called, threshold: float, ids: Mapping[int, str], truth: Truth) -> Score:
    """Score what a baseline calls at a threshold."""
    found = as_found(said.at(threshold), ids)
    return (score_singles if said.single else score_groups)(found, truth)


def within_budget(said: Called, ids: Mapping[int, str], truth: Truth, share: float = BUDGET) -> float:
    """Return the lowest threshold that calls at most a share of the innocent accounts.

    It is chosen with the truth, as no operator could.
    """
    not_wronged = answerable(truth)
    allowed = int(share * (len(truth.kinds) - len(not_wronged)))
    innocents: set[int] = set()
    lowest = float("inf")
    for threshold, groups in groupby(said.groups, key=lambda group: group.score):
        innocents |= {
            account for group in groups for account in group.accounts if ids[account] not in not_wronged
        }
        if len(innocents) > allowed:
            break
        lowest = threshold
    return lowest


def answerable(truth: Truth) -> frozenset[str]:
    """Return accounts that may be called without a wrong.

    They are operators' own, those whose keys were stolen, and licensees beyond their permits.
    """
    return truth.used | truth.excused("unlicensed")


def _by_kind(accounts: frozenset[str], truth: Truth) -> dict[str, int]:
    return dict(
        sorted(
            Counter(truth.kinds.get(account, "unknown") for account in accounts - answerable(truth)).items()
        )
    )
