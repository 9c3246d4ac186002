"""A change of one case: looked at, checked against what others did meanwhile, and written as one event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stillwatch.cases.case import Case
from stillwatch.cases.event import Action
from stillwatch.cases.store import Store
from stillwatch.errors import CaseConflict
from stillwatch.guard.moments import told

MOST_TOLD = 5
"""Changes of others that a conflict names."""


@dataclass(frozen=True)
class Wanted:
    """What is to be written."""

    action: Action
    """What happens."""
    actor: str
    """Who does it."""
    reason: str
    """Why."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the case as they are to be."""
    added: Mapping[str, Any] = field(default_factory=dict)
    """A note, or labels."""


@dataclass(frozen=True)
class Editing:
    """A case within a session that writes."""

    store: Store
    """The store."""
    case: Case
    """The case as it is."""
    version: int | None = None
    """The version that the person looked at; None: they did not say."""

    @staticmethod
    def of(store: Store, number: int, version: int | None) -> Editing:
        """Take up a case. Raises CaseConflict where it is not of that version any more."""
        case = store.case(number)
        if version is not None and version != case.version:
            raise conflict(store, case, version)
        return Editing(store, case, version)


Change = Callable[[Editing], Wanted]


def written(edit: Editing, change: Change) -> Case:
    """Write what a change wants; return the case."""
    wanted = change(edit)
    return edit.store.record(
        edit.case, wanted.action, wanted.actor, wanted.reason, wanted.fields, added=wanted.added
    )


def conflict(store: Store, case: Case, version: int) -> CaseConflict:
    """Return the error that says who changed what since a version."""
    since = list(store.events(case.id))[version:] if 0 <= version < case.version else []
    lines = [
        f"{event.actor}, {told(event.time)[:19]}Z: {event.action}"
        + (f" {', '.join(event.new)}" if event.new else "")
        + (f" ({' '.join(event.reason.split())[:120]})" if event.reason else "")
        for event in since[-MOST_TOLD:]
    ]
    if len(since) > MOST_TOLD:
        lines.insert(0, f"{len(since) - MOST_TOLD} earlier changes")
    return CaseConflict(
        f"case {case.id} was changed meanwhile: you looked at version {version}, it is at {case.version}",
        where="\n".join([f"case {case.id}", *lines]),
        do=f"look at it again (`stillwatch case show {case.id}`), and decide with --version {case.version}",
    )


def taken(store: Store, case: Case) -> CaseConflict:
    """Return the error that says who works on a case."""
    events = [event for event in store.events(case.id) if event.action is Action.ASSIGNED]
    when = f" since {told(events[-1].time)[:19]}Z" if events else ""
    return CaseConflict(
        f"{case.assignee} works on case {case.id} already{when}",
        where=f"case {case.id}, assigned by {case.assigned_by}",
        do=f"agree with them; to take it over, say --version {case.version}",
    )
