"""One template around ever new contents, in which nothing is made to train a model."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.signals._signal import signal
from stillwatch.signals.dealt_questions import dealt
from stillwatch.signals.inputs import SignalInputs, held, share
from stillwatch.signals.training_coverage import LEAST

FREE = 0.25
"""Share of prompts that ask for what training sets are made of, or of answers that are it, at which the score
is nothing; campaigns seen so far have far more."""


@signal(
    axis="context",
    weight=-0.6,
    sees="prompts cut from few templates that ask for plain work: translation, tagging, extraction",
    blind_spots="A harvest of plain work, such as pairs of sentences for a model that translates, looks the "
    "same. It says nothing about diverse prompts, "
    "and nothing where flags are missing; it is only as good as they are. What a few of many accounts ask "
    "for does not count against the others. "
    "Plain work for which the model is told to reason in tags first is not excused.",
    needs=("exchanges.prompt", "exchanges.head", "exchanges.flags"),
    finding="{part:%} of its prompts come from few templates; {asking:%} of its accounts' prompts (a lower "
    "bound) "
    "ask for training material, test answers or ways round safeguards, or what the model itself wrote; "
    "{tagged:%} more of its answers than usual are reasoning in tags",
    unless={
        "asking": "{part:%} of its prompts come from few templates; nothing shows that its accounts ask for "
        "training material, test answers or ways round safeguards, or what the model itself wrote; "
        "{tagged:%} more of its answers than usual are reasoning in tags"
    },
    example=[
        {
            "group": 1,
            "account": 1,
            "second": i,
            "has_text": True,
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
            "head": 7,
            "tail": i,
            "prompt": i,
            "flags": 2,
        }
        for i in range(40)
    ]
    + [
        {
            "group": 3,
            "account": 3,
            "second": i,
            "has_text": True,
            "head": i,
            "tail": i,
            "prompt": i,
            "flags": 0,
        }
        for i in range(40)
    ],
    expect={1: 1.0, 2: 0.0},
)
def everyday_work(inputs: SignalInputs) -> Table:
    """Share of prompts in productive templates (half of their uses distinct), times one less four times what
    is shown to ask for training data, for worked answers to questions that are dealt out, or what the model
    itself wrote.

    A template can be worded so that no flag knows it; what it brings cannot: answers that are reasoning in
    tags show what was asked for too.
    """
    productive = inputs.templates.filter((_.prompts >= LEAST) & (_.prompts * 2 >= _.uses))
    covered = (
        productive.group_by("group", "part")
        .agg(covered=_.uses.sum())
        .group_by("group")
        .agg(covered=_.covered.max())
    )
    dealt_out = inputs.worked.select("group", dealt=dealt(inputs.worked))
    known = inputs.asked.left_join(dealt_out, "group")
    known = known.left_join(inputs.offered.select("group", written=_.low), "group")
    asked = known.select(
        "group",
        asking=known.harvested_low
        + known.evaluation_low
        + known.technique_low
        + known.system_prompt_low
        + known.steps_low * known.dealt.fill_null(0.0)
        + known.written.fill_null(0.0),
    )
    answered = inputs.tagged.select("group", tagged=held(_.part - _.usual))
    rows = (
        inputs.sums.filter(_.texts > 0)
        .join(asked, "group")
        .join(covered, "group")
        .left_join(answered, "group")
    )
    part, tagged = held(share(rows.covered, rows.texts)), rows.tagged.fill_null(0.0)
    score = part * held(1.0 - ibis.greatest(rows.asking, tagged) / FREE)
    return rows.select("group", part=part, asking=held(rows.asking), tagged=tagged, score=score)
