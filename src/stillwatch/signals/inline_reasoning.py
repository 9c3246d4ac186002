"""Answers that are mostly reasoning, written out inside tags, where others of the same model get none."""

from __future__ import annotations

from typing import Any

from ibis import _

from stillwatch.signals._signal import signal
from stillwatch.signals.work import PEERS, Work, held, share

BULK = 0.5
"""Share of an answer inside thinking tags from which it counts as mostly reasoning."""
LEAST = 30
"""Answers of a model that the peers must have, so that what is usual for it is known."""


@signal(
    axis="intent",
    weight=0.3,
    sees="answers made mostly of reasoning in tags, which the model was led to write out, where the peers' answers of the same model hold none",
    blind_spots="Prompt guides recommend thinking tags to everybody; a model served raw writes them by itself, which is allowed for "
    "only where peers use it too; hidden reasoning told without tags is not seen.",
    needs=("exchanges.reasoning_share",),
    finding="{part:.0%} of its accounts' answers are mostly reasoning inside tags; {usual:.0%} would be usual for its models",
    example=[
        {"group": g, "account": g, "model": model, "refused": False, "reasoning_tokens": tokens, "reasoning_share": part}
        for g, model, tokens, part in (
            (0, "m", None, 0.0),
            (0, "raw", None, 0.8),
            (1, "m", None, 0.7),
            (2, "m", None, 0.1),
            (3, "raw", None, 0.9),
            (4, "m", 500, 0.9),
            (5, "nobody else's", None, 0.9),
        )
        for _n in range(40)
    ],
    expect={1: 1.0, 2: 0.0, 3: 0.0, 4: 0.0},
)
def inline_reasoning(work: Work) -> Any:
    """Share of such answers beyond what is usual for the models used; half of all gives the full score. Models that no peer uses do not count."""
    rows = in_tags(work)
    return rows.mutate(score=held((rows.part - rows.usual) * 2.0))


def in_tags(work: Work) -> Any:
    """group, part and usual: the share of its accounts' answers that are mostly reasoning in tags, and what it is among the peers of its models."""
    known = work.work.filter(_.refused.notnull())
    # Reasoning that the API counts is the model's own; only what stands in the answer itself was asked for.
    told = ((known.reasoning_share.fill_null(0.0) >= BULK) & (known.reasoning_tokens.fill_null(0) == 0)).cast("int64")
    own = known.select("group", "account", model=known.model.fill_null(""), told=told).group_by("group", "account", "model")
    heard = own.agg(n=_.count(), told=_.told.sum()).join(work.voices, ["group", "account"])
    answers = heard.group_by("group", "model").agg(all=_.n.sum(), n=(_.n * _.voice).sum(), told=(_.told * _.voice).sum())
    peers = answers.filter((_.group == PEERS) & (_["all"] >= LEAST)).select("model", usual=_.told / _.n)
    rows = answers.join(peers, "model").group_by("group").agg(n=_.n.sum(), told=_.told.sum(), expected=(_.n * _.usual).sum())
    return rows.select("group", part=share(rows.told, rows.n), usual=share(rows.expected, rows.n))
