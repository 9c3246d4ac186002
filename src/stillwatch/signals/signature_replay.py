"""Reasoning signatures saved in one conversation and replayed in another, to have the hidden reasoning
told.
"""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.schema.flags import Flag
from stillwatch.signals._signal import signal
from stillwatch.signals.inputs import SignalInputs, held, share

LEAST = 20
"""Signatures that the share is taken of at the least."""
TOLD = (Flag.REASONING, Flag.TRACE_CLEANING)
"""What a prompt asks for that wants the reasoning told."""


@signal(
    axis="intent",
    weight=0.6,
    sees="reasoning signatures of one account or conversation that come back in another one, in a history "
    "nobody left or with a request for the reasoning",
    blind_spots="An agent that edits its history and then resumes under a new session id looks the same, "
    "and so does a reseller who does both; "
    "blind where answers are logged without their signatures, and where the history is kept whole and the "
    "reasoning asked for in unknown words.",
    needs=("exchanges.signatures", "exchanges.signed"),
    finding="{part:%} of the reasoning signatures that it sends back are replayed: they were issued to "
    "another account or conversation ({replayed:signature})",
    unless={
        "replayed": "it replays no reasoning signature of another account or conversation",
    },
    example=[
        {
            "group": g,
            "account": a,
            "owner": o,
            "conversation": c,
            "second": 2 * i,
            "flags": 0,
            "leaves": 1000 * g + i,
            "signed": [1000 * g + i],
        }
        for g, a, o, c in (
            (1, 1, None, None),
            (2, 1, None, 7),
            (3, 1, None, None),
            (4, 1, 9, None),
            (5, 1, None, None),
        )
        for i in range(30)
    ]
    + [
        {
            "group": g,
            "account": a,
            "owner": o,
            "conversation": c,
            "second": 2 * i + 1,
            "flags": f,
            "continues": 1000 * g + i if linked else 5,
            "signatures": [1000 * g + i],
        }
        for g, a, o, c, f, linked in (
            (1, 2, None, None, 0, False),
            (2, 1, None, 8, 1, True),
            (3, 2, None, None, 0, True),
            (4, 2, 9, None, 0, False),
            (5, 1, None, None, 1, True),
        )
        for i in range(30)
    ],
    expect={1: 1.0, 2: 1.0, 3: 0.0, 4: 0.0, 5: 0.0},
)
def signature_replay(inputs: SignalInputs) -> Table:
    """Share of the signatures sent back that are replayed; a quarter gives the full score. Where nothing
    known is sent back there is no score.
    """
    issued = (
        _each(inputs.exchanges, "signed")
        .group_by("group", "key")
        .agg(
            issuer=_.account.min(),
            other=_.account.max(),
            its_owner=_.owner.max(),
            its_conversation=_.conversation.max(),
        )
    )
    issued = issued.filter(_.issuer == _.other).drop("other")
    sent = _each(inputs.exchanges, "signatures").join(issued, ["group", "key"])
    replayed = _each(_odd(inputs.exchanges), "signatures").join(issued, ["group", "key"]).filter(_elsewhere())
    counted = replayed.group_by("group").agg(replayed=_.key.nunique())
    rows = sent.group_by("group").agg(sent=_.key.nunique()).left_join(counted, "group")
    count = rows.replayed.fill_null(0)
    part = share(count, ibis.greatest(rows.sent, LEAST))
    return rows.select("group", replayed=count, part=part, score=held(part * 4.0))


def _each(rows: Table, column: str) -> Table:
    """One row a signature."""
    known = rows.filter(rows[column].notnull())
    return known.select("group", "account", "owner", "conversation", key=known[column].unnest())


def _odd(rows: Table) -> Table:
    """Exchanges that send signatures back in a history that no account of the group left, or that ask for the
    reasoning.
    """
    left = rows.filter(_.leaves.notnull()).select("group", continues=_.leaves).distinct()
    some = rows.filter(_.signatures.notnull())
    flags = some.flags.fill_null(0).cast("int64")
    asked = sum(((flags // int(flag)) % 2 for flag in TOLD), start=ibis.literal(0))
    names = ("group", "account", "owner", "conversation", "signatures")
    return ibis.union(
        some.filter(asked > 0).select(*names),
        some.filter(asked == 0).anti_join(left, ["group", "continues"]).select(*names),
    )


def _elsewhere() -> Table:
    """Whether a signature comes from an account of another owner, or of none, or from another conversation of
    the same account.
    """
    owners = _.its_owner.isnull() | _.owner.isnull() | (_.its_owner != _.owner)
    apart = (_.its_conversation != _.conversation).fill_null(False)
    return ((_.issuer != _.account) & owners) | ((_.issuer == _.account) & apart)
