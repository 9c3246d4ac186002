"""Match campaigns of two runs by the accounts that they name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stillwatch.run.lineage.campaign import Campaign

APART = frozenset({"declared", "single"})
"""Kinds that one account may be in at once: with its owner, and by itself."""


@dataclass(frozen=True)
class Overlap:
    """Accounts that a campaign and an earlier one have in common."""

    new: Campaign
    """The campaign."""
    old: Campaign
    """The earlier one."""
    accounts: frozenset[str]
    """What they share."""

    @property
    def share(self) -> float:
        """Share of the smaller one's accounts."""
        smaller = min(len(self.new.accounts), len(self.old.accounts))
        return len(self.accounts) / smaller if smaller else 0.0

    @property
    def jaccard(self) -> float:
        """Share of the accounts of either."""
        both = len(self.new.accounts | self.old.accounts)
        return len(self.accounts) / both if both else 0.0


@dataclass(frozen=True)
class Matched:
    """Which campaigns go on as which."""

    pairs: list[Overlap]
    """Each campaign and each earlier one at most once."""
    parts: list[Overlap]
    """What else overlaps enough."""


def overlaps(new: Sequence[Campaign], old: Sequence[Campaign], least: float) -> list[Overlap]:
    """Every pair that shares at least this share of the smaller one's accounts, the largest overlap first.

    Campaigns of one kind, or of kinds that never share accounts, are compared: an owner is not one of its
    accounts. Ties in number go to the more alike pair, then to the one with the first account by its id, so
    that the order of the runs and of their rows does not matter.
    """
    found = [pair for pair in _sharing(new, old) if pair.share >= least]
    return sorted(
        found,
        key=lambda pair: (
            -len(pair.accounts),
            -pair.jaccard,
            min(pair.accounts),
            pair.new.kind,
            pair.old.kind,
            pair.new.group,
            pair.old.group,
        ),
    )


def matched(found: Sequence[Overlap]) -> Matched:
    """The largest overlap goes first, then the largest among campaigns that are left."""
    taken_new: set[int] = set()
    taken_old: set[int] = set()
    pairs, parts = [], []
    for pair in found:
        if pair.new.group in taken_new or pair.old.group in taken_old:
            parts.append(pair)
            continue
        taken_new.add(pair.new.group)
        taken_old.add(pair.old.group)
        pairs.append(pair)
    return Matched(pairs, parts)


def comparable(one: Campaign, other: Campaign) -> bool:
    """Whether the two are told apart by their accounts."""
    return {one.kind, other.kind} != APART


def _sharing(new: Sequence[Campaign], old: Sequence[Campaign]) -> Iterator[Overlap]:
    carrying: dict[str, list[int]] = {}
    for place, campaign in enumerate(old):
        for account in campaign.accounts:
            carrying.setdefault(account, []).append(place)
    for campaign in new:
        met = {place for account in campaign.accounts for place in carrying.get(account, ())}
        for place in sorted(met):
            if comparable(campaign, old[place]):
                yield Overlap(campaign, old[place], campaign.accounts & old[place].accounts)
