"""One conversation carried on under several accounts."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held, share


@signal(
    axis="deception",
    weight=0.6,
    sees="conversations with an identical beginning that several accounts carry on, whose owners differ or "
    "are not named",
    blind_spots="Demonstrations and regression tests replay one conversation; blind for single-turn traffic.",
    needs=("exchanges.prefix",),
    finding="{part:%} of its conversations begin word for word like one of another of its accounts whose "
    "owner is different or not named ({shared:shared beginning})",
    unless={
        "shared": "no conversation begins word for word like one of another of its accounts whose owner is "
        "different or not named",
    },
    example=[{"group": 1, "account": i % 4, "prefix": i // 8, "turns": 2} for i in range(64)]
    + [{"group": 2, "account": i % 4, "prefix": 100 + i, "turns": 2} for i in range(64)]
    + [{"group": 3, "account": i % 4, "owner": 1, "prefix": 200 + i // 8, "turns": 2} for i in range(64)],
    expect={1: 1.0, 2: 0.0, 3: 0.0},
)
def shared_prefix(inputs: SignalInputs) -> Table:
    """Share of beginnings (weighted by use) that two or more of the group's accounts carry; a quarter gives
    the full score.

    Accounts of one declared owner may share its conversations as they like.
    """
    begun = inputs.exchanges.filter(_.prefix.notnull())
    used = begun.group_by("group", "prefix").agg(
        uses=_.count(),
        accounts=_.account.nunique(),
        owners=_.owner.nunique(),
        unnamed=_.owner.isnull().cast("int64").sum(),
    )
    several = ((_.accounts > 1) & ((_.owners > 1) | (_.unnamed > 0))).cast("int64")
    rows = used.group_by("group").agg(
        uses=_.uses.sum(), common=(_.uses * several).sum(), shared=several.sum()
    )
    part = share(rows.common, rows.uses)
    return rows.select("group", "shared", part=part, score=held(part * 4.0))
