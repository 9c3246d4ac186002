"""Many distinct prompts cut from few templates, without follow-ups: the shape of a training set."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held, share

LEAST = 20
"""Distinct prompts that a template must have made to count."""


@signal(
    axis="intent",
    weight=0.4,
    sees="many distinct prompts from few templates, ever new ones, and no follow-up questions",
    blind_spots="Batch jobs, evaluation suites and products built on one prompt have the same shape; alone "
    "it never convicts.",
    needs=("exchanges.prompt", "exchanges.head"),
    finding="{part:%} of its prompts come from {templates:template}, which made {made:distinct prompt}; "
    "{fresh:%} of its later prompts are new; {follow:%} of all are follow-ups",
    unless={
        "templates": "no template of it made many distinct prompts; {fresh:%} of its later prompts are new; "
        "{follow:%} of all are follow-ups",
    },
    example=[
        {
            "group": 1,
            "account": 1,
            "second": i,
            "has_text": True,
            "turns": 1,
            "head": 7,
            "tail": i,
            "prompt": i,
            "flags": 0,
        }
        for i in range(40)
    ]
    + [
        {
            "group": 2,
            "account": 2,
            "second": i,
            "has_text": True,
            "turns": 2,
            "head": i,
            "tail": i,
            "prompt": i,
            "flags": 0,
        }
        for i in range(40)
    ]
    + [
        {
            "group": 3,
            "account": 3,
            "second": i // 30,
            "has_text": True,
            "turns": 1,
            "head": 9,
            "tail": i % 30,
            "prompt": i % 30,
            "flags": 0,
        }
        for i in range(60)
    ],
    expect={1: 1.0, 2: 0.0, 3: 0.0},
)
def training_coverage(inputs: SignalInputs) -> Table:
    """Share of exchanges in productive templates (half of their uses distinct), by head or by tail, times the
    share without follow-up.

    And times twice the share of prompts in its later half that were never asked before, up to one: a harvest
    is open-ended, a suite is closed.
    """
    productive = inputs.templates.filter((_.prompts >= LEAST) & (_.prompts * 2 >= _.uses))
    covered = productive.group_by("group", "part").agg(
        covered=_.uses.sum(), templates=_.count(), made=_.prompts.sum()
    )
    # All three of one part: two templates that begin apart may end as one.
    order = ibis.window(group_by="group", order_by=[ibis.desc("covered"), "templates", "part"])
    best = covered.mutate(rank=ibis.row_number().over(order)).filter(_.rank == 0).drop("part", "rank")
    sums = inputs.sums.filter(_.texts > 0).join(inputs.coverage.select("group", "late", "fresh"), "group")
    rows = sums.left_join(best, "group")
    fresh = ibis.ifelse(rows.late > 0, share(rows.fresh, rows.late), 1.0)  # 1 where all came at once
    part, follow = held(share(rows.covered.fill_null(0), rows.texts)), share(rows.follow_ups, rows.texts)
    return rows.select(
        "group",
        part=part,
        follow=follow,
        fresh=fresh,
        templates=rows.templates.fill_null(0),
        made=rows.made.fill_null(0),
        score=held(part * (1.0 - follow) * held(fresh * 2.0)),
    )
