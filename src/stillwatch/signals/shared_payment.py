"""One payment instrument under several declared owners."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held, share


@signal(
    axis="deception",
    weight=0.6,
    sees="accounts paid from one instrument that name different owners or none",
    blind_spots="A parent pays for a family; a department's card pays for its people. Virtual cards hide it.",
    needs=("accounts.payment",),
    finding="{part:%} of its accounts share a payment instrument with another of its accounts whose owner is "
    "different or not named",
    unless={
        "part": "no account shares a payment instrument with another of its accounts whose owner is "
        "different or not named",
    },
    example=[{"group": 1, "account": i, "payment": i % 3} for i in range(12)]
    + [{"group": 2, "account": 30 + i, "payment": 50 + i} for i in range(12)],
    expect={1: 1.0, 2: 0.0},
)
def shared_payment(inputs: SignalInputs) -> Table:
    """Share of accounts whose instrument others of the group use under another owner; a third gives the full
    score.
    """
    paid = inputs.members.filter(_.payment.notnull())
    cards = paid.group_by("group", "payment").agg(
        accounts=_.count(), owners=_.owner.nunique(), unnamed=_.owner.isnull().cast("int64").sum()
    )
    common = ((_.accounts > 1) & ((_.owners > 1) | (_.unnamed > 0))).cast("int64") * _.accounts
    shared = cards.group_by("group").agg(shared=common.sum())
    rows = inputs.members.group_by("group").agg(accounts=_.count()).join(shared, "group")
    part = share(rows.shared, rows.accounts)
    return rows.select("group", part=part, score=held(part * 3.0))
