"""Load that stays just under what a plan allows."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import LIMITS, PEERS, SignalInputs, held, share

SECONDS: Mapping[str, int] = {"minute": 60, "day": 86_400}
FULL = 0.9
"""Share of a limit from which a window is full."""
WINDOWS = 5
"""Full windows that an account needs to ride its limit; a full first day counts too."""
SMOOTH = 10.0
"""Peers of a plan that count as known before any is: where few are, the share of all peers stands in."""


@signal(
    axis="scale",
    weight=0.3,
    sees="accounts that fill what their plan allows in window after window, or on their first day, more than "
    "others of that plan do",
    blind_spots="Heavy honest subscribers do too, so only what goes beyond their share in the plan counts; "
    "batch jobs are made to fill a limit. Blind where the accounts file states no limits.",
    needs=("accounts.plan",),
    finding="{riders:#} of {accounts:account} with a stated limit kept {full:%} or more of it; in their "
    "plans {usual:%} of the others do",
    unless={"riders": "none of its accounts kept close to its plan's limit"},
    example=[
        {"group": 1, "account": a, "second": 86_400 * d + 60 * i, "plan": "plus", "limit_requests_day": 20}
        for a in range(5)
        for d in range(6)
        for i in range(19)
    ]
    + [
        {"group": 2, "account": 10 + a, "second": 86_400 * d + i, "plan": "plus", "limit_requests_day": 20}
        for a in range(5)
        for d in range(6)
        for i in range(8)
    ]
    + [
        {"group": 3, "account": 20 + a, "second": 86_400 * d + i, "plan": "max", "limit_requests_day": 20}
        for a in range(5)
        for d in range(6)
        for i in range(19)
    ]
    + [
        {"group": 0, "account": 100 + a, "second": 86_400 * d + i, "limit_requests_day": 20}
        | {"plan": "max" if a % 2 else "plus"}
        for a in range(80)
        for d in range(6)
        for i in range(19 if a % 2 else 2)
    ],
    expect={1: 0.9, 2: 0.0, 3: 0.1},
)
def quota_ride(inputs: SignalInputs) -> Table:
    """Share of riders beyond the share of their plans' peers, of accounts with a stated limit."""
    accounts = _riders(inputs.exchanges)
    peers = accounts.filter(_.group == PEERS)
    overall = peers.agg(all=_.count(), rides=_.rides.sum()).select(anybody=share(_.rides, _["all"]))
    plans = peers.group_by("plan").agg(n=_.count(), rides=_.rides.sum()).cross_join(overall)
    usual = plans.select("plan", usual=(plans.rides + SMOOTH * plans.anybody) / (plans.n + SMOOTH))
    own = accounts.filter(_.group != PEERS).cross_join(overall).left_join(usual, "plan").drop("plan_right")
    expected = own.mutate(
        expected=(ibis.coalesce(own.usual, own.anybody, ibis.literal(0.0)) * 1e6).round().cast("int64")
    )
    rows = expected.group_by("group").agg(accounts=_.count(), riders=_.rides.sum(), expected=_.expected.sum())
    part = share(rows.riders, rows.accounts)
    expected_part = share(rows.expected, rows.accounts * 1_000_000)
    return rows.select(
        "group",
        "accounts",
        "riders",
        usual=expected_part,
        full=ibis.literal(FULL),
        score=held(part - expected_part),
    )


def _riders(exchanges: Table) -> Table:
    """group, account, plan, rides (0 or 1): accounts with a stated limit."""
    ridden = []
    for name in LIMITS:
        what, window = name.split("_")[1:]
        size = SECONDS[window]
        limited = exchanges.filter(exchanges[name].notnull())
        tokens = limited.input_tokens.fill_null(0) + limited.output_tokens.fill_null(0)
        spent = tokens.cast("int64") if what == "tokens" else ibis.literal(1, "int64")
        used = (
            limited.mutate(spent=spent, window=(limited.second // size).cast("int64"), bound=limited[name])
            .group_by("group", "account", "window")
            .agg(
                spent=_.spent.sum(),
                bound=_.bound.max(),
                plan=_.plan.max(),
                created=_.created_second.max(),
            )
        )
        first = used.window.min().over(ibis.window(group_by=["group", "account"]))
        whole_day = used.created.notnull() & (used.window == first) & ibis.literal(window == "day")
        young = whole_day & ((used.window * size - used.created) < SECONDS["day"])
        full = (used.spent.cast("float64") >= FULL * used.bound.cast("float64")).cast("int64")
        each = used.mutate(full=full, at_once=full * young.fill_null(False).cast("int64"))
        ridden.append(
            each.group_by("group", "account").agg(
                plan=_.plan.max(), full=_.full.sum(), n=_.count(), at_once=_.at_once.max()
            )
        )
    every = ibis.union(*ridden)
    rides = ((every.full >= WINDOWS) & (every.full * 2 >= every.n)) | (every.at_once > 0)
    return (
        every.mutate(rides=rides.cast("int64"))
        .group_by("group", "account")
        .agg(plan=_.plan.max().fill_null(""), rides=_.rides.max())
    )
