"""Requests that run into rate limits."""

from __future__ import annotations

from ibis import _

from stillwatch.api.signals import SignalInputs, Table, held, share, signal


@signal(
    axis="scale",
    weight=0.2,
    sees="accounts that run into rate limits again and again",
    blind_spots="A misconfigured client retries too; a careful harvester stays below every limit.",
    needs=("exchanges.status",),
    finding="{part:.0%} of its requests ran into a limit",
    example=[{"group": 1, "account": 1, "status": status} for status in (429, 429, 200, 200)]
    + [{"group": 2, "account": 2, "status": 200}],
    expect={1: 1.0, 2: 0.0},
)
def rate_limited(inputs: SignalInputs) -> Table:
    """Share of requests answered 429; a fifth of them already gives the full score."""
    sums = (
        inputs.exchanges.filter(_.status.notnull())
        .group_by("group")
        .agg(n=_.count(), limited=(_.status == 429).cast("int64").sum())
    )
    part = share(sums.limited, sums.n)
    return sums.select("group", part=part, score=held(part / 0.2))
