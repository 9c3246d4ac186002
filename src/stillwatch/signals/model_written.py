"""Prompts that the model itself wrote, sent back to be answered."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held

FULL = 0.25
"""Share of prompts that gives the full score.

A pipeline that has each prompt that it made answered once has a half; one that hardens a prompt four times
and has only the last one answered has a fifth. Questions that a product suggests are taken up far less.
"""


@signal(
    axis="intent",
    weight=0.7,
    sees="prompts that are, whole, what an earlier answer to an account of the group had written: the model "
    "first writes or hardens questions, in whatever words it is asked to, and then answers them",
    blind_spots="An agent that plans and sends its subtasks on as bare prompts looks the same, and so do "
    "suggested questions that a product sends as new conversations, a red team whose attacks a model "
    "writes, and two bots that talk to each other without histories. Not seen: questions that are changed on "
    "the way, put into a template, sent with tools or under a system prompt, unless they were written under "
    "it and strangers have it too (a chain that translates or improves texts by the task in a public tool's "
    "system prompt looks the same), later turns of a conversation, and questions of fewer than six words.",
    needs=("exchanges.prompt", "exchanges.offers"),
    finding="{part:%~} of its accounts' prompts are, word for word, what an earlier answer to one of them "
    "had written ({prompts:distinct prompt}, sent by {accounts:account})",
    unless={"prompts": "none of its prompts is what an earlier answer to one of its accounts had written"},
    example=[
        {
            "group": g,
            "account": 100 * g + (i + 1) % 20 if g == 2 else 100 * g + i % 20,
            "has_text": True,
            "second": 2 * i,
            "turns": 1,
            "prompt": 10_000 * g + i,
            "offers": [10_000 * g + 5_000 + i, 10_000 * g + 7_000 + i],
        }
        for g in (1, 2, 3, 4, 5, 6)
        for i in range(400)
    ]
    + [
        {
            "group": g,
            "account": 100 * g + i % 20,
            "has_text": True,
            "second": 2 * i + (-1 if g == 4 else 1),
            "turns": 2 if g == 3 else 1,
            "system": 9 if g == 5 else None,
            "tools": 8 if g == 6 else None,
            "prompt": 10_000 * g + 5_000 + i,
        }
        for g in (1, 2, 3, 4, 5, 6)
        for i in range(400)
    ],
    expect={1: 1.0, 2: 1.0, 3: 0.0, 4: 0.0, 5: 0.0, 6: 0.0},
)
def model_written(inputs: SignalInputs) -> Table:
    """The lower end of the share of prompts that were offered before; 25% already give the full score."""
    return inputs.offered.select(
        "group",
        "prompts",
        "accounts",
        part=_.share,
        low=_.low,
        high=_.high,
        score=held(_.low / FULL),
    )
