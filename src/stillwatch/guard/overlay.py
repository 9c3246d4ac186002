"""What the journal says now, as dictionaries that a decision looks into."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from typing import TypeVar

from stillwatch.guard.journal_entry import Entry, Kind
from stillwatch.guard.moments import seconds_or_none
from stillwatch.guard.permit_terms import PermitTerms

K = TypeVar("K")
V = TypeVar("V")
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


def overlay_of(entries: Iterable[Entry], over: Set[int] = frozenset()) -> Overlay:
    """Return what entries say together. over: numbers of those that have ended for good, whatever a clock
    may say later. A revocation never ends by itself.
    """
    listed = list(entries)
    ended = {int(entry.about[1]) for entry in listed if entry.kind is Kind.END}
    accounts: dict[int, list[Clears]] = {}
    campaigns: dict[str, list[Clears]] = {}
    permits: dict[int, list[PermitTerms]] = {}
    organisations: dict[int, list[PermitTerms]] = {}
    revoked: dict[str, int] = {}
    for entry in sorted(listed, key=lambda one: -one.seq):
        if entry.seq in ended or entry.kind is Kind.END:
            continue
        expires = OVER if entry.seq in over else entry.expires
        thing, name = entry.about
        if entry.kind is Kind.REVOKE:
            revoked.setdefault(name, entry.seq)
        elif entry.kind is Kind.PERMIT:
            _permit(entry, expires, permits, organisations)
        else:
            clears = Clears(entry.seq, entry.kind in (Kind.EXEMPT, Kind.APPEAL), expires)
            if thing == "campaign":
                campaigns.setdefault(name, []).append(clears)
            else:
                key = name if thing == "account" else entry.data.get("account", "")
                if key:
                    accounts.setdefault(int(key, 16), []).append(clears)
    return Overlay(
        _fixed(accounts),
        _fixed(campaigns),
        {one.seq: one for found in campaigns.values() for one in found},
        _fixed(permits),
        _fixed(organisations),
        revoked,
    )


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
