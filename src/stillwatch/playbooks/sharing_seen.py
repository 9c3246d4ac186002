"""What checks see of sharing; whoever opens the playbooks hands in what looks at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class SharingSeen:
    """The real state of sharing, in counts and times."""

    side: bool | None
    """Whether there is a member's side: a key, a hub, the pinned key of its log; None: none was given."""
    looked: float | None
    """When the hub's log was last checked and cosigned, POSIX seconds; None: never."""
    members: int
    """Members whose keys are known, to compare with what they saw."""
    evidence: int
    """Files that prove that the hub told two stories."""
    store: bool
    """Whether a store of sharing was given, and is there."""
    waiting: int
    """Exports that wait for a second person."""
    left: int
    """Exports that a second person approved and that left."""
    last_left: float | None
    """When the last one left, POSIX seconds; None: none did."""
    to_correct: int
    """Exports that should be corrected: the case was closed otherwise, or an appeal was granted."""
    corrected: int
    """Reports that were corrected by others after they matched something here."""


LookAtSharing = Callable[[], SharingSeen]
"""Looks at the state of sharing. Raises StillwatchError where it cannot be read."""
