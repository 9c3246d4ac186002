"""Volume of an account against its peers."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held, share


@signal(
    axis="scale",
    weight=0.3,
    sees="accounts that do many times the work of the accounts of their region and plan",
    blind_spots="Power users do too; published campaigns stayed at 6 to 860 requests a day, well within "
    "ordinary use.",
    needs=("exchanges.time",),
    finding="on average an account had {mean:exchange}; other accounts of the same region and plan had "
    "{mean_peers:#}",
    example=[{"group": 1, "account": 1, "second": i, "peer_volume": 10.0} for i in range(100)]
    + [{"group": 2, "account": 2, "second": 1, "peer_volume": 10.0}],
    expect={1: 1.0, 2: 0.0},
)
def busy_accounts(inputs: SignalInputs) -> Table:
    """log10 of the mean volume over that of the accounts' strata (region and plan), between 0 and 1 (ten
    times).
    """
    known = inputs.members.filter(_.peer_volume > 0)
    # In thousandths, so that the sum does not depend on the order of its parts.
    rows = known.group_by("group").agg(
        accounts=_.count(), total=_.n.sum(), peers=(_.peer_volume * 1000).round().cast("int64").sum()
    )
    mean, mean_peers = share(rows.total, rows.accounts), share(rows.peers, rows.accounts * 1000)
    return rows.select("group", mean=mean, mean_peers=mean_peers, score=held((mean / mean_peers).log10()))
