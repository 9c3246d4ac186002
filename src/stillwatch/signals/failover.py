"""Requests that were refused, and that another account takes up within seconds."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held, share

REFUSALS = (403, 429, 529)
"""Statuses at which a dispatcher leaves an account: forbidden, over a limit, overloaded."""
WITHIN = 30
"""Seconds in which the next account must be at work; a person who changes accounts takes longer."""
LEAST = 10
"""Refused requests that the share is taken of at the least, so that one failover says little."""


@signal(
    axis="deception",
    weight=0.3,
    sees="conversations that another account carries on within seconds of a refusal, again and again, whose "
    "owner differs or is not named",
    blind_spots="A customer's own failover between keys that name no owner looks the same, so the weight is "
    "low; a client that tries again under its own account is never counted. Blind where a log has no "
    "refused requests, or neither text nor session ids.",
    needs=("exchanges.status",),
    finding="{part:%} of its refused requests were carried on within half a minute by another of its "
    "accounts ({taken:request})",
    unless={"taken": "no refused request was carried on within seconds by another of its accounts"},
    example=[
        {"group": 1, "account": i % 4, "second": 10 * i, "status": 429 if i % 2 == 0 else 200}
        | {"conversation": i // 2}
        for i in range(40)
    ]
    + [
        {"group": 2, "account": 9, "second": 5 * i, "status": 429 if i % 5 else 200, "conversation": 70}
        for i in range(40)
    ]
    + [
        {"group": 3, "account": i % 4, "owner": 1, "second": 10 * i, "status": 429 if i % 2 == 0 else 200}
        | {"conversation": 100 + i // 2}
        for i in range(40)
    ]
    + [
        {"group": 4, "account": i % 4, "second": 900 * i, "status": 529 if i % 2 == 0 else 200}
        | {"conversation": 200 + i // 2}
        for i in range(40)
    ],
    expect={1: 1.0, 2: 0.0, 3: 0.0, 4: 0.0},
)
def failover(inputs: SignalInputs) -> Table:
    """Share of refused requests whose next in the conversation comes from another account within seconds.

    Half of them gives the full score. A conversation is told by its session id, else by the history that the
    request continues and its last message. Accounts of one declared owner may share their load as they like.
    """
    told = inputs.exchanges.mutate(
        talk=ibis.coalesce(_.conversation, _.continues ^ _.prompt), served=_.status.fill_null(0)
    ).filter(_.talk.notnull())
    window = ibis.window(group_by=["group", "talk"], order_by=["second", "account", "served"])
    lined = told.mutate(
        taker=_.account.lead().over(window),
        taker_owner=_.owner.lead().over(window),
        at=_.second.lead().over(window),
    )
    refused = lined.filter(_.served.isin(REFUSALS))
    declared = (refused.owner == refused.taker_owner).fill_null(False)
    taken = (
        (refused.taker != refused.account).fill_null(False)
        & (refused["at"] - refused.second <= WITHIN).fill_null(False)
        & ~declared
    )
    told_of = refused.mutate(taken=taken.cast("int64"))
    counted = told_of.group_by("group").agg(refused=_.count(), taken=_.taken.sum())
    part = share(counted.taken, ibis.greatest(counted.refused, LEAST))
    return counted.select("group", "taken", part=part, score=held(part * 2.0))
