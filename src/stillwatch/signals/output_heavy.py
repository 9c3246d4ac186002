"""More written than read, compared with the peers."""

from __future__ import annotations

import math
from typing import Any

import ibis
from ibis import _

from stillwatch.signals._signal import signal
from stillwatch.signals.work import Work, held, share

FULL = 4.0
"""Times the peers' ratio of written to read tokens at which the score is full."""


@signal(
    axis="intent",
    weight=0.3,
    sees="traffic that writes far more for what it reads than its peers do",
    blind_spots="Story writers and code generators write much too; agents and retrieval read much and hide it.",
    needs=("exchanges.input_tokens", "exchanges.output_tokens"),
    finding="it gets {ratio:.1f} tokens for each it sends; its peers get {ratio_peers:.1f}",
    example=[
        {"group": 0, "account": 9, "input_tokens": 100, "output_tokens": 50},
        {"group": 1, "account": 1, "input_tokens": 100, "output_tokens": 400},
        {"group": 2, "account": 2, "input_tokens": 100, "output_tokens": 40},
    ],
    expect={1: 1.0, 2: 0.0},
)
def output_heavy(work: Work) -> Any:
    """log(ratio / peers' ratio) / log 4, between 0 and 1."""
    rows = work.sums.filter((_.metered > 0) & (_.read > 0)).cross_join(work.peers.select("read_peers", "written_peers"))
    ratio, peers = share(rows.written, rows.read), share(rows.written_peers, rows.read_peers)
    score = ibis.ifelse((peers > 0) & (ratio > 0), (ratio / ibis.greatest(peers, 1e-9)).ln() / math.log(FULL), 0.0)
    return rows.select("group", ratio=ratio, ratio_peers=peers, score=held(score))
