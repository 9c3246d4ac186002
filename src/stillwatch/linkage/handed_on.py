"""Conversations that one account leaves and another takes on: who with whom, and when."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Engine, Table

TAKERS = 3
"""A conversation that more accounts take on is public: a shared chat, a tutorial, a data set."""


def handed_on(engine: Engine, exchanges: Table, halves: Table) -> Table:
    """Create table handed (part, giver, taker, facet, tests): from whom to whom a conversation went.

    A conversation goes from the only account that left
    it, word for word, to one that did not leave it itself; a reasoning signature from the account that it was
    issued to, to one that sends it back. What several accounts left, or more than TAKERS take on, is public
    and ties nobody. The joins go through conversations, so the cost grows with turns, not with pairs.
    exchanges: account, part, continues, leaves, signatures, signed.
    """
    turns = exchanges.filter(_.continues.notnull()).select("account", "part", value=_.continues)
    left = exchanges.filter(_.leaves.notnull()).select("account", value=_.leaves)
    returned = exchanges.filter(_.signatures.notnull()).select("account", "part", value=_.signatures.unnest())
    issued = exchanges.filter(_.signed.notnull()).select("account", value=_.signed.unnest())
    both = ibis.union(
        _pairs(turns, left).mutate(facet=ibis.literal("handover")),
        _pairs(returned, issued).mutate(facet=ibis.literal("signature")),
    )
    return engine.create(
        "handed", both.join(halves, "part").select("part", "giver", "taker", "facet", "tests")
    )


def _pairs(taken: Table, left: Table) -> Table:
    """part, giver, taker: who took on (account, part, value) what one other account left (account, value)."""
    owned = (
        left.semi_join(taken.select("value"), "value")
        .group_by("value")
        .agg(giver=_.account.min(), last=_.account.max())
        .filter(_.giver == _["last"])
    )
    foreign = (
        taken.join(owned.select("value", "giver"), "value")
        .filter(_.account != _.giver)
        .group_by("value", "giver", "account", "part")
        .agg(n=_.count())
    )
    few = foreign.group_by("value").agg(takers=_.account.nunique()).filter(_.takers <= TAKERS)
    kept = foreign.semi_join(few, "value")
    return kept.select("part", "giver", taker="account").distinct()
