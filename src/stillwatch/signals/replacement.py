"""New accounts take over where others were banned."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held, share

DAY = 86_400


@signal(
    axis="deception",
    weight=0.5,
    sees="accounts that begin within a day after others of the group were banned",
    blind_spots="A customer whose keys were revoked by mistake opens new ones too; blind without dates of "
    "bans.",
    needs=("accounts.banned",),
    finding="{banned:#} of its accounts {banned:?was|were} banned at a known time; {fresh:account} began "
    "between the first ban and one day after the last",
    unless={
        "fresh": "{banned:#} of its accounts {banned:?was|were} banned at a known time; no account began "
        "between the first ban and one day after the last",
    },
    example=[{"group": 1, "account": i, "second": 10, "banned_second": 1000} for i in range(5)]
    + [{"group": 1, "account": 10 + i, "second": 2000} for i in range(5)]
    + [{"group": 2, "account": 30 + i, "second": 10} for i in range(9)],
    expect={1: 1.0},
)
def replacement(inputs: SignalInputs) -> Table:
    """Successors over banned accounts, at most 1; a group in which nobody was banned has no score."""
    bans = (
        inputs.members.filter(_.banned.notnull())
        .group_by("group")
        .agg(banned=_.count(), wave=_.banned.min(), final=_.banned.max())
    )
    standing = inputs.members.select("group", "first").join(bans, "group")
    fresh = (
        standing.filter((_["first"] >= _.wave) & (_["first"] < _.final + DAY))
        .group_by("group")
        .agg(fresh=_.count())
    )
    rows = bans.left_join(fresh, "group").select("group", "banned", "fresh")
    began = rows.fresh.fill_null(0)
    return rows.select("group", "banned", fresh=began, score=held(share(began, rows.banned)))
