"""Accounts in which more people seem to work at once than in others of their plan."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import PEERS, SignalInputs, held, share

WINDOW = 3_600
"""Seconds in which conversations count as held at once: one person seldom works in several tongues in one."""
BUSY = 12
"""Windows with work that an account needs for its hands to be counted."""
LEAST = 3.0
"""Hands at once up to which nothing is told: one person with an assistant and an agent."""
KNOWN = 20
"""Peers of a plan from which the plan itself is compared; of a smaller one, all peers."""
SPREAD = 3.0
"""Standard deviations above the mean of the plan from which an account has more hands than it explains."""


@signal(
    axis="deception",
    weight=0.25,
    sees="accounts in which more unlike conversations run at once than in others of their plan, without the "
    "ids of end users: one account lent to many people",
    blind_spots="A product that names no end users looks the same where its plan is bought by single people; "
    "a swarm of agents has several system prompts of its own. Customers that pass end-user ids on are left "
    "out: signal many_end_users tells of them.",
    needs=("exchanges.language", "exchanges.system"),
    finding="{crowded:#} of {accounts:account} had more hands at once than their plan explains: "
    "{hands:.1f} on average",
    unless={"crowded": "no account had more hands at once than its plan explains"},
    example=[
        {"group": 1, "account": i % 2, "second": 60 * i, "conversation": i, "plan": "plus"}
        | {"language": f"l{i // 2 % 9}", "system": i // 2 % 3}
        for i in range(900)
    ]
    + [
        {"group": 2, "account": 9, "second": 60 * i, "conversation": i, "plan": "plus"}
        | {"language": f"l{i % 9}", "system": i % 3, "end_user": i % 40}
        for i in range(900)
    ]
    + [
        {"group": 3, "account": 8, "second": 60 * i, "conversation": i, "plan": "plus"}
        | {"language": "en", "system": i % 3}
        for i in range(900)
    ]
    + [
        {"group": 0, "account": 100 + i % 30, "second": 60 * i, "conversation": i // 200, "plan": "plus"}
        | {"language": "en", "system": 1}
        for i in range(900)
    ],
    expect={1: 1.0, 2: 0.0, 3: 0.0},
)
def many_hands(inputs: SignalInputs) -> Table:
    """Share of accounts with more hands at once than their plan explains; a quarter gives the full score.

    Hands at once are the different (language, system prompt) of an hour, but no more than
    its conversations; an account's is the mean over its windows with work.
    """
    accounts = _hands(inputs.exchanges)
    peers = accounts.filter((_.group == PEERS) & ~_.named)
    overall = _usual(peers.mutate(plan=ibis.literal("")), "plan").select(anybody=_.most)
    plans = _usual(peers, "plan").filter(_.n >= KNOWN).select("plan", most="most")
    own = accounts.filter(_.group != PEERS)
    joined = own.left_join(plans, "plan").drop("plan_right").left_join(overall, ibis.literal(True))
    limit = ibis.greatest(ibis.coalesce(joined.most, joined.anybody, ibis.literal(0.0)), ibis.literal(LEAST))
    crowded = (~joined.named & (joined.hands > limit)).cast("int64")
    rows = (
        joined.mutate(crowded=crowded, many=crowded * (joined.hands * 1_000).cast("int64"))
        .group_by("group")
        .agg(accounts=_.count(), crowded=_.crowded.sum(), many=_.many.sum())
    )
    part = share(rows.crowded, rows.accounts)
    hands = share(rows.many, rows.crowded * 1_000)
    return rows.select("group", "accounts", "crowded", hands=hands, score=held(part * 4.0))


def _hands(exchanges: Table) -> Table:
    """group, account, plan, hands; named: whether it passes end users on. Accounts with BUSY windows."""
    told = exchanges.mutate(
        window=(_.second // WINDOW).cast("int64"),
        talk=ibis.coalesce(_.conversation, _.prefix, _.prompt),
        kind=ibis.coalesce(_.language, "") + ":" + ibis.coalesce(_.system, 0).cast("string"),
        user=ibis.coalesce(_.end_user, _.device),
    )
    windows = told.group_by("group", "account", "window").agg(
        talks=_.talk.nunique(), kinds=_.kind.nunique(), users=_.user.nunique(), plan=_.plan.max()
    )
    each = windows.group_by("group", "account").agg(
        n=_.count(),
        hands=ibis.least(_.talks, _.kinds).cast("int64").sum(),
        users=_.users.max(),
        plan=_.plan.max(),
    )
    return each.filter(_.n >= BUSY).select(
        "group",
        "account",
        plan=_.plan.fill_null(""),
        hands=_.hands.cast("float64") / _.n.cast("float64"),
        named=_.users.fill_null(0) > 1,
    )


def _usual(peers: Table, by: str) -> Table:
    """by, n, most: the most hands that the mean and the spread of peers explain."""
    # Whole thousandths: sums of floats in another order would give other bytes.
    thousandths = (peers.hands * 1_000).round().cast("int64")
    sums = (
        peers.mutate(h=thousandths).group_by(by).agg(n=_.count(), total=_.h.sum(), square=(_.h * _.h).sum())
    )
    mean = sums.total.cast("float64") / sums.n
    variance = ibis.greatest(sums.square.cast("float64") / sums.n - mean * mean, ibis.literal(0.0))
    return sums.select(by, "n", most=(mean + SPREAD * variance.sqrt()) / 1_000.0)
