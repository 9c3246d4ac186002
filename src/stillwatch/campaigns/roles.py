"""Who a group's accounts are: an operator's, those of somebody who lends accounts, or its victims'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stillwatch.schema.codes import Role, RoleReason

MOST = 0.5
"""Share of a group's accounts that must show a life of their own before they count as victims."""
TELLS = 0.3
"""Score of a signal from which it speaks for a role."""


@dataclass(frozen=True)
class Origins:
    """What a group's accounts did before and beside what they do in the group."""

    accounts: int
    """Accounts of the group."""
    beside: int
    """Those with work of their own, from other networks and with other clients than the group's."""
    before: int
    """Those whose own work began a day or more before their work in the group."""
    aged: int
    """Accounts that were registered a month or more before their work in the group."""
    owned: int
    """Accounts that declare an owner, none of whom has most of the group."""
    robbed: int
    """Accounts that work beside, and are both vouched for and older than their work in the group.

    Vouched for by a declared owner, or else by work of their own that began before and a registration a month
    before. Age alone can be bought.
    """


NO_ORIGINS = Origins(0, 0, 0, 0, 0, 0)
"""Where nothing is known."""


@dataclass(frozen=True)
class RoleWhy:
    """One reason for a role."""

    code: RoleReason
    """What speaks for it."""
    accounts: int
    """Accounts that show it; 0 where a signal of the whole group does."""
    of: int
    """Accounts of the group."""
    score: float
    """The signal's score; 0 where it is no signal."""


@dataclass(frozen=True)
class RoleFound:
    """A group's role, with its evidence."""

    role: Role
    """The role."""
    why: tuple[RoleWhy, ...] = ()
    """What speaks for it."""


LENDS = {
    "many_end_users": RoleReason.END_USERS,
    "many_hands": RoleReason.MANY_HANDS,
    "handed_over": RoleReason.HANDED_OVER,
}
"""Signals that speak for somebody who lends or sells access to accounts."""


def role_of(verdict: str, origins: Origins, scores: Mapping[str, float]) -> RoleFound:
    """Return the role of a group with this verdict.

    Victims first: most accounts have a life of their own that began before and goes on elsewhere, which an
    operator's accounts lack. Only then is a hidden group one that harvests, or one that lends accounts.
    """
    if verdict not in ("adversarial", "coordinated", "unlicensed"):
        return RoleFound(Role.NONE)
    if verdict != "unlicensed" and origins.accounts and origins.robbed >= MOST * origins.accounts:
        told = (
            (RoleReason.OWN_WORK_BEFORE, origins.before),
            (RoleReason.OWN_WORK_BESIDE, origins.beside),
            (RoleReason.AGED, origins.aged),
            (RoleReason.OWN_OWNERS, origins.owned),
        )
        return RoleFound(Role.VICTIM, tuple(RoleWhy(code, n, origins.accounts, 0.0) for code, n in told if n))
    if verdict == "coordinated":
        lends = _told(LENDS, origins, scores)
        # Everyday work alone is also what a harvest in other words looks like.
        work = _told({"everyday_work": RoleReason.EVERYDAY_WORK}, origins, scores)
        return RoleFound(Role.PROVIDER, lends + work) if lends else RoleFound(Role.UNKNOWN, work)
    return RoleFound(Role.OPERATOR, (RoleWhy(RoleReason.HARVEST, 0, origins.accounts, 0.0),))


def _told(
    names: Mapping[str, RoleReason], origins: Origins, scores: Mapping[str, float]
) -> tuple[RoleWhy, ...]:
    return tuple(
        RoleWhy(code, 0, origins.accounts, scores[name])
        for name, code in names.items()
        if scores.get(name, 0.0) >= TELLS
    )
