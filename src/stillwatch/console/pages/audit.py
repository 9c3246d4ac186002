"""The audit: whether the chain of events holds, what everybody did, and signed checkpoints."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from stillwatch.cases.audit import Audited
from stillwatch.cases.checkpoints import kept_checkpoints
from stillwatch.cases.event import Action
from stillwatch.cases.event_list import MOST, EventsWanted, actors, events_found
from stillwatch.cases.store import Store
from stillwatch.console.act import Act
from stillwatch.console.done import Done
from stillwatch.console.form_times import time_of
from stillwatch.console.history import OF_ALL, row_of
from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.console.templating import with_query
from stillwatch.report import formatting

AT_ONCE = 100
FAULTS_SHOWN = 100
CHECKPOINTS_SHOWN = 20
CHECKPOINTS = (
    Column("time", "Signed", "time"),
    Column("seq", "Last event", "count"),
    Column("holds", "Signature"),
    Column("hash", "Its hash", "code"),
    Column("key", "Key", "code"),
    Column("signature", "Signed text", "code"),
)
FAULTS = (Column("where", "Where"), Column("what", "What is wrong"))


class Filters(msgspec.Struct):
    """Which events; it stands in the URL."""

    actor: str = ""
    action: str = ""
    case: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0
    since: str = ""
    until: str = ""
    before: Annotated[int, msgspec.Meta(ge=0)] = 0
    most: Annotated[int, msgspec.Meta(ge=0, le=MOST)] = 0


class VerifyFields(msgspec.Struct):
    """Nothing is asked for."""


@dataclass(frozen=True)
class Checked:
    """What a check found."""

    time: float
    """When, POSIX seconds."""
    actor: str
    """Who asked for it."""
    took: float
    """Seconds that it took."""
    result: Audited
    """What it found."""


class Checks:
    """The last check of each store since this process began. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, Checked] = {}

    def last(self, place: str) -> Checked | None:
        """Return the last check of a store."""
        with self._lock:
            return self._last.get(place)

    def keep(self, place: str, checked: Checked) -> None:
        """Keep a check."""
        with self._lock:
            self._last[place] = checked


CHECKS = Checks()


def audit(seen: Seen) -> Shown:
    """Return the newest events, the last check, and checkpoints."""
    wanted: Filters = seen.filters
    cases = seen.doors.cases
    most = wanted.most or (MOST if seen.first("format") == "csv" else AT_ONCE)
    with cases.database.reading() as session:
        events = events_found(session, _wanted(wanted), most)
        head, digest = Store(session).head()
        people = actors(session)
        checkpoints = kept_checkpoints(session, CHECKPOINTS_SHOWN)
    signed = checkpoints[0][0] if checkpoints else 0
    further = str(events[-1].seq) if len(events) == most and events[-1].seq > 1 else ""
    more = with_query("/audit", seen.query, before=further) if further else ""
    checked = CHECKS.last(cases.database.place)
    values = {
        "filters": msgspec.to_builtins(wanted),
        "actions": [str(action) for action in Action],
        "people": people,
        "head": head,
        "head_hash": digest,
        "checked": _told(checked) if checked else None,
        "since_checked": head - checked.result.events if checked else None,
        "signed_since_checked": signed - checked.result.checkpoints if checked else None,
        "since_signed": head - checkpoints[0][1].seq if checkpoints else None,
    }
    tables = {
        "events": Rows(OF_ALL, [row_of(event) for event in events], "Events", None, more),
        "checkpoints": Rows(
            CHECKPOINTS,
            [
                {
                    "time": one.time,
                    "seq": one.seq,
                    "hash": one.hash,
                    "key": one.key,
                    "signature": one.signature,
                    "holds": "holds" if one.holds() else "does not hold",
                }
                for _number, one in checkpoints
            ],
            "Checkpoints",
        ),
    }
    if checked and checked.result.faults:
        faults = [{"where": one.where, "what": one.what} for one in checked.result.faults[:FAULTS_SHOWN]]
        tables["faults"] = Rows(FAULTS, faults, "What does not hold", len(checked.result.faults))
    return Shown("audit.html", values, tables)


def verify(seen: Seen, _fields: VerifyFields) -> Done:
    """Check every row against the events, the events against each other, and checkpoints against them."""
    cases, begun = seen.doors.cases, time.monotonic()
    result = cases.verify()
    checked = Checked(seen.now, seen.user.name, time.monotonic() - begun, result)
    CHECKS.keep(cases.database.place, checked)
    faults = [f"{one.where}: {one.what}" for one in result.faults]
    return Done("/audit", _sentence(result), {**_told(checked), "faults": faults})


def sign(seen: Seen, _fields: VerifyFields) -> Done:
    """Sign what the last event is; the statement is worth most where the database's owner cannot write."""
    made = seen.doors.cases.checkpoint()
    sentence = f"Event {made.seq:,} is signed. Keep a copy of the statement elsewhere."
    return Done("/audit#checkpoints", sentence, made.document())


def _wanted(filters: Filters) -> EventsWanted:
    return EventsWanted(
        case=filters.case,
        actor=filters.actor,
        actions=(filters.action,) if filters.action else (),
        since=_begin(filters.since),
        until=time_of(filters.until, "until"),
        before=filters.before,
    )


def _begin(text: str) -> float | None:
    """The first moment of a day, or a time."""
    said = text.strip()
    return time_of(f"{said}T00:00" if len(said) == len("2026-12-31") else said, "since")


def _sentence(result: Audited) -> str:
    events = formatting.plural(result.events, "event")
    if result.faults:
        first = result.faults[0]
        return (
            f"{formatting.plural(len(result.faults), 'fault')} in {events}. "
            f"The first: {formatting.cut(first.where, 80)}, {formatting.cut(first.what, 200)}."
        )
    return (
        f"Everything holds: {events} of {formatting.plural(result.cases, 'case')}, "
        f"{formatting.plural(result.checkpoints, 'checkpoint')}."
    )


def _told(checked: Checked) -> dict[str, Any]:
    result = checked.result
    return {
        "time": checked.time,
        "by": checked.actor,
        "seconds": round(checked.took, 2),
        "events": result.events,
        "cases": result.cases,
        "checkpoints": result.checkpoints,
        "head": result.head,
        "number_of_faults": len(result.faults),
        "sentence": _sentence(result),
    }


PAGES = (Page("/audit", "Audit", Role.VIEWER, audit, Filters, menu=9),)
ACTS = (
    Act("/audit/verify", "Check the chain of events", Role.ANALYST, VerifyFields, verify),
    Act("/audit/checkpoint", "Sign a checkpoint", Role.APPROVER, VerifyFields, sign),
)
