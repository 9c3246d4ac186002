"""A member of a sharing group, as a hub knows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from stillwatch.intel.tlp import Tlp


class Channel(StrEnum):
    """The three kinds of talk among members, kept apart."""

    INFORMATION = "information"
    """Indicators, techniques, statistics: what may help others, about no open incident."""
    REPORT = "incident-report"
    """A member tells of an incident of its own."""
    RESPONSE = "incident-response"
    """Members that are named work on one incident together."""


@dataclass(frozen=True)
class Member:
    """One member, authenticated."""

    identity: str
    """Id of its STIX identity, `identity--…`; what it makes names it as `created_by_ref`."""
    name: str
    """Its short name: lower-case letters, digits, hyphens."""
    clearance: Tlp
    """The strictest level that it may read."""
    channels: frozenset[Channel]
    """The channels that its agreements open to it."""
    writes: bool
    """Whether it may add objects; who may not reads only."""
    coordinator: bool = False
    """Whether it runs the group: it sees members and the log, and no more of the content."""
    agreements: frozenset[str] = frozenset()
    """Ids of the agreements that it accepted and that are in force. They open channels; a collection is kept
    to some members by naming them."""
