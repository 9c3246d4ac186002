"""Which accounts each permit finds, before any verdict: one that finds nobody, and two that find the same."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from stillwatch.campaigns.permits import Permit, permitted


@dataclass(frozen=True)
class PermitMatch:
    """One permit, or what it shares with another."""

    name: str
    """The permit."""
    other: str | None
    """Another permit; None: all that the permit finds."""
    accounts: int
    """Number of accounts that it finds, or that both find."""


def permit_matches(
    permits: list[Permit], accounts: dict[int, str], organisations: dict[int, str]
) -> list[PermitMatch]:
    """Return how many accounts each permit finds, and then how many each two of them find that share some.

    accounts: ids by key; organisations: declared owners by key.
    """
    found: list[set[int]] = [set() for _ in permits]
    for account, numbers in permitted(permits, accounts, organisations).items():
        for number in numbers:
            found[number].add(account)
    alone = [PermitMatch(permit.name, None, len(found[number])) for number, permit in enumerate(permits)]
    shared = [
        PermitMatch(permits[one].name, permits[two].name, len(found[one] & found[two]))
        for one, two in combinations(range(len(permits)), 2)
        if found[one] & found[two]
    ]
    return [*alone, *shared]
