"""Give the campaigns of a run their identities and families, and say how they are linked.

Accounts carry an identity from run to run, keys never do. Accounts are the provider's own to give; a key is
whatever a request says, and anybody can copy it. So a campaign that shares only keys with an earlier one has
an identity of its own, and a link; the family joins them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.run.lineage.accounts import Overlap, comparable, matched, overlaps
from stillwatch.run.lineage.campaign import Campaign
from stillwatch.run.lineage.keys import SharedKeys, shared_keys, sharing, tells
from stillwatch.run.lineage.names import PREFIX
from stillwatch.schema.codes import FORMED
from stillwatch.settings import IdentitySettings

SAME, GREW, SPLIT, MERGED, SUCCESSOR, RELATED = "same", "grew", "split", "merged", "successor", "related"
LINKS = (SAME, GREW, SPLIT, MERGED, SUCCESSOR, RELATED)
"""In the order in which a campaign's links are told."""


@dataclass(frozen=True)
class Link:
    """How a campaign is linked to another."""

    campaign: Campaign
    """The campaign."""
    link: str
    """One of LINKS."""
    other: Campaign
    """The other campaign."""
    earlier: bool
    """Whether that is of an earlier run."""
    accounts: int
    """Accounts that both name."""
    keys: SharedKeys
    """Own keys that both carry."""


@dataclass(frozen=True)
class Lineage:
    """What a run's campaigns are called, and how they are linked."""

    identities: dict[int, str]
    """The identity of each group."""
    families: dict[int, str]
    """The family of each group."""
    links: list[Link]
    """In the order of the campaigns, then of LINKS, then the strongest first."""


def lineage(new: Sequence[Campaign], old: Sequence[Campaign], settings: IdentitySettings) -> Lineage:
    """Match the campaigns of a run, each with the identity that it has by itself, to those of an earlier
    one.
    """
    found = matched(overlaps(new, old, settings.overlap))
    links = [*_going_on(found.pairs), *_parts(found.pairs, found.parts)]
    linked = {(link.campaign.group, link.other.group) for link in links}
    told_new, told_old = {new for new, _ in linked}, {old for _, old in linked}
    for campaign, other in sharing(new, old):
        free = campaign.group not in told_new or other.group not in told_old
        if free and (campaign.group, other.group) not in linked and _may_follow(campaign, other):
            links += _by_keys(campaign, other, settings)
    links += _related(new, settings)
    order = {campaign.group: place for place, campaign in enumerate(new)}
    links.sort(
        key=lambda link: (
            order[link.campaign.group],
            LINKS.index(link.link),
            -link.accounts,
            -link.keys.nats,
            link.other.name,
        )
    )
    identities = _identities(new, old, found.pairs)
    return Lineage(identities, _families(new, identities, links), links)


def _going_on(pairs: Sequence[Overlap]) -> list[Link]:
    return [_link(pair, GREW if len(pair.new.accounts) > len(pair.old.accounts) else SAME) for pair in pairs]


def _parts(pairs: Sequence[Overlap], parts: Sequence[Overlap]) -> list[Link]:
    """A campaign without one that it goes on as, but with accounts of one, split from it; a campaign that has
    one took in what it shares with others.

    Accounts that the main pair has as well are not told twice: an account of great volume is a candidate by
    itself and with its owner.
    """
    main_of_new = {pair.new.group: pair for pair in pairs}
    main_of_old = {pair.old.group: pair for pair in pairs}
    links = []
    for part in parts:
        own, other = main_of_new.get(part.new.group), main_of_old.get(part.old.group)
        if own is None and other is not None:
            if part.accounts - other.new.accounts:
                links.append(_link(part, SPLIT))
        elif own is not None and part.accounts - own.old.accounts:
            links.append(_link(part, MERGED))
    return links


def _link(pair: Overlap, link: str) -> Link:
    return Link(pair.new, link, pair.old, True, len(pair.accounts), shared_keys(pair.new.keys, pair.old.keys))


def _may_follow(campaign: Campaign, other: Campaign) -> bool:
    """Only what was listed has followers; a new owner that is not listed has an innocent reason at hand."""
    return other.listed and (campaign.listed or campaign.kind in FORMED)


def _by_keys(campaign: Campaign, other: Campaign, settings: IdentitySettings) -> list[Link]:
    shared = shared_keys(campaign.keys, other.keys)
    if not tells(shared, settings):
        return []
    link = SUCCESSOR if campaign.first > other.first else RELATED
    return [Link(campaign, link, other, True, len(campaign.accounts & other.accounts), shared)]


def _related(new: Sequence[Campaign], settings: IdentitySettings) -> list[Link]:
    """Listed campaigns of one run that share keys, each pair from both sides."""
    listed = [campaign for campaign in new if campaign.listed]
    links = []
    for one, other in sharing(listed, listed):
        shared = shared_keys(one.keys, other.keys)
        if one is not other and comparable(one, other) and tells(shared, settings):
            links.append(Link(one, RELATED, other, False, len(one.accounts & other.accounts), shared))
    return links


def _identities(new: Sequence[Campaign], old: Sequence[Campaign], pairs: Sequence[Overlap]) -> dict[int, str]:
    """Those of matched campaigns go on; the others have their own, changed where an earlier campaign has
    it.
    """
    going_on = {pair.new.group: pair.old.identity for pair in pairs}
    taken = {campaign.identity for campaign in old}
    found: dict[int, str] = {}
    for campaign in new:
        identity = going_on.get(campaign.group)
        if identity is None:
            identity = _free(campaign.identity, taken)
            taken.add(identity)
        found[campaign.group] = identity
    return found


def _free(identity: str, taken: set[str]) -> str:
    number = 2
    free = identity
    while free in taken:
        free = f"{PREFIX}{identity.removeprefix(PREFIX)}-{number}"
        number += 1
    return free


def _families(new: Sequence[Campaign], identities: dict[int, str], links: Sequence[Link]) -> dict[int, str]:
    """A family is all campaigns that links join, of this run and of earlier ones; it keeps the name that the
    oldest of its campaigns brings.
    """
    joined = {campaign.group: campaign.group for campaign in new}

    def root(group: int) -> int:
        while joined[group] != group:
            group = joined[group]
        return group

    for link in links:
        if not link.earlier:
            one, other = sorted((root(link.campaign.group), root(link.other.group)))
            joined[other] = one
    brought: dict[int, list[tuple[bool, float, str]]] = {}
    for campaign in new:
        own = (True, campaign.first.timestamp(), identities[campaign.group])
        brought.setdefault(root(campaign.group), []).append(own)
    for link in links:
        if link.earlier:
            inherited = (False, link.other.first.timestamp(), link.other.family)
            brought[root(link.campaign.group)].append(inherited)
    return {campaign.group: min(brought[root(campaign.group)])[2] for campaign in new}
