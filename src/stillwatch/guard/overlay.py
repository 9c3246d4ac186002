"""What the journal says now, as dictionaries that a decision looks into."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from typing import TypeVar

from stillwatch.guard.journal_entry import Entry, Kind
from stillwatch.guard.moments import seconds_or_none
from stillwatch.guard.permit_terms import PermitTerms
from stillwatch.response.ladder import Action, Stage, Step
from stillwatch.response.outcome import Fired

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


@dataclass(frozen=True, slots=True)
class Ordered:
    """A step that a person took about an account."""

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
    acts: dict[int, tuple[Ordered, ...]] = field(default_factory=dict)
    """Steps that people took, by an account's key; the newest first."""

    def steps(self, key: int, now: float) -> tuple[Fired, ...]:
        """Return the steps that people took about an account and that have not ended."""
        return tuple(one.fired for one in self.acts.get(key, ()) if now < one.expires)


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
    acts: dict[int, list[Ordered]] = {}
    freed: set[tuple[str, str]] = set()
    for entry in sorted(listed, key=lambda one: -one.seq):
        if entry.seq in ended or entry.kind is Kind.END:
            continue
        expires = OVER if entry.seq in over else entry.expires
        thing, name = entry.about
        if entry.kind is Kind.ACT:
            if (thing, name) not in freed:
                _act(entry, OVER if expires is None else expires, freed, acts)
        elif entry.kind is Kind.REVOKE:
            revoked.setdefault(name, entry.seq)
        elif entry.kind is Kind.PERMIT:
            _permit(entry, expires, permits, organisations)
        else:
            clears = Clears(entry.seq, entry.kind in (Kind.EXEMPT, Kind.APPEAL), expires)
            if thing == "campaign":
                freed |= {(thing, name)} if entry.kind is Kind.UNDO else set()
                campaigns.setdefault(name, []).append(clears)
            else:
                key = name if thing == "account" else entry.data.get("account", "")
                if key and entry.kind in (Kind.APPEAL, Kind.UNDO):
                    freed.add(("account", key))
                if key:
                    accounts.setdefault(int(key, 16), []).append(clears)
    return Overlay(
        _fixed(accounts),
        _fixed(campaigns),
        {one.seq: one for found in campaigns.values() for one in found},
        _fixed(permits),
        _fixed(organisations),
        revoked,
        _fixed(acts),
    )


def _act(entry: Entry, expires: float, freed: Set[tuple[str, str]], acts: dict[int, list[Ordered]]) -> None:
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
    for key in [name] if thing == "account" else data["accounts"]:
        if ("account", key) not in freed:
            acts.setdefault(int(key, 16), []).append(Ordered(fired, expires))


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
