"""The same questions again and again: a test suite, not a harvest."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from stillwatch.signals._signal import signal
from stillwatch.signals.work import Work, held, share


@signal(
    axis="context",
    weight=-0.8,
    sees="prompts that are asked again, on other days or of other models, with short answers wanted",
    blind_spots="A harvester that samples each prompt several times repeats too; one run of a suite repeats nothing.",
    needs=("exchanges.prompt", "exchanges.flags"),
    finding="{repeated:.0%} of its exchanges repeat a prompt on another day or another model; {flagged:.0%} look like test questions",
    example=[
        {"group": 1, "account": 1, "has_text": True, "prompt": i % 10, "second": (i // 10) * 90000, "model": "m", "flags": 32} for i in range(60)
    ]
    + [{"group": 2, "account": 2, "has_text": True, "prompt": i, "second": i, "model": "m", "flags": 0} for i in range(60)],
    expect={1: 1.0, 2: 0.0},
)
def evaluation_like(work: Work) -> Any:
    """The larger of the share of repeats (less a fifth) and the share flagged as test questions."""
    asked = (
        work.work.filter(_.prompt.notnull())
        .group_by("group", "prompt")
        .agg(uses=_.count(), days=(_.second // 86_400).nunique(), models=_.model.nunique())
    )
    repeats = asked.group_by("group").agg(again=(((_.days > 1) | (_.models > 1)).cast("int64") * _.uses).sum())
    rows = work.sums.filter(_.texts > 0).join(repeats, "group")
    repeated, flagged = share(rows.again, rows.texts), held(share(rows.evaluation, rows.texts))
    return rows.select("group", repeated=repeated, flagged=flagged, score=held(ibis.greatest((repeated - 0.2) / 0.6, flagged)))
