"""What is done about a case, as its events make it: plans, steps, letters, notices, appeals, measurements.

Each is a frozen record. An event holds those that it changed, with what they were, under `remedy`; the tables
hold the last of each, so that the audit can make them anew and compare.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, ClassVar

from stillwatch.guard.moments import told_or_none

REMEDY = "remedy"
"""Field of an event's `new` that holds them."""


@dataclass(frozen=True)
class Record:
    """What all of them have."""

    what: ClassVar[str]
    """Its sort, as events name it."""
    id: str
    """Its name: the case's number, and what it is within the case."""
    case_id: int
    """Number of the case."""

    def document(self) -> dict[str, Any]:
        """Return it for people and programs: times as ISO 8601."""
        found = document_of(self)
        for one in fields(self):
            if "float" in str(one.type):
                found[one.name] = told_or_none(found[one.name])
        return found


@dataclass(frozen=True)
class Plan(Record):
    """What is to be done about a case; a later version takes its place."""

    what: ClassVar[str] = "plan"
    version: int = 1
    """Its number among the plans of the case."""
    kind: str = "act"
    """act: against accounts, or for victims; restore: what was done is taken back."""
    state: str = "planned"
    """One of PlanState."""
    through: int = -1
    """The stage up to which people decided to carry it out; -1: none yet."""
    made: float = 0.0
    """When, POSIX seconds."""
    by: str = ""
    """Who decided last about it."""
    why: str = ""
    """What they said; why it stopped."""
    identity: str = ""
    """Identity of the campaign that it was made for."""
    run: str = ""
    """Id of the run that its evidence was taken from."""
    digest: str = ""
    """Digest of that run."""
    evidence: str = ""
    """SHA-256 of the frozen evidence."""
    agreed: Mapping[str, Any] = field(default_factory=dict)
    """Who proposed and who agreed to the carrying out, and for how many accounts."""
    content: Mapping[str, Any] = field(default_factory=dict)
    """The taint set, who is left out and why, the budget, the watch, the sharing offer, days for appeals."""


@dataclass(frozen=True)
class Crowd(Record):
    """Accounts that steps and letters are about; it never changes."""

    what: ClassVar[str] = "crowd"
    plan_id: str = ""
    """The plan that named them."""
    tier: str = ""
    """named or present; victim; account, of one that was named by hand."""
    accounts: tuple[str, ...] = ()
    """Their ids as runs show them, sorted."""


@dataclass(frozen=True)
class Step(Record):
    """One step of a plan."""

    what: ClassVar[str] = "step"
    plan_id: str = ""
    """Its plan."""
    place: int = 1
    """Its place in the plan."""
    kind: str = ""
    """One of StepKind."""
    stage: int = 0
    """The stage in which it is carried out."""
    crowd: str = ""
    """The accounts that it is about; empty: the campaign, or another step."""
    subject: str = ""
    """The campaign's identity, or another step's id."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What else it needs, by kind."""
    state: str = "planned"
    """One of StepState."""
    why: str = ""
    """Why it was skipped, or failed; what changed on the way."""
    seq: int | None = None
    """The entry of the guard's journal; None: it wrote none."""
    ended: int | None = None
    """The entry that took it back."""
    left_out: tuple[str, ...] = ()
    """Accounts that were cleared between the plan and the carrying out."""
    until: float | None = None
    """When what it did ends by itself, POSIX seconds."""
    done: float | None = None
    """When it was carried out, POSIX seconds."""
    undone: float | None = None
    """When it was taken back, POSIX seconds."""
    by: str = ""
    """Who decided it."""


@dataclass(frozen=True)
class Letter(Record):
    """A text to customers, the same for all whom it goes to but for the link."""

    what: ClassVar[str] = "letter"
    plan_id: str = ""
    """The plan that it belongs to."""
    kind: str = ""
    """restricted, victim, review, restored."""
    state: str = "draft"
    """draft, approved, queued, withdrawn."""
    crowds: tuple[str, ...] = ()
    """Whom it goes to."""
    subject: str = ""
    """Its subject line."""
    text: str = ""
    """Its text, with a mark where the link goes."""
    html: str = ""
    """The same as HTML."""
    by: str = ""
    """Who drafted it last."""
    approved_by: str = ""
    """Who approved it."""
    appeal_by: float | None = None
    """Until when the links work, POSIX seconds; None: not queued yet."""
    queued: int = 0
    """Notices that were queued."""


@dataclass(frozen=True)
class Notice(Record):
    """A letter to one account."""

    what: ClassVar[str] = "notice"
    letter_id: str = ""
    """The letter."""
    account: str = ""
    """The account, as runs show it."""
    token_hash: str = ""
    """SHA-256 of the token of its appeal link; the token itself is nowhere."""
    expires: float = 0.0
    """When the link ends, POSIX seconds."""
    queued: float = 0.0
    """When, POSIX seconds."""


@dataclass(frozen=True)
class Appeal(Record):
    """A customer's objection. Its words are kept apart, so that they can be erased."""

    what: ClassVar[str] = "appeal"
    notice_id: str = ""
    """The notice that it answers."""
    account: str = ""
    """The account."""
    state: str = "open"
    """open, answered."""
    opened: float = 0.0
    """When, POSIX seconds."""
    due: float = 0.0
    """By when it is to be answered, POSIX seconds."""
    sha256: str = ""
    """Hash of the customer's words."""
    size: int = 0
    """Their length in characters."""
    original: Mapping[str, Any] = field(default_factory=dict)
    """The decision that it is about: who, when, which steps and stage, kind, verdict, evidence."""
    answer: str = ""
    """uphold (the decision stands), partly, overturn; empty: none yet."""
    answered: float | None = None
    """When, POSIX seconds."""
    by: str = ""
    """Who answered."""
    reason: str = ""
    """Why; stays inside."""
    compensation: str = ""
    """What the customer gets for it."""
    restoration: str = ""
    """due, done; empty where nothing is restored."""
    until: float | None = None
    """How long the account is left alone, POSIX seconds."""
    seq: int | None = None
    """The entry of the guard's journal that restored it."""


@dataclass(frozen=True)
class Measure(Record):
    """What a later run shows of a campaign after the steps."""

    what: ClassVar[str] = "measure"
    plan_id: str = ""
    """The plan whose watch it answers."""
    made: float = 0.0
    """When, POSIX seconds."""
    content: Mapping[str, Any] = field(default_factory=dict)
    """What reappeared, where, how fast."""


KINDS: Mapping[str, type[Record]] = {
    one.what: one for one in (Plan, Crowd, Step, Letter, Notice, Appeal, Measure)
}
"""The sorts of records, each after those that it names."""


def document_of(record: Record) -> dict[str, Any]:
    """Return a record as JSON keeps it."""
    found: dict[str, Any] = _plain(asdict(record))
    return found


def record_of(what: str, document: Mapping[str, Any]) -> Record:
    """Return the record that a document holds. Raises ValueError where it holds none."""
    kind = KINDS.get(what)
    if kind is None:
        raise ValueError(f"there are no records of the sort {what}")
    names = {one.name for one in fields(kind)}
    if set(document) - names:
        raise ValueError(f"a {what} has no such field")
    try:
        return kind(**_made(document))
    except TypeError as error:
        raise ValueError(f"it is no {what}") from error


def change_of(was: Record | None, now: Record) -> dict[str, Any]:
    """Return what an event says of a record: what it was, and what it is."""
    before, after = {} if was is None else document_of(was), document_of(now)
    changed = [name for name in after if name not in before or before[name] != after[name]]
    return {
        "what": now.what,
        "id": now.id,
        "from": {name: before[name] for name in changed if name in before},
        "to": {name: after[name] for name in changed},
    }


def folded(was: Record | None, change: Mapping[str, Any], case: int) -> Record:
    """Return a record after a change that an event of a case tells. Raises ValueError for one that does not
    fit what it was.
    """
    to = change["to"]
    if was is None:
        if change["from"]:
            raise ValueError(f"{change['what']} {change['id']} was not there before")
        made = record_of(change["what"], to)
    else:
        before = document_of(was)
        if any(before.get(name) != value for name, value in change["from"].items()):
            raise ValueError(f"it says that {change['what']} {change['id']} was otherwise before")
        if change["from"].keys() != to.keys() or not to.keys() <= before.keys():
            raise ValueError(f"it does not say what {change['what']} {change['id']} was before")
        made = replace(was, **_made(to))
    if made.id != change["id"] or made.case_id != case:
        raise ValueError(f"{change['what']} {change['id']} is another's")
    return made


def _made(document: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a record from those of a document: only outermost lists are tuples there."""
    return {name: tuple(one) if isinstance(one, list) else one for name, one in document.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return value
