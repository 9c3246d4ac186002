"""What the journal says now, as dictionaries that a decision looks into."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from stillwatch.guard.journal_entry import Entry, Kind
from stillwatch.guard.moments import seconds_or_none
from stillwatch.guard.permit_terms import PermitTerms
from stillwatch.response.ladder import Action, Stage, Step
from stillwatch.response.outcome import Fired

K = TypeVar("K")
V = TypeVar("V")
READ = 1_024
"""Entries whose accounts are kept as numbers."""
OVER = 0.0
"""An end that has passed on every clock."""


@dataclass(frozen=True, slots=True)
class Clears:
    """An entry that clears an account."""

    seq: int
    """Its number."""
    exempts: bool
    """Whether it exempts: an exemption, or an appeal upheld; else it holds: a hold, or an undo."""
    expires: float | None
    """When it ends, POSIX seconds; None: never."""

    def holds(self, now: float) -> bool:
        """Return whether it is in force."""
        return self.expires is None or now < self.expires

    @property
    def reference(self) -> str:
        """How a customer may call it."""
        return f"journal-{self.seq}"


@dataclass(frozen=True, slots=True)
class Ordered:
    """A step that a person took about accounts."""

    seq: int
    """Number of its entry."""
    accounts: frozenset[int]
    """The accounts' keys."""
    fired: Fired
    """The step, as a rule would ask for it."""
    expires: float
    """When it ends, POSIX seconds."""


@dataclass(frozen=True)
class Overlay:
    """The journal in force."""

    accounts: dict[int, tuple[Clears, ...]] = field(default_factory=dict)
    """What clears an account, by its key; the newest first."""
    campaigns: dict[str, tuple[Clears, ...]] = field(default_factory=dict)
    """What clears a campaign's accounts, by its identity; the newest first."""
    by_entry: dict[int, Clears] = field(default_factory=dict)
    """What clears campaigns, by the entry's number: for accounts that have moved to another campaign."""
    permits: dict[int, tuple[PermitTerms, ...]] = field(default_factory=dict)
    """Permits by an account's key."""
    organisations: dict[int, tuple[PermitTerms, ...]] = field(default_factory=dict)
    """Permits by an organisation's key."""
    revoked: dict[str, int] = field(default_factory=dict)
    """Number of the newest entry that took back permits of a name."""
    acts: tuple[Ordered, ...] = ()
    """Steps that people took; the newest first."""
    acted: frozenset[int] = frozenset()
    """All accounts that these are about, so that most need no further look."""
    freed: dict[int, int] = field(default_factory=dict)
    """Number of the newest entry that ended steps about an account for good."""

    def steps(self, key: int, now: float) -> tuple[Fired, ...]:
        """Return the steps that people took about an account and that have not ended."""
        if key not in self.acted:
            return ()
        freed = self.freed.get(key, 0)
        return tuple(
            one.fired for one in self.acts if key in one.accounts and now < one.expires and one.seq > freed
        )


def overlay_of(entries: Iterable[Entry], over: Set[int] = frozenset()) -> Overlay:
    """Return what entries say together. over: numbers of those that have ended for good, whatever a clock
    may say later. A revocation never ends by itself. An appeal upheld or an undo ends the steps that people
    took before it for good, also when it has itself ended.
    """
    listed = list(entries)
    ended = {int(entry.about[1]) for entry in listed if entry.kind is Kind.END}
    accounts: dict[int, list[Clears]] = {}
    campaigns: dict[str, list[Clears]] = {}
    permits: dict[int, list[PermitTerms]] = {}
    organisations: dict[int, list[PermitTerms]] = {}
    revoked: dict[str, int] = {}
    acts: list[Ordered] = []
    freed: dict[int, int] = {}
    undone: set[str] = set()
    for entry in sorted(listed, key=lambda one: -one.seq):
        if entry.seq in ended or entry.kind is Kind.END:
            continue
        expires = OVER if entry.seq in over else entry.expires
        thing, name = entry.about
        if entry.kind is Kind.ACT:
            if expires != OVER and not (thing == "campaign" and name in undone):
                acts.append(_act(entry, OVER if expires is None else expires))
        elif entry.kind is Kind.REVOKE:
            revoked.setdefault(name, entry.seq)
        elif entry.kind is Kind.PERMIT:
            _permit(entry, expires, permits, organisations)
        else:
            clears = Clears(entry.seq, entry.kind in (Kind.EXEMPT, Kind.APPEAL), expires)
            if thing == "campaign":
                undone |= {name} if entry.kind is Kind.UNDO else set()
                campaigns.setdefault(name, []).append(clears)
            else:
                key = name if thing == "account" else entry.data.get("account", "")
                if key and entry.kind in (Kind.APPEAL, Kind.UNDO):
                    freed.setdefault(int(key, 16), entry.seq)
                if key:
                    accounts.setdefault(int(key, 16), []).append(clears)
    return Overlay(
        _fixed(accounts),
        _fixed(campaigns),
        {one.seq: one for found in campaigns.values() for one in found},
        _fixed(permits),
        _fixed(organisations),
        revoked,
        tuple(acts),
        frozenset().union(*(one.accounts for one in acts)),
        freed,
    )


def _act(entry: Entry, expires: float) -> Ordered:
    data = entry.data
    action = Action(
        Step[str(data["step"]).upper()],
        account_tokens=int(data.get("account_tokens", 0)),
        campaign_tokens=int(data.get("campaign_tokens", 0)),
    )
    lasts = max(int(expires - entry.time) + 1, 0)
    fired = Fired(
        f"journal-{entry.seq}", entry.hash[:12], Stage.LIVE, action, data["reason"], lasts, entry.time
    )
    thing, name = entry.about
    return Ordered(
        entry.seq, _keys(name if thing == "account" else ",".join(data["accounts"])), fired, expires
    )


@lru_cache(READ)
def _keys(accounts: str) -> frozenset[int]:
    """Keys as numbers; read once, since each new entry of the journal makes the overlay anew."""
    return frozenset(int(key, 16) for key in accounts.split(","))


def _permit(
    entry: Entry,
    expires: float | None,
    permits: dict[int, list[PermitTerms]],
    organisations: dict[int, list[PermitTerms]],
) -> None:
    data = entry.data
    starts = seconds_or_none(data.get("starts"))
    terms = PermitTerms(entry.about[1], frozenset(data.get("models", ())), starts, expires, entry.seq)
    for account in data.get("accounts", ()):
        permits.setdefault(int(account, 16), []).append(terms)
    if data.get("organisation"):
        organisations.setdefault(int(data["organisation"], 16), []).append(terms)


def _fixed(found: dict[K, list[V]]) -> dict[K, tuple[V, ...]]:
    return {key: tuple(some) for key, some in found.items()}
