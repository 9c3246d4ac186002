"""Compare campaigns by the keys that are their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from stillwatch.run.lineage.campaign import Campaign, Key
from stillwatch.settings import IdentitySettings

LESSER = 1.0 / 3.0
"""Weight of each facet after the strongest: one template brings its beginning, its end and its words."""


@dataclass(frozen=True)
class SharedKeys:
    """The own keys that two campaigns share."""

    count: int = 0
    """How many."""
    share: float = 0.0
    """Their weight as a share of the lighter campaign's; each facet counts with its heaviest key."""
    nats: float = 0.0
    """Their weight: the strongest facet in full, the others by a third."""
    facets: Mapping[str, int] = field(default_factory=dict)
    """Keys of each facet, the most first."""


def shared_keys(one: Mapping[int, Key], other: Mapping[int, Key]) -> SharedKeys:
    """What the own keys of two campaigns have in common; the same whichever is named first."""
    weights: dict[str, float] = {}
    counts: dict[str, int] = {}
    for key in one.keys() & other.keys():
        facet = one[key].facet
        weights[facet] = max(weights.get(facet, 0.0), min(one[key].nats, other[key].nats))
        counts[facet] = counts.get(facet, 0) + 1
    if not counts:
        return SharedKeys()
    lighter = min(_weight(one), _weight(other))
    strongest = max(weights.values())
    total = sum(weights[facet] for facet in sorted(weights))
    return SharedKeys(
        sum(counts.values()),
        round(total / lighter, 6) if lighter > 0.0 else 0.0,
        round(strongest + LESSER * (total - strongest), 6),
        dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
    )


def tells(shared: SharedKeys, settings: IdentitySettings) -> bool:
    """Whether what is shared is enough to link two campaigns."""
    return (
        len(shared.facets) >= settings.key_facets
        and shared.share >= settings.key_share
        and shared.nats >= settings.key_nats
    )


def sharing(new: Sequence[Campaign], old: Sequence[Campaign]) -> Iterator[tuple[Campaign, Campaign]]:
    """Every pair with any key in common, in the order of both."""
    carrying: dict[int, list[int]] = {}
    for place, campaign in enumerate(old):
        for key in campaign.keys:
            carrying.setdefault(key, []).append(place)
    for campaign in new:
        for place in sorted({place for key in campaign.keys for place in carrying.get(key, ())}):
            yield campaign, old[place]


def _weight(keys: Mapping[int, Key]) -> float:
    """The heaviest key of each facet, summed: a long template has a hundred keys, and is one."""
    best: dict[str, float] = {}
    for key in keys.values():
        best[key.facet] = max(best.get(key.facet, 0.0), key.nats)
    return sum(best[facet] for facet in sorted(best))
