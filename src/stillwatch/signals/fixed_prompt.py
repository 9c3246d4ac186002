"""One fixed text in nearly every prompt, under many owners."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held, share

LEAST = 8
"""Accounts that must carry the text."""


@signal(
    axis="intent",
    weight=0.45,
    shape=True,
    sees="one fixed beginning or end in nearly all prompts of many accounts, around contents that differ",
    blind_spots="An application that wraps its users' prompts does the same under one owner; a varied "
    "wrapper is not seen.",
    needs=("exchanges.head", "exchanges.tail", "exchanges.prompt"),
    finding="{part_share:%} of its prompts have the same {part:@}; among them are {prompts:distinct prompt}, "
    "from {accounts:account}",
    example=[
        {"group": 1, "account": i % 10, "has_text": True, "head": i, "tail": 5, "prompt": i}
        for i in range(60)
    ]
    + [
        {"group": 2, "account": i % 10, "has_text": True, "head": i, "tail": i, "prompt": i}
        for i in range(60)
    ],
    expect={1: 1.0},
)
def fixed_prompt(inputs: SignalInputs) -> Table:
    """0 at half of the prompts, 1 at nine tenths, for the most used head or tail whose contents are mostly
    distinct.
    """
    wide = inputs.templates.filter((_.accounts >= LEAST) & (_.prompts * 2 >= _.uses))
    first = ibis.row_number().over(ibis.window(group_by="group", order_by=[_.uses.desc(), _.part, _.key]))
    top = (
        wide.mutate(first=first)
        .filter(_["first"] == 0)
        .select("group", "part", "uses", "prompts", "accounts")
    )
    rows = top.join(inputs.sums.select("group", "texts"), "group")
    part_share = share(rows.uses, rows.texts)
    return rows.select(
        "group", "part", "prompts", "accounts", part_share=part_share, score=held((part_share - 0.5) / 0.4)
    )
