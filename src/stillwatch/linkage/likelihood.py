"""How likely a peer carries a key, and how much a carried key counts for belonging to a group."""

from __future__ import annotations

import math

import ibis
from ibis import _

from stillwatch.engine import Column, Engine, Table
from stillwatch.linkage.merge import OWNED

MICRO = 1_000_000
"""Evidence is summed as whole micronats: integer sums are equal in every engine and every order."""


def marked(engine: Engine, traces: Table, strata: Table, facets: Table, declared: Table) -> Table:
    """Create table marked: formation traces with here and peers (carriers, accounts of the stratum) and df.

    df counts all carriers. declared: account, owner. owned: one declared owner has most of a key's carriers
    and explains what they share: such a key neither is an anchor nor ties accounts, and owners have a test of
    their own.
    """
    forms = facets.filter(_.forms).select(
        "facet", "facet_number", "family", "starts", "scales", "moment", "held"
    )
    rows = traces.join(forms, "facet").join(strata.select("account", "stratum"), "account")
    rows = engine.create(
        "formation",
        rows.select(
            "account", "key", "facet_number", "family", "starts", "scales", "moment", "held", "stratum"
        ),
    )
    df = rows.group_by("key").agg(df=_.count())
    sizes = strata.group_by("stratum").agg(peers=_.count())
    theirs = rows.join(declared.filter(_.owner.notnull()).select("account", "owner"), "account")
    most = theirs.group_by("key", "owner").agg(n=_.count()).group_by("key").agg(most=_.n.max())
    df = df.left_join(most, "key").drop("key_right").mutate(owned=_.most.fill_null(0) >= OWNED * _.df)
    local = rows.group_by("key", "stratum").agg(here=_.count()).join(df, "key").join(sizes, "stratum")
    return engine.create(
        "marked",
        rows.join(local.select("key", "stratum", "here", "peers", "df", "owned"), ["key", "stratum"]),
    )


def chance(here: Column, peers: Column, carriers: Column, accounts: Column, smooth: float) -> Column:
    """Return p0, the chance that a peer carries a key, estimated on outsiders.

    Outsiders are all accounts but the one weighed and the set that it is weighed against. `here` of the
    stratum's `peers` carry the key, and `carriers` of all `accounts`, outsiders only. If the set were not
    left out, a pool that is half of its stratum would look like its own peers. The stratum's rate is shrunk
    to that of all accounts with the weight of `smooth` accounts. It is never below half of it, so that a key
    unseen in a small stratum does not count as impossible.
    """
    everywhere = (carriers + 0.5) / (accounts + 0.5)
    inside = (here + smooth * everywhere) / (peers + smooth)
    return ibis.least(ibis.greatest(inside, everywhere / 2.0), ibis.literal(1.0))


OWN_HALF = 0.5
"""Share of a member's marks that are drawn as its stratum draws them; the rest are drawn from the group's."""
UNSHARED = round(math.log(OWN_HALF) * MICRO)
"""The evidence of a key that the group does not share, in micronats."""


def micronats(carriers: Column, size: Column, p0: Column, weight: float) -> Column:
    """Return the log-likelihood ratio of one key, in whole micronats.

    It compares a mixture of the group's smoothed rate and the stratum's with the stratum's alone. carriers,
    size: those of the group, the account itself left out. weight: accounts' worth of the stratum's rate in
    the group's.
    """
    rate = (carriers + weight * p0) / (size + weight)
    return (((1.0 - OWN_HALF) * rate / p0 + OWN_HALF).ln() * float(MICRO)).round().cast("int64")


def clipped(value: Column, low: float, high: float) -> Column:
    """Hold a micronat column between two bounds given in nats."""
    return ibis.greatest(
        ibis.least(value, ibis.literal(int(high * MICRO), "int64")), ibis.literal(int(low * MICRO), "int64")
    )
