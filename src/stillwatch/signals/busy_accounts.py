"""Volume of an account against its peers."""

from __future__ import annotations

from typing import Any

from stillwatch.signals._signal import signal
from stillwatch.signals.work import Work, held, share


@signal(
    axis="scale",
    weight=0.3,
    sees="accounts that do many times the work of their peers",
    blind_spots="Power users do too; published campaigns stayed at 6 to 860 requests a day, well within ordinary use.",
    needs=("exchanges.time",),
    finding="{mean:,.0f} exchanges an account; {mean_peers:,.0f} among its peers",
    example=[{"group": 0, "account": 9, "second": 1}]
    + [{"group": 1, "account": 1, "second": i} for i in range(100)]
    + [{"group": 2, "account": 2, "second": 1}],
    expect={1: 1.0, 2: 0.0},
)
def busy_accounts(work: Work) -> Any:
    """log10 of the mean volume over the peers' mean, between 0 and 1 (ten times)."""
    peers = work.peers.select("n_peers", "accounts_peers")
    rows = work.sums.cross_join(peers)
    mean, mean_peers = share(rows.n, rows.accounts), share(rows.n_peers, rows.accounts_peers)
    return rows.select("group", mean=mean, mean_peers=mean_peers, score=held((mean / mean_peers).log10()))
