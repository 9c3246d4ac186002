"""More written than read, compared with the peers."""

from __future__ import annotations

import math

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import PEERS, SignalInputs, held, share

FULL = 4.0
"""Times the peers' ratio of written to read tokens at which the score is full."""


@signal(
    axis="intent",
    weight=0.3,
    shape=True,
    sees="traffic that writes far more for what it reads than its peers do",
    blind_spots="Story writers and code generators write much too; agents and retrieval read much and hide "
    "it.",
    needs=("exchanges.input_tokens", "exchanges.output_tokens"),
    finding="its typical account gets {ratio:.1f} output tokens for each input token; its peers get "
    "{ratio_peers:.1f}",
    example=[
        {"group": 0, "account": 9, "input_tokens": 100, "output_tokens": 50},
        {"group": 1, "account": 1, "input_tokens": 100, "output_tokens": 400},
        {"group": 2, "account": 2, "input_tokens": 100, "output_tokens": 40},
    ],
    expect={1: 1.0, 2: 0.0},
)
def output_heavy(inputs: SignalInputs) -> Table:
    """log(ratio / peers' ratio) / log 4, between 0 and 1; no account is heard for more than the median one of
    its group.
    """
    metered = inputs.exchanges.filter(_.input_tokens.notnull() & _.output_tokens.notnull())
    own = metered.group_by("group", "account").agg(
        read=_.input_tokens.cast("int64").sum(), written=_.output_tokens.cast("int64").sum()
    )
    heard = (
        own.join(inputs.account_weights, ["group", "account"])
        .group_by("group")
        .agg(read=(_.read * _.account_weight).sum(), written=(_.written * _.account_weight).sum())
    )
    peers = heard.filter(_.group == PEERS).select(read_peers="read", written_peers="written")
    rows = heard.filter(_.read > 0).cross_join(peers)
    ratio, usual = share(rows.written, rows.read), share(rows.written_peers, rows.read_peers)
    score = ibis.ifelse(
        (usual > 0) & (ratio > 0), (ratio / ibis.greatest(usual, 1e-9)).ln() / math.log(FULL), 0.0
    )
    return rows.select("group", ratio=ratio, ratio_peers=usual, score=held(score))
