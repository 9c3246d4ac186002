"""Half of the traffic moves to a new model within a day of its release."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import PEERS, SignalInputs, held, share

DAY = 86_400


@signal(
    axis="intent",
    weight=0.4,
    shape=True,
    sees="a group whose traffic moves to a new model within a day of its release, more than its peers' does",
    blind_spots="Products that follow the newest model move too; blind without a release inside the log.",
    needs=("exchanges.model", "releases.model"),
    finding="in the day after {model} was released, {moved:%} of its traffic went to that model, and "
    "{moved_peers:%} of its peers' traffic",
    example=[
        {
            "group": 1,
            "account": 1,
            "model": "new" if i > 20 else "old",
            "second": 1_000_000 - 40_000 + i * 2000,
        }
        for i in range(50)
    ]
    + [{"group": 0, "account": 2, "model": "old", "second": 1_000_000 - 40_000 + i * 2000} for i in range(50)]
    + [
        {"group": 2, "account": 3, "model": "old", "second": 1_000_000 - 40_000 + i * 2000} for i in range(50)
    ],
    expect={1: 1.0, 2: 0.0},
)
def release_pivot(inputs: SignalInputs) -> Table:
    """Twice the share moved beyond the peers' share, for the release with the largest move; at least 20
    exchanges on each side.
    """
    near = inputs.exchanges.select("group", "second", used="model").cross_join(
        inputs.releases.rename(released="second")
    )
    near = near.filter((_.second >= _.released - DAY) & (_.second < _.released + DAY))
    use = near.group_by("group", "model", "released").agg(
        before=(_.second < _.released).cast("int64").sum(),
        after=(_.second >= _.released).cast("int64").sum(),
        moved=((_.second >= _.released) & (_.used == _.model)).cast("int64").sum(),
    )
    moves = use.mutate(moved=share(use.moved, use.after))
    peers = moves.filter(_.group == PEERS).select("model", moved_peers="moved")
    rows = (
        moves.filter((_.before >= 20) & (_.after >= 20) | (_.group == PEERS))
        .left_join(peers, "model")
        .drop("model_right")
    )
    rows = rows.mutate(score=held(2.0 * (rows.moved - rows.moved_peers.fill_null(0.0))))
    first = ibis.row_number().over(ibis.window(group_by="group", order_by=[_.score.desc(), _.model]))
    return (
        rows.mutate(rank=first).filter(_.rank == 0).select("group", "model", "moved", "moved_peers", "score")
    )
