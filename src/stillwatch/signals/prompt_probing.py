"""Prompts that ask for the system prompt."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held


@signal(
    axis="context",
    weight=0.0,
    sees="prompts that try to bring out the system prompt or the instructions behind the model",
    blind_spots="Curious people ask once; red teams ask by contract. It explains what was tried, and proves "
    "no extraction of training data.",
    needs=("exchanges.flags",),
    finding="{part:%~} of its accounts' prompts ask for the system prompt",
    example=[{"group": 1, "account": 1, "has_text": True, "flags": 4096}] * 6
    + [{"group": 2, "account": 2, "has_text": True, "flags": 0}] * 6,
    expect={1: 1.0, 2: 0.0},
)
def prompt_probing(inputs: SignalInputs) -> Table:
    """The lower end of the share of prompts that do; 5% already give the full score, which weighs nothing and
    only explains.
    """
    share = _.system_prompt_low / 0.05
    return inputs.asked.select(
        "group", part=_.system_prompt, low=_.system_prompt_low, high=_.system_prompt_high, score=held(share)
    )
