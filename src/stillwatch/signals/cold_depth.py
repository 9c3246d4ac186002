"""Deep conversations that arrive with an empty cache, because another account had them a moment before."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import PEERS, SignalInputs, held, share

DEEP = 4_096
"""Input tokens from which a conversation is deep: well above the shortest prefix that providers cache."""
COLD = 0.05
"""Share of the input that came from the cache up to which a request is cold."""
LIFE = 300
"""Seconds in which a cache is surely still there; the shortest life that providers state is five minutes."""
WHO = ("group", "account", "owner", "second")
LEAST = 20
"""Deep turns that the share is taken of at the least, so that one cold turn says little."""


@signal(
    axis="deception",
    weight=0.3,
    sees="accounts rotated under one conversation: deep turns that find the cache empty although the "
    "conversation was served shortly before, under another account whose owner differs or is not named",
    blind_spots="Keys of one customer that name no owner look the same. A gateway that keeps a "
    "conversation on one account shows nothing; neither does a log without cached tokens. Misses of the "
    "provider's own cache and moves to another region meet everybody, so turns that stayed with their "
    "account, of the group and of peers with the same client, are set against it.",
    needs=("exchanges.cached_tokens", "exchanges.continues", "exchanges.leaves"),
    finding="{cold:#} of its {deep:deep turn} found the cache empty, minutes after another of its accounts "
    "had the conversation; of turns that stay with their account {usual:%} are cold",
    unless={"cold": "no deep turn found the cache empty after another of its accounts had the conversation"},
    example=[
        {"group": 1, "account": i % 4, "second": 20 * i, "input_tokens": 9_000, "cached_tokens": 0}
        | {"client": 1, "leaves": i, "continues": i - 1}
        for i in range(60)
    ]
    + [
        {"group": 2, "account": 9, "second": 20 * i, "input_tokens": 9_000, "cached_tokens": 8_000}
        | {"client": 1, "leaves": 100 + i, "continues": 99 + i}
        for i in range(60)
    ]
    + [
        {"group": 3, "account": i % 4, "owner": 1, "second": 20 * i, "input_tokens": 9_000}
        | {"cached_tokens": 0, "client": 1, "leaves": 200 + i, "continues": 199 + i}
        for i in range(60)
    ]
    + [
        {"group": 4, "account": i % 4, "second": 20 * i, "input_tokens": 9_000, "cached_tokens": 0}
        | {"client": 2, "leaves": 300 + i, "continues": 299 + i}
        for i in range(60)
    ]
    + [
        {"group": 0, "account": 50 + c, "second": 20 * i, "input_tokens": 9_000}
        | {"cached_tokens": 8_000 * (2 - c), "client": c, "leaves": 500 * c + i, "continues": 500 * c + i - 1}
        for c in (1, 2)
        for i in range(60)
    ],
    expect={1: 1.0, 2: 0.0, 3: 0.0, 4: 0.05},
)
def cold_depth(inputs: SignalInputs) -> Table:
    """Cold deep turns after another account beyond those expected, over deep turns; a quarter is full score.

    Expected is what turns that stayed with their account within LIFE show: those of peers with the same
    client and those of the group, whichever is colder.
    """
    deep = _deep(inputs.exchanges)
    kept = deep.filter(_.stayed)
    usual = _colds(kept.filter(_.group == PEERS), "client").select("client", usual_peers=_.rate)
    own = _colds(kept, "group").select("group", usual_own=_.rate)
    switched = deep.filter(_.switched).left_join(usual, "client").drop("client_right")
    switched = switched.left_join(own, "group").drop("group_right")
    expected = ibis.greatest(switched.usual_peers.fill_null(0.0), switched.usual_own.fill_null(0.0))
    counted = (
        switched.mutate(expected=expected)
        .group_by("group")
        .agg(cold=_.cold.sum(), expected=_.expected.sum(), n=_.count())
    )
    rows = deep.group_by("group").agg(deep=_.count()).left_join(counted, "group").drop("group_right")
    cold = rows.cold.fill_null(0)
    beyond = ibis.greatest(cold.cast("float64") - rows.expected.fill_null(0.0), ibis.literal(0.0))
    part = beyond / ibis.greatest(rows.deep, LEAST).cast("float64")
    return rows.select(
        "group", "deep", cold=cold, usual=share(rows.expected, rows.n).fill_null(0.0), score=held(part * 4.0)
    )


def _deep(exchanges: Table) -> Table:
    """Deep turns whose cache is told: group, client, cold (0 or 1), stayed, switched.

    A turn stayed where its own account left the conversation within LIFE; it switched where only another
    account did, whose owner differs or is not named. Turns and what they follow are counted in one pass by
    time, not joined: a client that sends one conversation n times would give n * n pairs.
    """
    deep = _.continues.notnull() & _.cached_tokens.notnull() & (_.input_tokens >= DEEP)
    follow = exchanges.filter(deep).select(
        *WHO,
        "client",
        key=_.continues,
        cold=(_.cached_tokens <= COLD * _.input_tokens).cast("int64"),
        left=ibis.literal(0, "int64"),
    )
    left = exchanges.filter(_.leaves.notnull()).select(
        *WHO,
        client=ibis.null(exchanges.client.type()),
        key=_.leaves,
        cold=ibis.null("int64"),
        left=ibis.literal(1, "int64"),
    )
    met = follow.union(left).mutate(
        own=_.left.sum().over(_just_before("account")),
        peers=_.left.sum().over(_just_before("owner")),
        all=_.left.sum().over(_just_before()),
    )
    other = (met.own == 0) & (met["all"] > 0) & (met.owner.isnull() | (met.peers == 0))
    return met.filter(met.left == 0).select("group", "client", "cold", stayed=met.own > 0, switched=other)


def _just_before(*by: str) -> Any:
    return ibis.range_window(preceding=LIFE, following=0, group_by=["group", "key", *by], order_by="second")


def _colds(kept: Table, by: str) -> Table:
    return (
        kept.filter(kept[by].notnull())
        .group_by(by)
        .agg(n=_.count(), cold=_.cold.sum())
        .select(by, rate=_.cold.cast("float64") / _.n.cast("float64"))
    )
