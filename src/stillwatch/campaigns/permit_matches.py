"""Which accounts each permit finds, before any verdict: one that finds nobody, and two that find the same."""

from __future__ import annotations

from collections import Counter
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
    # Counted from the accounts, so that work grows with what permits share and not with all their pairs.
    alike = Counter(permitted(permits, accounts, organisations).values())
    alone: Counter[int] = Counter()
    shared: Counter[tuple[int, int]] = Counter()
    for numbers, many in alike.items():
        for number in numbers:
            alone[number] += many
        for pair in combinations(sorted(numbers), 2):
            shared[pair] += many
    return [
        *(PermitMatch(permit.name, None, alone[number]) for number, permit in enumerate(permits)),
        *(
            PermitMatch(permits[one].name, permits[two].name, many)
            for (one, two), many in sorted(shared.items())
        ),
    ]
