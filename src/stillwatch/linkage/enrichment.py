"""What the carriers of an anchor share beyond what their strata explain."""

from __future__ import annotations

import math

import ibis
from ibis import _

from stillwatch.engine import Column, Table
from stillwatch.linkage.likelihood import MICRO, chance
from stillwatch.settings import LinkageSettings

LIFT = 3.0
"""A key is enriched among carriers if so many times more of them have it than chance would give."""
PARTS = 60
"""Parts in which keys are counted, so that keys of two or three nested scales add up to one."""


def seen(carriers: Table, marked: Table) -> Table:
    """Return each carrier's other keys; at_home tells whether the key is of the anchor's own family.

    ties: whether it may tie accounts. At an anchor that is a moment only what is held may, since what
    strangers of one kind share, such as a browser, would join two schools that registered on one day.
    carriers: account, anchor, size, times (accounts that each one stands for), stratum, home and at_moment
    (the anchor's family, and whether it is a moment).
    """
    keys = marked.select(
        "account",
        "key",
        "family",
        "here",
        "peers",
        "df",
        "scales",
        shares=PARTS // marked.scales,
        ties=marked.starts & ~marked.moment & ~marked.owned,
        held=marked.held,
        owned=marked.owned,
        moment=marked.moment,
    )
    joined = carriers.join(keys, "account")
    return joined.filter(joined.key != joined.anchor).mutate(
        at_home=joined.family == joined.home, ties=joined.ties & (joined.held | ~joined.at_moment)
    )


def enriched(carriers: Table, marks: Table, accounts: int, settings: LinkageSettings) -> Table:
    """(anchor, key, stratum, own, both, size, p0, surprise): keys that clearly more carriers have than strata
    explain.

    marks: from `seen`. own of the stratum's carriers have the key, both of all; p0 is the rate among accounts
    that do not carry the anchor, so that a campaign that fills its stratum is not its own peers. surprise:
    of so many carriers with the key, where each has the chance p0.
    """
    local = marks.group_by("anchor", "key", "stratum").agg(
        own=_.count(),
        size=_["size"].max(),
        times=_.times.max(),
        here=_.here.max(),
        peers=_.peers.max(),
        df=_.df.max(),
    )
    several = local.group_by("anchor", "key").agg(both=_.own.sum()).filter(_.both >= 2)
    inside = carriers.group_by("anchor", "stratum").agg(inside=_.count())
    known = local.join(several, ["anchor", "key"]).join(inside, ["anchor", "stratum"])
    p0 = chance(
        ibis.greatest(known.here - known.own * known.times, 0),
        ibis.greatest(known.peers - known.inside * known.times, 0),
        ibis.greatest(known.df - known.both * known.times, 0),
        accounts - known["size"] * known.times,
        settings.smooth,
    )
    rows = known.select("anchor", "key", "stratum", "own", "both", "size", p0=p0)
    counted = rows.group_by("anchor", "key").agg(
        both=_.both.max(), size=_["size"].max(), chance=(_.own * (_.p0 * MICRO).round().cast("int64")).sum()
    )
    expected = counted.chance.cast("float64") / float(MICRO) / counted.both * counted["size"]
    kept = counted.filter(counted.both >= LIFT * expected).select(
        "anchor", "key", surprise=surprise(counted.both, expected)
    )
    return rows.join(kept, ["anchor", "key"])


def surprise(carriers: Column, expected: Column) -> Column:
    """Return the exponent, in nats, of Chernoff's bound on the chance of so many carriers (Poisson)."""
    floor = ibis.greatest(expected, ibis.literal(1e-9))
    return carriers * (carriers / floor).ln() - carriers + floor


def needed(accounts: int) -> float:
    """Return the surprise at which a key that carriers share is no chance, whatever the log's size.

    Of N accounts with a bounded number of keys each, no more than some N² pairs of keys have common carriers,
    so a pair must be rarer than one in 100 N² (Bonferroni).
    """
    return 2.0 * math.log(accounts) + math.log(100.0)
