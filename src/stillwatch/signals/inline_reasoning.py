"""Answers that are mostly reasoning, written out inside tags, where others of the same model get none."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held


@signal(
    axis="intent",
    weight=0.3,
    sees="answers made mostly of reasoning in tags, which the model was led to write out, where the peers' "
    "answers of the same model hold none",
    blind_spots="Prompt guides recommend thinking tags to everybody; a model served raw writes them by "
    "itself, which is allowed for "
    "only where peers use it too; hidden reasoning told without tags is not seen.",
    needs=("exchanges.reasoning_share",),
    finding="{part:%} of its accounts' answers are mostly reasoning inside tags; {usual:%} is usual for its "
    "models",
    example=[
        {
            "group": g,
            "account": g,
            "model": model,
            "refused": False,
            "reasoning_tokens": tokens,
            "reasoning_share": part,
        }
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
def inline_reasoning(inputs: SignalInputs) -> Table:
    """Share of such answers beyond what is usual for the models used; half of all gives the full score.
    Models that no peer uses do not count.
    """
    return inputs.tagged.mutate(score=held((_.part - _.usual) * 2.0))
