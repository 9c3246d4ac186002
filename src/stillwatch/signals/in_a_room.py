"""People in a room: short sessions at the same time in one place."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, from_one_network, held, share

LEAST = 8
"""Accounts below which a room says nothing."""
HOUR = 3_600
FEW_HOURS = 12.0
"""Hours of work of the typical account up to which its sessions are those of a course, not of a queue."""
HUMAN = 60.0
"""Exchanges an account makes in an hour of work up to which a person may have typed them."""
TOGETHER = 0.5
"""Share of the accounts that must be at work in the hour for it to be a lesson."""


@signal(
    axis="context",
    weight=-0.7,
    sees="accounts that work from one place, in few hours, all at the same time and no faster than people",
    blind_spots="A small team of workers on a common shift looks so. A campaign that keeps to a room's hours "
    "and pace is as small as a class.",
    needs=("exchanges.subnet",),
    finding="{place:%} of its exchanges come from one network, and {lessons:%} fall in hours in which half "
    "of its accounts are at work together",
    example=[
        {"group": 1, "account": i, "second": d * 86_400 + 36_000 + 60 * j + i, "subnet": 5}
        for i in range(20)
        for d in range(3)
        for j in range(10)
    ]
    + [
        {"group": 2, "account": 50 + i, "second": h * HOUR + 9 * i, "subnet": 5}
        for i in range(20)
        for h in range(200)
    ],
    expect={1: 1.0, 2: 0.0},
)
def in_a_room(inputs: SignalInputs) -> Table:
    """The share of exchanges from one network times that in common hours; nothing for long or fast work."""
    hours = inputs.exchanges.mutate(hour=(_.second // HOUR).cast("int64"))
    worked = hours.group_by("group", "account", "hour").agg(n=_.count())
    each = (
        worked.group_by("group", "account")
        .agg(hours=_.count(), most=_.n.max())
        .group_by("group")
        .agg(accounts=_.count(), hours=_.hours.mean(), fastest=_.most.mean())
    )
    lessons = (
        worked.group_by("group", "hour")
        .agg(there=_.count(), n=_.n.sum())
        .join(each.select("group", "accounts"), "group")
        .filter(_.there >= TOGETHER * _.accounts)
        .group_by("group")
        .agg(lesson_exchanges=_.n.sum())
    )
    rows = (
        each.filter(_.accounts >= LEAST)
        .join(lessons, "group")
        .join(from_one_network(inputs.exchanges), "group")
        .join(inputs.sums.select("group", total="n"), "group")
    )
    place, common = share(rows.place_exchanges, rows.total), share(rows.lesson_exchanges, rows.total)
    brief = ((rows.hours <= FEW_HOURS) & (rows.fastest <= HUMAN)).cast("float64")
    return rows.select("group", place=place, lessons=common, score=held(place * common * brief))
