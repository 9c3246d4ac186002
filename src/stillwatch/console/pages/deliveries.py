"""Messages to other systems: what became of each, dead letters with their cause, sent again or dropped."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from stillwatch.cases.outbox.delivery import DEAD, DROPPED, WAITING, Delivery
from stillwatch.cases.outbox.outbox import MOST_LISTED
from stillwatch.cases.outbox.passes import last_made
from stillwatch.console.act import Act
from stillwatch.console.done import Done
from stillwatch.console.not_there import NotThere
from stillwatch.console.page import Page
from stillwatch.console.pages.case_acts import Name, Reason
from stillwatch.console.recent_reasons import recent_reasons
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.errors import CaseError

LARGEST = 2**31
SHOWN = 100
COLUMNS = (
    Column("message", "Message", link="/deliveries/{message}"),
    Column("made", "Queued", "time"),
    Column("topic", "Topic"),
    Column("case", "Case", link="/cases/{case}"),
    Column("channel", "Channel"),
    Column("state", "State"),
    Column("attempts", "Attempts", "count"),
    Column("tried", "Last tried", "time"),
    Column("due", "Next", "time"),
    Column("said", "What came of it"),
)
COUNTS = (Column("channel", "Channel"), Column("state", "State"), Column("messages", "Messages", "count"))
BODY = (Column("name", "Name"), Column("value", "Value"))
LOG = (
    Column("time", "When", "time"),
    Column("actor", "Who"),
    Column("did", "What"),
    Column("channel", "Channel"),
    Column("reason", "Why"),
)


class Filters(msgspec.Struct):
    """Which deliveries; it stands in the URL."""

    state: Literal["", "waiting", "sending", "delivered", "dead", "dropped", "no channel", "queued"] = ""
    channel: Name = ""
    case: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0


class DecideFields(msgspec.Struct):
    """Why; and on which channel, where it is not all."""

    reason: Reason
    channel: Name = ""


def everything(seen: Seen) -> Shown:
    """Return deliveries, the newest first."""
    wanted: Filters = seen.filters
    outbox = seen.doors.cases.outbox
    most = MOST_LISTED if seen.first("format") else SHOWN
    found = outbox.deliveries(
        wanted.state or None, channel=wanted.channel or None, case=wanted.case or None, most=most
    )
    counts = outbox.counts()
    with seen.doors.cases.database.reading() as session:
        last = last_made(session, "deliver")
    by_state: dict[str, int] = {}
    for (_, state), number in counts.items():
        by_state[state] = by_state.get(state, 0) + number
    values = {
        "filters": msgspec.to_builtins(wanted),
        "by_state": by_state,
        "dead": by_state.get(DEAD, 0),
        "last": last,
        "delivers": seen.doors.channels is not None,
        "channels": sorted({channel for channel, _ in counts if channel}),
    }
    rows = [
        {"channel": channel or "none", "state": state, "messages": number}
        for (channel, state), number in sorted(counts.items())
    ]
    tables = {
        "deliveries": Rows(COLUMNS, [_row(one) for one in found], "Deliveries"),
        "counts": Rows(COUNTS, rows, "By channel and state"),
    }
    return Shown("deliveries.html", values, tables, {"full": len(found) == most, "most": most})


def one(seen: Seen) -> Shown:
    """Return one message: what it says, its way to each channel, and what people did with it."""
    number = _number(seen)
    found, body, logged = seen.doors.cases.outbox.show(number)
    rows = [{"name": name, "value": _value(value)} for name, value in sorted(body.items()) if name != "html"]
    tables = {
        "deliveries": Rows(COLUMNS[4:], [_row(one) for one in found], "Its way to each channel"),
        "body": Rows(BODY, rows, "What it says"),
        "log": Rows(LOG, [vars(one) for one in logged], "What people did with it"),
    }
    first = found[0]
    values = {
        "message": number,
        "topic": first.topic,
        "uid": first.uid,
        "case": first.case,
        "made": first.made,
    }
    parts = {
        "again": any(one.state in (DEAD, DROPPED) for one in found),
        "drop": any(one.state in (DEAD, WAITING) for one in found),
        "names": [one.channel for one in found if one.channel],
        "reasons": recent_reasons(seen),
    }
    return Shown("delivery.html", values, tables, parts, f"Message {number}")


def again(seen: Seen, fields: DecideFields) -> Done:
    """Send a message anew that was given up; its id stays the same."""
    number = _number(seen)
    made = seen.doors.cases.outbox.again(
        number, fields.channel or None, by=seen.user.name, reason=fields.reason
    )
    return _done(number, f"Message {number} is sent again on {_places(made)}.", made)


def drop(seen: Seen, fields: DecideFields) -> Done:
    """Give a message up for good."""
    number = _number(seen)
    made = seen.doors.cases.outbox.drop(
        number, fields.channel or None, by=seen.user.name, reason=fields.reason
    )
    return _done(number, f"Message {number} is dropped on {_places(made)}.", made)


def _number(seen: Seen) -> int:
    number = int(seen.path["number"])
    try:
        if number < LARGEST:
            seen.doors.cases.outbox.show(number)
            return number
    except CaseError as error:
        if error.where != "MESSAGE":
            raise
    raise NotThere(f"there is no message {number}", where="the address", do="see the list of deliveries")


def _row(delivery: Delivery) -> dict[str, Any]:
    left = delivery.state in ("waiting", "sending")
    return vars(delivery) | {"due": delivery.due if left else None, "attempts": delivery.attempts or None}


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value)


def _places(made: list[Delivery]) -> str:
    return ", ".join(one.channel for one in made)


def _done(number: int, said: str, made: list[Delivery]) -> Done:
    result = {"message": number, "deliveries": [one.document() for one in made]}
    return Done(f"/deliveries/{number}", said, result)


ONE = "/deliveries/{number:int}"
PAGES = (
    Page("/deliveries", "Deliveries", Role.VIEWER, everything, Filters, menu=53),
    Page(ONE, "Message", Role.VIEWER, one),
)
ACTS = (
    Act(f"{ONE}/again", "Send a message again", Role.APPROVER, DecideFields, again),
    Act(f"{ONE}/drop", "Drop a message", Role.APPROVER, DecideFields, drop),
)
