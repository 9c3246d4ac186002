"""The same questions again and again, with short answers wanted: a test suite, not a harvest."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.dealt_questions import dealt
from stillwatch.signals.inputs import PEERS, SignalInputs, held, share

USUAL, WHOLE = 0.2, 0.8
"""Share of distinct prompts asked again at which a suite begins, where the peers repeat themselves less, and
at which it is one.
"""
MOST_USUAL = 0.6
"""Where more of the peers' prompts are asked again, it is the log that repeats itself, and a suite cannot be
parted from it any further.
"""


@signal(
    axis="context",
    weight=-0.8,
    sees="a closed set of questions asked again on other days or of other models, or test questions with "
    "brief answers; nothing made to harvest",
    blind_spots="A suite that is run once and wants long answers looks like a harvest of its questions, and "
    "a harvest of bare test questions like "
    "a suite where the log has no output tokens. Distinct prompts count, so that a suite among many other "
    "questions is excused less. Only what is "
    "asked and how often counts, never the client.",
    needs=("exchanges.prompt", "exchanges.flags"),
    finding="{repeated:%} of its distinct prompts came back on another day or with another model, and "
    "{closed:%} of the later ones had been asked before ({usual:%} is usual); {flagged:%} look like "
    "test questions; {brief:%} of its answers are brief; {harvested:%} of its prompts ask for "
    "training material",
    example=[
        {
            "group": 1,
            "account": 1,
            "has_text": True,
            "prompt": i % 10,
            "second": (i // 10) * 90000,
            "model": "m",
            "flags": 32,
            "output_tokens": 3,
        }
        for i in range(60)
    ]
    + [
        {
            "group": 2,
            "account": i % 9,
            "has_text": True,
            "prompt": i,
            "second": i,
            "model": "m",
            "flags": 32,
            "output_tokens": 900,
        }
        for i in range(60)
    ]
    + [
        {
            "group": 3,
            "account": 3,
            "has_text": True,
            "prompt": i,
            "second": i,
            "model": "m",
            "flags": 32,
            "output_tokens": 120,
        }
        for i in range(60)
    ],
    expect={1: 1.0, 2: 0.0, 3: 1.0},
)
def evaluation_like(inputs: SignalInputs) -> Table:
    """The larger of two: closed and repeated (whole for brief answers, half for long ones); test questions
    times brief answers, but for questions that are dealt out over many accounts (see dealt_questions).

    Both times the share of prompts that are not made to harvest. Closed: of the prompts in its later half,
    the share asked before, or the share repeated on other days or models where that is smaller; beyond the
    peers', since popular prompts come back without any suite. Answers of unknown length count as brief.

    Distinct prompts are counted and not their uses. Few popular prompts are most of the uses of any large
    sample, so that the share of uses asked before rises with a group's size alone, up to one; the share of
    distinct prompts that occur more than once tends to a constant where prompts go on being new (Karlin 1967,
    Central limit theorems for certain infinite urn schemes), and to one only where the set is closed.
    """
    asked = inputs.coverage
    again = asked.select(
        "group", closed=share(asked.known, asked.later), repeated=share(asked.again, asked.prompts)
    )
    usual = again.filter(_.group == PEERS).agg(usual=ibis.least(_.closed, _.repeated).max())
    dealt_out = inputs.worked.select("group", dealt=dealt(inputs.worked))
    rows = (
        inputs.asked.select("group", "evaluation", "harvested")
        .join(again, "group")
        .join(inputs.sums.select("group", "answered", "brief"), "group")
        .left_join(dealt_out, "group")
        .cross_join(usual)
    )
    brief = ibis.ifelse(rows.answered > 0, share(rows.brief, rows.answered), 1.0)
    least = ibis.least(ibis.greatest(rows.usual.fill_null(0.0), USUAL), MOST_USUAL)
    suite = held((ibis.least(rows.closed, rows.repeated) - least) / (WHOLE - least)) * (1.0 + brief) / 2.0
    asked_once = rows.evaluation * brief * (1.0 - rows.dealt.fill_null(0.0))
    score = ibis.greatest(suite, asked_once) * (1.0 - rows.harvested)
    return rows.select(
        "group",
        "closed",
        "repeated",
        "usual",
        flagged=rows.evaluation,
        brief=brief,
        harvested=rows.harvested,
        score=held(score),
    )
