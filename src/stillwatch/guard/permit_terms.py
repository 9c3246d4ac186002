"""A permit as the guard applies it, and what is said where several name one account."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from stillwatch.guard.moments import seconds_or_none, told_or_none
from stillwatch.response.ladder import Permission

BEST = (
    Permission.COVERS,
    Permission.OTHER_MODEL,
    Permission.NOT_BEGUN,
    Permission.REVOKED,
    Permission.ENDED,
)
"""Of several permits, the one is told that comes first here."""


@dataclass(frozen=True, slots=True)
class PermitTerms:
    """What a permit covers and when."""

    name: str
    """Its name in lists."""
    models: frozenset[str] = frozenset()
    """Models that it covers; empty: all."""
    starts: float | None = None
    """When it begins, POSIX seconds; None: always."""
    expires: float | None = None
    """When it ends; None: never."""
    entry: int = 0
    """Number of the journal's entry that issued it; 0: it comes from the run."""

    @staticmethod
    def of(row: dict[str, Any]) -> PermitTerms:
        """Return the permit that a document holds."""
        return PermitTerms(
            row["name"],
            frozenset(row["models"]),
            seconds_or_none(row.get("starts")),
            seconds_or_none(row.get("expires")),
        )

    def document(self) -> dict[str, Any]:
        """Return it as a document."""
        return {
            "name": self.name,
            "models": sorted(self.models),
            "starts": told_or_none(self.starts),
            "expires": told_or_none(self.expires),
        }

    def says(self, model: str, now: float, revoked: int | None) -> Permission:
        """Return what it says of a request. revoked: number of the entry that took back permits of its name;
        one issued later is not meant. A permit that is over says so, whatever the model.
        """
        if revoked is not None and revoked > self.entry:
            return Permission.REVOKED
        if self.expires is not None and now >= self.expires:
            return Permission.ENDED
        if self.starts is not None and now < self.starts:
            return Permission.NOT_BEGUN
        if self.models and model not in self.models:
            return Permission.OTHER_MODEL
        return Permission.COVERS


def best(
    permits: Iterable[PermitTerms], model: str, now: float, revoked: dict[str, int]
) -> tuple[Permission, str]:
    """Return what is said of a request by all permits that name the account, and the name of the one that
    says it.
    """
    found, name = Permission.NONE, ""
    place = len(BEST)
    for permit in permits:
        says = permit.says(model, now, revoked.get(permit.name))
        if BEST.index(says) < place:
            place, found, name = BEST.index(says), says, permit.name
    return found, name
