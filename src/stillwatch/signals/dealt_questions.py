"""Ever-new questions in one form that asks for worked answers, dealt out over many accounts."""

from __future__ import annotations

import ibis

from stillwatch.engine import Column, Table
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held, share

USUAL, WHOLE = 0.2, 0.8
"""Share of distinct questions that come back at which a closed set begins, and at which it is one."""
FEW, MANY = 4, 15
"""Accounts that a team shares a suite among, and accounts from which a list is dealt out."""


@signal(
    axis="intent",
    weight=0.6,
    sees="questions in a fixed form (steps, then the answer in a set place) that are ever new and dealt out: "
    "each is asked by one account of many",
    blind_spots="A suite that runs once over many accounts, a part on each, looks the same. So do the users "
    "of a homework helper who bring their own keys, if something else made them one group. A harvest that "
    "samples its questions again on other days, or over fewer than five accounts, is not seen; nor is a form "
    "that no cue knows.",
    needs=("exchanges.prompt", "exchanges.flags"),
    finding="{part:%~} of its accounts' prompts ask for worked answers in a fixed form; {new:%} of the later "
    "questions are new, and {again:%} of all came back on another day or with another model; "
    "{askers:account} asked several, and {alone:%} of them came from one account alone",
    unless={
        "askers": "{part:%~} of its accounts' prompts ask for worked answers in a fixed form; no account "
        "asked several of them",
    },
    example=[
        {
            "group": 1,
            "account": i % 20,
            "has_text": True,
            "prompt": i,
            "second": i * 60,
            "model": "m",
            "turns": 1,
            "flags": 8192,
        }
        for i in range(400)
    ]
    + [
        {
            "group": 2,
            "account": i % 3,
            "has_text": True,
            "prompt": i % 50,
            "second": (i // 50) * 90_000,
            "model": "m",
            "turns": 1,
            "flags": 8192,
        }
        for i in range(400)
    ]
    + [
        {
            "group": 3,
            "account": i % 30,
            "has_text": True,
            "prompt": i // 30,
            "second": i,
            "model": "m",
            "turns": 1,
            "flags": 8192,
        }
        for i in range(600)
    ]
    + [
        {
            "group": 4,
            "account": 1,
            "has_text": True,
            "prompt": i,
            "second": i * 60,
            "model": "m",
            "turns": 1,
            "flags": 8192,
        }
        for i in range(400)
    ],
    expect={1: 1.0, 2: 0.0, 3: 0.0, 4: 0.0},
)
def dealt_questions(inputs: SignalInputs) -> Table:
    """The lower end of the share of such prompts, half of all in full, times `dealt`.

    The form alone tells nothing: an evaluation prints the same. A suite is closed, so that its questions come
    back on other days and of other models; a class gets one sheet; a harvest is open, and what one account
    has asked the others need not ask.
    """
    rows = inputs.asked.select("group", "steps", "steps_low", "steps_high").join(inputs.worked, "group")
    return rows.select(
        "group",
        part=rows.steps,
        low=rows.steps_low,
        high=rows.steps_high,
        new=1.0 - share(rows.known, rows.later),
        again=share(rows.again, rows.prompts),
        askers=rows.askers,
        alone=share(rows.alone, rows.prompts),
        score=held(rows.steps_low / 0.5) * dealt(rows),
    )


def dealt(worked: Table) -> Column:
    """Return from 0 to 1 how far questions are open, dealt out over accounts, and without follow-ups."""
    back = ibis.least(share(worked.known, worked.later), share(worked.again, worked.prompts))
    closed = held((back - USUAL) / (WHOLE - USUAL))
    spread = held((worked.askers - FEW) / float(MANY - FEW))
    apart = held(share(worked.alone, worked.prompts) * 2.0 - 1.0)
    return (1.0 - closed) * spread * apart * (1.0 - share(worked.follow_ups, worked.uses))
