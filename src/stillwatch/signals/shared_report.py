"""What other providers reported of a group."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held


@signal(
    axis="context",
    weight=0.0,
    sees="groups whose accounts carry what other providers reported: networks, domains, programs, or tokens",
    blind_spots="Others may be wrong, or lie, and what they saw is often older than the log. It weighs "
    "nothing in a verdict and names nobody; it only says that a person should look.",
    needs=("exchanges.account",),
    finding="{accounts:account} {accounts:?carries|carry} what other providers reported",
    example=[{"group": 1, "account": i, "reported": 0.6 if i < 3 else None} for i in range(6)]
    + [{"group": 2, "account": 10 + i, "reported": 0.1} for i in range(2)]
    + [{"group": 3, "account": 20}],
    expect={1: 0.6, 2: 0.1},
)
def shared_report(inputs: SignalInputs) -> Table:
    """The joint strength of what was reported of the group; no row where nothing was."""
    rows = inputs.exchanges.filter(_.reported.notnull())
    return (
        rows.group_by("group")
        .agg(accounts=_.account.nunique(), joint=_.reported.max())
        .select("group", "accounts", score=held(_.joint))
    )
