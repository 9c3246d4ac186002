"""One event: who changed what of a case, from what to what, why; chained to the event before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from stillwatch.guard.moments import told

FIRST = "0" * 64
"""What stands for the hash of the event before the first."""
Values = Mapping[str, Any]


class Action(StrEnum):
    """What happened to a case."""

    OPENED = "opened"
    """A sync found a campaign that no case is about."""
    SEEN = "seen"
    """A later run has its campaign: the same, grown, split, merged, or changed in what is known of it."""
    REOPENED = "reopened"
    """A closed case's campaign changed, so a sync opened it again."""
    ASSIGNED = "assigned"
    """Somebody took it, gave it to another, or gave it back."""
    MOVED = "moved"
    """It went from one state to another."""
    REVIEWED = "reviewed"
    """A second person agreed, or did not."""
    CLOSED = "closed"
    """It was closed, with an outcome."""
    NOTED = "noted"
    """Somebody wrote something down."""
    TAGGED = "tagged"
    """Tags were put on it, or taken off."""
    SNOOZED = "snoozed"
    """It rests until a time, or was woken."""
    DUE = "due"
    """It has a deadline, or has one no more."""
    LINKED = "linked"
    """It was linked to another case, or a link was taken away."""
    DECIDED = "decided"
    """Somebody decided about single accounts of it."""
    PLANNED = "planned"
    """A plan was made: what is to be done about its accounts."""
    ORDERED = "ordered"
    """Somebody decided that a plan, or a part of it, is carried out or taken back."""
    STEPPED = "stepped"
    """A step of a plan was carried out, taken back, skipped, or failed."""
    WRITTEN = "written"
    """A letter to customers was drafted, approved, queued or withdrawn."""
    APPEALED = "appealed"
    """A customer objected."""
    ANSWERED = "answered"
    """An appeal was answered."""
    RESTORED = "restored"
    """What an answer promised was done at the gateway."""
    LOOKED = "looked"
    """Somebody read what a customer wrote."""
    ERASED = "erased"
    """What a customer wrote was erased."""
    MEASURED = "measured"
    """A later run showed what came back after the steps."""
    PLAYBOOK_BEGUN = "playbook begun"
    """Somebody began to go through a playbook for it."""
    PLAYBOOK_MARKED = "playbook marked"
    """Steps of a playbook were marked: by a person, or by checks."""
    PLAYBOOK_ENDED = "playbook ended"
    """Somebody ended a run of a playbook before all its steps were settled."""


@dataclass(frozen=True)
class Event:
    """One row of table events."""

    seq: int
    """Its number, from 1, without gaps."""
    time: float
    """When, POSIX seconds by the writer's clock; the numbers give the order."""
    case: int
    """Number of the case."""
    action: Action
    """What happened."""
    actor: str
    """Who did it."""
    reason: str
    """Why."""
    previous: Values
    """The fields of the case that changed, as they were."""
    new: Values
    """The same fields as they are now; also note, labels, evidence, remedy and playbook, which are
    only added to.
    """
    before: str
    """Hash of the event before it."""
    hash: str
    """SHA-256 over all the fields above, as canonical JSON."""

    def document(self) -> dict[str, Any]:
        """Return it for people and programs: times as ISO 8601."""
        return {
            "seq": self.seq,
            "time": told(self.time),
            "case": self.case,
            "action": str(self.action),
            "actor": self.actor,
            "reason": self.reason,
            "previous": dict(self.previous),
            "new": dict(self.new),
            "hash": self.hash,
        }


def canonical(value: Any) -> str:
    """Return a value as JSON that is the same everywhere: ASCII, names sorted, no spaces. Raises ValueError
    for an infinite number.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def hash_of(
    seq: int,
    time: float,
    case: int,
    action: str,
    actor: str,
    reason: str,
    previous: Values,
    new: Values,
    before: str,
) -> str:
    """Return the hash of an event: SHA-256 of a JSON list of its fields in this order."""
    fields = [seq, time, case, str(action), actor, reason, dict(previous), dict(new), before]
    return hashlib.sha256(canonical(fields).encode("ascii")).hexdigest()


def whole(event: Event) -> bool:
    """Return whether an event's hash is that of its fields."""
    return event.hash == hash_of(
        event.seq,
        event.time,
        event.case,
        event.action,
        event.actor,
        event.reason,
        event.previous,
        event.new,
        event.before,
    )
