"""Keys that a group alone carries, where its accounts share a key of another family as well."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.linkage.enrichment import needed, surprise
from stillwatch.linkage.likelihood import MICRO

MOST = 0.5
"""Share of a group's accounts that must carry a key."""
CLOSED = 0.8
"""Share of a key's carriers that must be in the group."""


def closed_facets(compared: Table, accounts: int) -> Table:
    """Return (group, facet_number) whose evidence is not held to the cap of a facet.

    compared: rows (group, account, key, facet_number, family, df, size, other, p0, starts, moment, owned) of
    accounts that a group is weighed for. One facet is capped, since one innocent fact may explain it, such
    as a new build of a popular program. That does not explain a second key, of another family, that most of
    the same accounts share far beyond chance. The group holds nearly all carriers of the first key, so it was
    not chosen for the second.
    """
    bound = compared.filter((_.other == 0) & _.carriers.notnull() & _.starts & ~_.moment & ~_.owned)
    counted = bound.group_by("group", "key", "facet_number", "family").agg(
        n=_.count(),
        size=_["size"].max(),
        df=_.df.max(),
        chance=(_.p0 * MICRO).round().cast("int64").sum(),
    )
    most = counted.filter(_.n >= MOST * _["size"])
    expected = most.chance.cast("float64") / float(MICRO) / most.n * most["size"]
    sure = most.filter(surprise(most.n, expected) >= needed(accounts)).select("group", beside="family")
    alone = most.filter(_.n >= CLOSED * _.df).select("group", "facet_number", "family")
    both = alone.join(sure, "group")
    return both.filter(both.family != both.beside).select("group", "facet_number").distinct()


def cap_of(facet: Table, closed: Table, one: float, family: float) -> Table:
    """Add cap (micronats) to rows (group, facet_number, …): a family's where the facet is closed."""
    known = facet.left_join(closed.mutate(free=1), ["group", "facet_number"]).drop(
        "group_right", "facet_number_right"
    )
    wide, narrow = (ibis.literal(int(nats * MICRO), "int64") for nats in (family, one))
    return known.mutate(cap=ibis.ifelse(known.free.notnull(), wide, narrow)).drop("free")
