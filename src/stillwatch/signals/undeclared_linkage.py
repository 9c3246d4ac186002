"""Linked accounts that declare different owners, or none."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held, share


@signal(
    axis="deception",
    weight=0.9,
    sees="accounts that act as one and yet name different owners or none",
    blind_spots="Friends, families and classes are linked and declare nothing in common; it needs intent "
    "beside it.",
    needs=("exchanges.time",),
    finding="{unnamed:#} of its {accounts:account} {unnamed:?names|name} no owner; the others name "
    "{owners:owner}; the largest owner has {largest_share:%} of its accounts",
    unless={
        "owners": "none of its {accounts:account} names an owner",
        "unnamed": "its {accounts:account} name {owners:owner}; the largest owner has {largest_share:%} of "
        "its "
        "accounts",
    },
    example=[{"group": 1, "account": i, "owner": i} for i in range(20)]
    + [{"group": 2, "account": 30 + i, "owner": 1} for i in range(20)],
    expect={1: 0.95, 2: 0.0},
)
def undeclared_linkage(inputs: SignalInputs) -> Table:
    """1 - the share of its accounts under the largest declared owner; a single account has no score."""
    owners = inputs.members.group_by("group", "owner").agg(n=_.count())
    named = (
        owners.filter(_.owner.notnull())
        .group_by("group")
        .agg(largest=_.n.max(), owners=_.count(), named=_.n.sum())
    )
    size = inputs.members.group_by("group").agg(accounts=_.count()).filter(_.accounts > 1)
    rows = size.left_join(named, "group").select("group", "accounts", "largest", "owners", "named")
    largest_share = share(rows.largest.fill_null(0), rows.accounts)
    return rows.select(
        "group",
        "accounts",
        owners=rows.owners.fill_null(0),
        unnamed=rows.accounts - rows.named.fill_null(0),
        largest_share=largest_share,
        score=held(1.0 - largest_share),
    )
