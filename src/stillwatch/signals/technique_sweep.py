"""Many tricks, mostly refused; then one of them at scale."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.schema.flags import Flag
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held, share

SWEPT = 30
"""Refused variants that make a sweep."""
SCALED = 100
"""Uses of one template that make it scaled up."""


@signal(
    axis="intent",
    weight=0.8,
    sees="many refused variants of techniques, and then one template used at scale",
    blind_spots="Red teams sweep techniques by contract; blind where answers are not logged.",
    needs=("exchanges.refused", "exchanges.head", "exchanges.flags"),
    finding="{refusals:prompt} that tried a way round safeguards or asked for the system prompt "
    "{refusals:?was|were} refused, {refused_share:%} of all its prompts; then one template was used "
    "{scaled:time}",
    unless={
        "scaled": "{refusals:prompt} that tried a way round safeguards or asked for the system prompt "
        "{refusals:?was|were} refused, {refused_share:%} of all its prompts; no template was used at "
        "scale after that",
    },
    example=[
        {
            "group": 1,
            "account": 1,
            "has_text": True,
            "refused": True,
            "flags": 128,
            "head": i,
            "prompt": i,
            "tail": 5000 + i,
            "second": i,
        }
        for i in range(60)
    ]
    + [
        {
            "group": 1,
            "account": 1,
            "has_text": True,
            "refused": False,
            "flags": 0,
            "head": 777,
            "prompt": i,
            "tail": i,
            "second": 100 + i,
        }
        for i in range(200)
    ]
    + [
        {
            "group": 2,
            "account": 2,
            "has_text": True,
            "refused": False,
            "flags": 0,
            "head": i,
            "prompt": i,
            "tail": i,
            "second": i,
        }
        for i in range(99)
    ],
    expect={1: 1.0},
)
def technique_sweep(inputs: SignalInputs) -> Table:
    """1 where a sweep of refused variants (techniques, asking for the system prompt) comes before a
    template's scale-up; less for fewer.
    """
    bits = _.flags.fill_null(0).cast("int64")
    tried = inputs.exchanges.filter(
        _.refused.fill_null(False)
        & (((bits // int(Flag.TECHNIQUE)) % 2 == 1) | ((bits // int(Flag.SYSTEM_PROMPT)) % 2 == 1))
    )
    sweep = tried.group_by("group").agg(
        variants=_["head"].nunique(), refusals=_.count(), start=_.second.min()
    )
    scaled = inputs.templates.filter((_.part == "head") & (_.uses >= SCALED)).join(
        sweep.select("group", "start"), "group"
    )
    after = (
        scaled.filter(_.refusals * 4 < _.uses)
        .group_by("group")
        .agg(scaled=_.uses.max(), began=_["first"].max())
    )
    rows = inputs.sums.join(sweep, "group", rname="{name}_swept").left_join(after, "group")
    follows = (rows.began >= rows.start).fill_null(False)
    score = ibis.ifelse(follows, rows.variants.cast("float64") / float(SWEPT), 0.0)
    return rows.select(
        "group",
        refusals=rows.refusals_swept,
        refused_share=share(rows.refusals_swept, rows.n),
        scaled=ibis.ifelse(follows, rows.scaled, 0),
        score=held(score),
    )
