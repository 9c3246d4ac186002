"""A case as its events make it: the one definition that the store writes and the audit checks against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from stillwatch.cases.event import Event
from stillwatch.cases.states import Kind, Outcome, State
from stillwatch.guard.moments import told, told_or_none

ADDED = ("note", "labels", "evidence", "remedy", "looked", "playbook")
"""What an event adds beside the case's fields; rows of tables of their own."""


@dataclass(frozen=True)
class Note:
    """Something a person wrote down."""

    seq: int
    """Number of the event."""
    time: float
    """When, POSIX seconds."""
    actor: str
    """Who."""
    text: str
    """What."""


@dataclass(frozen=True)
class Label:
    """What a decision teaches later searches."""

    seq: int
    """Number of the event."""
    place: int
    """Its place among the labels of that event."""
    case: int
    """Number of the case."""
    scope: str
    """campaign or account."""
    subject: str
    """Identity of the campaign, or id of the account as runs show it."""
    label: str
    """dismissed, confirmed, licensed, victim; of an account: confirmed, cleared, exempted, permit found."""
    outcome: str
    """Outcome of the case, or what was decided about the account, in the words of the decision."""
    expires: float
    """When it ends, POSIX seconds."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """Of a permit that was found: permit, models; of a campaign: what it was like."""


@dataclass(frozen=True)
class Case:
    """One case."""

    id: int
    """Its number, from 1."""
    version: int = 0
    """How often it has changed; whoever changes it says which version was looked at."""
    identity: str = ""
    """Identity of the campaign that it is about now."""
    identities: tuple[str, ...] = ()
    """All identities that it follows or followed."""
    family: str = ""
    """The campaign's family."""
    kind: str = Kind.OPERATOR
    """What it is about: one of Kind."""
    state: str = State.OPEN
    """Where it stands: one of State."""
    outcome: str = ""
    """What it turned out to be: one of Outcome; empty until it is closed."""
    assignee: str = ""
    """Who works on it; empty: nobody."""
    assigned_by: str = ""
    """Who said so."""
    opened: float = 0.0
    """When it was opened, POSIX seconds."""
    updated: float = 0.0
    """When it last changed, POSIX seconds."""
    snoozed_until: float | None = None
    """Until when it rests, POSIX seconds; None: it does not."""
    deadline: float | None = None
    """By when it must be decided, POSIX seconds; None: no such time."""
    proposed_by: str = ""
    """Who wants to act, and needs a second person to agree."""
    approved_by: str = ""
    """The second person who agreed."""
    approved_accounts: int = 0
    """How many accounts they agreed to act against."""
    accounts: int = 0
    """Accounts of the campaign in the newest run."""
    found: Mapping[str, Any] = field(default_factory=dict)
    """What the newest run says of the campaign: see `found.py`."""
    judged: Mapping[str, Any] = field(default_factory=dict)
    """The same as it was when the case was last closed; empty until then."""
    tags: tuple[str, ...] = ()
    """Its tags, sorted."""
    links: tuple[tuple[str, int], ...] = ()
    """Links to other cases: one of Link, and the other's number; sorted."""
    notes: tuple[Note, ...] = ()
    """What people wrote down, in order."""

    def snoozed(self, now: float) -> bool:
        """Return whether it rests at a time."""
        return self.snoozed_until is not None and self.snoozed_until > now

    def overdue(self, now: float) -> bool:
        """Return whether its deadline has passed and it is not closed."""
        return self.deadline is not None and self.deadline < now and self.state != State.CLOSED

    def one_person_suffices(self, most: int) -> bool:
        """Return whether its accounts may be acted against now: there are at most `most`, or a second person
        has agreed to as many.
        """
        return self.accounts <= most or bool(self.approved_by and self.accounts <= self.approved_accounts)

    def document(self, now: float) -> dict[str, Any]:
        """Return it for people and programs: times as ISO 8601."""
        return {
            **{one.name: getattr(self, one.name) for one in fields(self)},
            "opened": told(self.opened),
            "updated": told(self.updated),
            "snoozed_until": told_or_none(self.snoozed_until),
            "snoozed": self.snoozed(now),
            "deadline": told_or_none(self.deadline),
            "overdue": self.overdue(now),
            "found": dict(self.found),
            "judged": dict(self.judged),
            "identities": list(self.identities),
            "tags": list(self.tags),
            "links": [{"link": link, "case": other} for link, other in self.links],
            "notes": [{"time": told(n.time), "by": n.actor, "text": n.text} for n in self.notes],
        }


PLAIN = tuple(
    one.name for one in fields(Case) if one.name not in ("id", "version", "opened", "updated", "notes")
)
"""Fields that events set."""


def after(case: Case | None, event: Event) -> Case:
    """Return the case after an event; None stands for no case yet. Raises ValueError for an event that does
    not fit what came before it.
    """
    was = case or Case(event.case, opened=event.time)
    for name, value in event.previous.items():
        if name not in PLAIN or _stored(getattr(was, name)) != value:
            raise ValueError(f"it says that {name} was otherwise before")
    changed = {name: value for name, value in event.new.items() if name not in ADDED}
    if changed.keys() != event.previous.keys():
        raise ValueError("it does not say what was before")
    if set(changed) - set(PLAIN):
        raise ValueError("it sets a field that there is not")
    notes = was.notes
    if "note" in event.new:
        notes = (*notes, Note(event.seq, event.time, event.actor, event.new["note"]))
    made = {name: _made(name, value) for name, value in changed.items()}
    return replace(was, **made, version=was.version + 1, updated=event.time, notes=notes)


def labels_of(event: Event) -> list[Label]:
    """Return the labels that an event gives."""
    return [
        Label(event.seq, place, event.case, **row) for place, row in enumerate(event.new.get("labels", ()), 1)
    ]


def differences(case: Case, wanted: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return previous and new for those fields that differ from what is wanted."""
    pairs = {name: (_stored(getattr(case, name)), _stored(value)) for name, value in wanted.items()}
    changed = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    return {name: was for name, (was, _) in changed.items()}, {
        name: now for name, (_, now) in changed.items()
    }


def _stored(value: Any) -> Any:
    """A value as an event keeps it: as JSON gives it back."""
    if isinstance(value, tuple | list):
        return [_stored(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _stored(item) for name, item in value.items()}
    return str(value) if isinstance(value, State | Kind | Outcome) else value


def _made(name: str, value: Any) -> Any:
    """A field's value from that of an event."""
    if name == "links":
        return tuple((link, other) for link, other in value)
    return tuple(value) if name in ("tags", "identities") else value
