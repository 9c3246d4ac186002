"""People who met for a few days: one place, one weekend, the pace of people."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held, share

LEAST, MOST = 8, 1_000
"""Accounts that an event has: below, a table; above, no hall holds them."""
DAYS = 3
"""Longest event: from the evening of one day to that of the second after."""
BLOCK = 21_600
"""Seconds of the quarters of a day by which its time is found."""
BLOCKS = DAYS * 86_400 // BLOCK
WITHIN = 0.8
"""Share of the exchanges that its days, and its networks, must hold: some go on at home."""
EXITS = 2
"""Networks through which one place may reach the internet."""
HALF = 0.5
"""Share of the accounts above which a network that they use is the place's; two places have no such one."""
HOURS = 24.0
"""Hours of work of the typical account in these days, up to which it has eaten and slept."""
HUMAN = 60.0
"""Exchanges of the typical account in its busiest hour, up to which a person may have sent them."""
ELSEWHERE = ("hosting", "vpn")
"""Classes of networks that are no place where people meet."""


@signal(
    axis="deception",
    weight=-0.6,
    sees="accounts whose whole work falls within three days, from one place, with the hours and the pace of "
    "people: a hackathon, a course, a conference",
    blind_spots="A campaign that keeps to one room, one weekend and people's pace looks so, and a campaign's "
    "first three days from one place do. Programs that people at an event leave running look like no event.",
    needs=("exchanges.subnet",),
    finding="{part:%} of its exchanges fall within {days:day}, and {place:%} come from {exits:network} that "
    "most of its accounts use; on average an account worked in {hours:.1f} hours, and sent {fastest:.1f} "
    "exchanges in its busiest hour",
    example=[
        {"group": 1, "account": i, "second": d * 86_400 + (36_000 + 9_000 * j + 60 * i), "subnet": 5 + j % 2}
        for i in range(20)
        for d in range(2)
        for j in range(5)
    ]
    + [
        {"group": 2, "account": 50 + i, "second": d * 86_400 + 36_000 + 9_000 * j, "subnet": 5}
        for i in range(20)
        for d in range(12)
        for j in range(4)
    ],
    expect={1: 1.0, 2: 0.0},
)
def one_event(inputs: SignalInputs) -> Table:
    """One where time, place, size, hours and pace are all those of an event, else nothing."""
    work = inputs.exchanges
    places = _places(work)
    rows = (
        _paces(work)
        .filter((_.accounts >= LEAST) & (_.accounts <= MOST))
        .join(_fullest(work), "group")
        .join(places, "group")
        .join(inputs.sums.select("group", total="n"), "group")
    )
    part, place = share(rows.fullest, rows.total), share(rows.place_exchanges, rows.total)
    met = (part >= WITHIN) & (place >= WITHIN) & (rows.exits <= EXITS)
    human = (rows.hours <= HOURS) & (rows.fastest <= HUMAN)
    return rows.select(
        "group",
        "hours",
        "fastest",
        "exits",
        part=part,
        place=place,
        days=ibis.literal(DAYS),
        score=held((met & human).cast("float64")),
    )


def _paces(work: Table) -> Table:
    """group, accounts; hours: with work of an account on average; fastest: exchanges in its busiest hour."""
    hourly = work.mutate(hour=(_.second // 3_600).cast("int64")).group_by("group", "account", "hour")
    each = hourly.agg(n=_.count()).group_by("group", "account").agg(hours=_.count(), most=_.n.max())
    return each.group_by("group").agg(accounts=_.count(), hours=_.hours.mean(), fastest=_.most.mean())


def _fullest(work: Table) -> Table:
    """group, fullest: exchanges of the DAYS days that hold most of them, to a quarter of a day."""
    sent = work.mutate(block=(_.second // BLOCK).cast("int64")).group_by("group", "block").agg(n=_.count())
    begun = ibis.union(*[sent.mutate(start=sent.block - before) for before in range(BLOCKS)])
    days = begun.group_by("group", "start").agg(n=_.n.sum())
    return days.group_by("group").agg(fullest=_.n.max())


def _places(work: Table) -> Table:
    """group, exits, place_exchanges: networks that most of its accounts use, and what came from them."""
    known = work.filter(_.subnet.notnull() & _.network_class.fill_null("").notin(list(ELSEWHERE)))
    size = work.group_by("group").agg(accounts=_.account.nunique())
    used = known.group_by("group", "subnet").agg(n=_.count(), users=_.account.nunique())
    common = used.join(size, "group").filter(_.users > HALF * _.accounts)
    return common.group_by("group").agg(exits=_.count(), place_exchanges=_.n.sum())
