"""What people decided about earlier campaigns, as a plain file that a search reads: labels with a scope and
an end. `stillwatch case labels` writes such a file; anybody may.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from stillwatch.campaigns.permits import Permit
from stillwatch.schema.reviewed import Change

GRAVITY: Mapping[str, int] = {
    "benign": 0,
    "authorised": 1,
    "unlicensed": 2,
    "coordinated": 3,
    "adversarial": 4,
}
"""Verdicts by how grave they are."""
CAMPAIGN_LABELS = ("dismissed", "confirmed", "licensed", "victim")
"""What may be said of a campaign."""
ACCOUNT_LABELS = ("confirmed", "cleared", "exempted", "permit found")
"""What may be said of an account."""


@dataclass(frozen=True)
class Said:
    """Who decided, when, why, until when."""

    by: str
    """Who."""
    at: datetime
    """When, UTC."""
    reason: str
    """Why."""
    expires: datetime
    """When it ends, UTC."""


@dataclass(frozen=True)
class OwnKey:
    """One key that was the campaign's own."""

    facet: str
    """Its facet."""
    key: int
    """The trace key."""
    nats: float
    """Its weight."""


@dataclass(frozen=True)
class CampaignLabel:
    """A decision about a campaign, and what the campaign was like then."""

    identity: str
    """Its identity."""
    label: str
    """One of CAMPAIGN_LABELS."""
    said: Said
    """Who decided."""
    outcome: str = ""
    """What it turned out to be, in the words of the case."""
    family: str = ""
    """Its family; empty: its identity."""
    campaign: str = ""
    """Its name in its run."""
    kind: str = "linked"
    """linked, alike, declared or single: a code."""
    verdict: str = "benign"
    """Its verdict then."""
    families: frozenset[str] = frozenset()
    """Families of facets that spoke for it then."""
    accounts: frozenset[str] = frozenset()
    """Ids of the accounts that it named then, as runs show them."""
    first: datetime | None = None
    """Its first exchange."""
    digest: str = ""
    """Digest of the run that it was judged in."""
    last_of_run: datetime | None = None
    """Last exchange of that run."""
    sketch_version: int = 0
    """Version of the sketches that its keys were made with."""
    sketch_key: str = ""
    """Name of the key that its keys were made under."""
    keys: tuple[OwnKey, ...] = ()
    """Keys that were its own."""

    @property
    def likeness(self) -> Likeness:
        """What it was like."""
        return Likeness(len(self.accounts), self.verdict, self.families)


@dataclass(frozen=True)
class AccountLabel:
    """A decision about one account."""

    account: str
    """Its id as runs show it."""
    label: str
    """One of ACCOUNT_LABELS."""
    said: Said
    """Who decided."""


@dataclass(frozen=True)
class Feedback:
    """All that is in a feedback file and has not ended."""

    campaigns: tuple[CampaignLabel, ...] = ()
    """Decisions about campaigns."""
    accounts: tuple[AccountLabel, ...] = ()
    """Decisions about accounts."""
    permits: tuple[Permit, ...] = field(default=())
    """Permits that were found missing."""


@dataclass(frozen=True)
class Likeness:
    """What a campaign is like, as far as a judgement rests on it."""

    accounts: int
    """Its accounts."""
    verdict: str
    """Its verdict."""
    families: frozenset[str]
    """Families of facets that speak for it."""


def changes(then: Likeness, now: Likeness, growth: float) -> list[Change]:
    """Return how a campaign differs from what was judged, so far that the judgement does not hold for it.

    growth: share by which its accounts may grow.
    """
    found = []
    if now.accounts > then.accounts * (1.0 + growth):
        found.append(Change.ACCOUNTS)
    if GRAVITY.get(now.verdict, 0) > GRAVITY.get(then.verdict, 0):
        found.append(Change.VERDICT)
    if now.families - then.families:
        found.append(Change.FAMILIES)
    return found
