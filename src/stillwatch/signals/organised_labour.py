"""Many accounts without a common name, kept at work day after day."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held, share

DAYS = 5
"""Days on which an account must have worked."""
EACH = 5
"""Exchanges it must have made on each, on average."""
LEAST = 8
"""Accounts below which it is no organisation."""


@signal(
    axis="scale",
    weight=0.35,
    sees="accounts under no common owner that are kept at work on many days: production, not use",
    blind_spots="A co-working space of busy strangers looks so; it needs the held-out test beside it. It "
    "needs no text.",
    needs=("exchanges.time",),
    finding="{part:%} of its accounts worked on at least {least:day} with at least {each:exchange} a day; "
    "{unowned:%} of its accounts do not belong to its largest declared owner",
    unless={
        "largest": "{part:%} of its accounts worked on at least {least:day} with at least {each:exchange} a "
        "day; none of its accounts names an owner"
    },
    example=[
        {"group": 1, "account": i, "second": 86_400 * d + j}
        for i in range(10)
        for d in range(6)
        for j in range(6)
    ]
    + [{"group": 2, "account": 50 + i, "second": j} for i in range(10) for j in range(36)],
    expect={1: 1.0, 2: 0.0},
)
def organised_labour(inputs: SignalInputs) -> Table:
    """Share of accounts kept at work, times the share outside the largest declared owner; from eight accounts
    up.
    """
    kept = ((_.days >= DAYS) & (_.n >= _.days * EACH)).cast("int64")
    totals = (
        inputs.members.group_by("group").agg(accounts=_.count(), kept=kept.sum()).filter(_.accounts >= LEAST)
    )
    owners = (
        inputs.members.filter(_.owner.notnull())
        .group_by("group", "owner")
        .agg(n=_.count())
        .group_by("group")
        .agg(largest=_.n.max())
    )
    rows = totals.left_join(owners, "group").select(
        "group", "accounts", "kept", largest=_.largest.fill_null(0)
    )
    part, unowned = share(rows.kept, rows.accounts), 1.0 - share(rows.largest, rows.accounts)
    return rows.select(
        "group",
        part=part,
        largest=rows.largest,
        unowned=unowned,
        least=ibis.literal(DAYS),
        each=ibis.literal(EACH),
        score=held(part * unowned),
    )
