"""Which events are told of: a new case, one opened again, grown much, for a second person, or assigned."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stillwatch.cases.case import Case
from stillwatch.cases.event import Action, Event
from stillwatch.cases.outbox.message import Message
from stillwatch.cases.outbox.queue import queue
from stillwatch.cases.outbox.severity import severity_of
from stillwatch.cases.states import State
from stillwatch.cases.store import Store
from stillwatch.plain import plain

LONGEST = 200
"""Characters of a name that a run gives."""
NAMES = ("identity", "campaign", "verdict", "role", "run")
FIGURES = ("named", "present", "at_least", "exchanges")


def tell(store: Store, since: int, growth: float) -> int:
    """Queue messages about the events after one, within the session that wrote them; return how many.

    growth: share by which accounts must have grown since they were last told.
    """
    told = [
        (topic, event) for event in list(store.events(after=since)) for topic in _topics(store, event, growth)
    ]
    cases = {case.id: case for case in store.cases({event.case for _, event in told})}
    return sum(queue(store.session, _message(topic, event, cases[event.case])) for topic, event in told)


def facts(case: Case) -> dict[str, Any]:
    """Return what every message about a case says: ids, figures, and the house's own words."""
    found = {"identity": case.identity, **case.found}
    return {
        "case": case.id,
        "version": case.version,
        "kind": str(case.kind),
        "state": str(case.state),
        "severity": severity_of(case.found.get("verdict"), case.kind),
        "accounts": case.accounts,
        **{name: named(found.get(name)) for name in NAMES},
        **{name: figure(found.get(name)) for name in FIGURES},
    }


def named(value: Any) -> str:
    """Return a name that a run gives, on one line and short: whoever wrote the log may have chosen it."""
    return plain(str(value or ""))[:LONGEST]


def figure(value: Any) -> int | float | None:
    """Return a number; None for what is none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _message(topic: str, event: Event, case: Case) -> Message:
    body = facts(case) | {"event": event.seq} | _more(topic, event)
    # The hash tells an event from one of the same number in a store that was restored from a copy.
    return Message(topic, f"{topic}.{event.seq}.{event.hash[:16]}", case.id, body)


def _more(topic: str, event: Event) -> dict[str, Any]:
    if topic == "case.assigned":
        return {"assignee": named(event.new["assignee"]), "by": named(event.actor)}
    if topic == "case.second_review":
        return {"by": named(event.actor)}
    if topic == "case.grew":
        return {"accounts_before": event.previous["accounts"], "accounts": event.new["accounts"]}
    return {}


def _topics(store: Store, event: Event, growth: float) -> Iterable[str]:
    if event.action is Action.OPENED:
        yield "case.opened"
    elif event.action is Action.REOPENED:
        yield "case.reopened"
    elif event.action is Action.ASSIGNED and event.new.get("assignee"):
        yield "case.assigned"
    elif event.action is Action.MOVED and event.new.get("state") == State.SECOND_REVIEW:
        yield "case.second_review"
    elif event.action is Action.SEEN and "accounts" in event.new and _grew(store, event, growth):
        yield "case.grew"


def _grew(store: Store, event: Event, growth: float) -> bool:
    """Whether a case's accounts grew by more than a share since they were last told: many small steps count
    as the large one that they are.
    """
    if event.new["accounts"] <= event.previous["accounts"]:
        return False
    told = 0
    for one in list(store.events(event.case)):
        accounts = one.new.get("accounts")
        if accounts is None:
            continue
        large = bool(accounts > told * (1 + growth))
        if one.seq == event.seq:
            return large
        if large or one.action is not Action.SEEN:
            told = accounts
    return False
