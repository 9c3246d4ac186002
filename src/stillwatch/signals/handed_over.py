"""Conversations that one account left and another one carries on."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held, share

LEAST = 20
"""Follow-ups that the share is taken of at the least, so that one handover among a few says little."""


@signal(
    axis="deception",
    weight=0.7,
    sees="follow-up questions in conversations that other accounts of the group held, whose owners differ "
    "or are not named",
    blind_spots="A move to a new account, a chat shared among friends, and one company's keys where its "
    "accounts name no owner look the same; "
    "a history that is edited or regenerated on the way is not told.",
    needs=("exchanges.continues", "exchanges.leaves"),
    finding="{part:%} of its follow-ups carry on, word for word, a conversation that only another of its "
    "accounts had held ({taken:handover}, {takers:account})",
    unless={
        "taken": "no follow-up carries on a conversation that only another of its accounts had held",
    },
    example=[{"group": 1, "account": i % 4, "second": i, "leaves": i, "continues": i - 1} for i in range(40)]
    + [{"group": 2, "account": i % 4, "second": i, "leaves": 100 + i, "continues": 96 + i} for i in range(40)]
    + [
        {"group": 3, "account": i % 4, "owner": 1, "second": i, "leaves": 200 + i, "continues": 199 + i}
        for i in range(40)
    ]
    + [{"group": 4, "account": i, "second": i, "leaves": 300, "continues": 300} for i in range(40)],
    expect={1: 1.0, 2: 0.0, 3: 0.0, 4: 0.0},
)
def handed_over(inputs: SignalInputs) -> Table:
    """Share of follow-ups that continue what another account, but not their own, left before; a quarter gives
    the full score.
    """
    follow = inputs.exchanges.filter(_.continues.notnull()).select(
        "group", "account", "owner", "second", key=_.continues
    )
    left = inputs.exchanges.filter(_.leaves.notnull()).select(
        "group", "account", "owner", "second", key=_.leaves
    )
    lost = follow.anti_join(left, ["group", "account", "key"])
    leavers = left.group_by("group", "key").agg(
        began=_.second.min(),
        low=_.owner.min(),
        high=_.owner.max(),
        unnamed=_.owner.isnull().cast("int64").sum(),
    )
    # Accounts of one declared owner may share its load as they like.
    other = (_.unnamed > 0) | _.owner.isnull() | (_.low != _.owner) | (_.high != _.owner)
    handed = lost.join(leavers, ["group", "key"]).filter((_.began <= _.second) & other)
    counted = handed.group_by("group").agg(taken=_.count(), takers=_.account.nunique())
    rows = follow.group_by("group").agg(follow_ups=_.count()).left_join(counted, "group")
    taken = rows.taken.fill_null(0)
    part = share(taken, ibis.greatest(rows.follow_ups, LEAST))
    return rows.select(
        "group", taken=taken, takers=rows.takers.fill_null(0), part=part, score=held(part * 4.0)
    )
