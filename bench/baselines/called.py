"""The one interface of all baselines: tables in, groups of accounts with scores out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol

from baselines.tables import Tables


@dataclass(frozen=True)
class Group:
    """Accounts that a baseline groups; a detector of single accounts gives groups of one."""

    name: str
    """Its name in lists: a key, an account, a number."""
    accounts: frozenset[int]
    """Keys of its accounts."""
    score: float
    """How suspicious it is; higher is more."""


@dataclass(frozen=True)
class Called:
    """Everything that a baseline scored, called or not, so that another threshold can be tried."""

    groups: tuple[Group, ...]
    """The most suspicious first; groups with score 0 are left out."""
    threshold: float
    """Groups that score at least this are called, by the baseline's own defaults."""
    single: bool
    """Whether the groups are single accounts, whose union is called."""

    def at_defaults(self) -> list[Group]:
        """Return the groups that are called."""
        return self.at(self.threshold)

    def at(self, threshold: float) -> list[Group]:
        """Return the groups that would be called at a threshold."""
        return [group for group in self.groups if group.score >= threshold]


def called(groups: Iterable[Group], threshold: float, *, single: bool = False) -> Called:
    """Sort the groups."""
    return Called(tuple(sorted(groups, key=lambda g: (-g.score, g.name))), threshold, single)


def singles(scores: Mapping[int, float], threshold: float) -> Called:
    """Return a detector's scores of single accounts."""
    groups = (
        Group(str(account), frozenset((account,)), score) for account, score in scores.items() if score > 0
    )
    return called(groups, threshold, single=True)


class Baseline(Protocol):
    """A detector to compare with.

    Its parameters are its fields; the defaults are those of its paper or project.
    """

    @property
    def name(self) -> str:
        """Its name in tables."""

    @property
    def source(self) -> str:
        """Its paper or project, and section or version."""

    @property
    def blind(self) -> str:
        """What it cannot see here: what it is blind to by nature, and its inputs that our tables lack."""

    def call(self, tables: Tables) -> Called:
        """Score a run's accounts or groups of them; linear in traffic."""


def parameters(baseline: Any) -> dict[str, Any]:
    """Return the parameters by name, for the record."""
    return {field.name: getattr(baseline, field.name) for field in fields(baseline)}
