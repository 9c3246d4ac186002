"""What the carriers of an anchor share beyond what their strata explain."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Table
from stillwatch.linkage.likelihood import MICRO, chance
from stillwatch.settings import LinkageSettings

LIFT = 3.0
"""A key is enriched among carriers if so many times more of them have it than chance would give."""
PARTS = 60
"""Parts in which keys are counted, so that keys of two or three nested scales add up to one."""


def seen(carriers: Table, marked: Table) -> Table:
    """Return each carrier's other keys; at_home tells whether the key is of the anchor's own family.

    ties: whether it may tie accounts: at
    an anchor that is a moment only what is held may, since what strangers of one kind share, such as a
    browser, would join two schools that registered on one day. carriers: account, anchor, size, stratum, home
    and at_moment (the anchor's family, and whether it is a moment).
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
    that do not carry the anchor, so that a campaign that fills its stratum is not its own peers. surprise: the
    exponent, in nats, of Chernoff's bound on the chance that so many of the carriers have the key, each with
    the chance p0 (Poisson).
    """
    local = marks.group_by("anchor", "key", "stratum").agg(
        own=_.count(), size=_["size"].max(), here=_.here.max(), peers=_.peers.max(), df=_.df.max()
    )
    several = local.group_by("anchor", "key").agg(both=_.own.sum()).filter(_.both >= 2)
    inside = carriers.group_by("anchor", "stratum").agg(inside=_.count())
    known = local.join(several, ["anchor", "key"]).join(inside, ["anchor", "stratum"])
    p0 = chance(
        known.here - known.own,
        known.peers - known.inside,
        known.df - known.both,
        accounts - known["size"],
        settings.smooth,
    )
    rows = known.select("anchor", "key", "stratum", "own", "both", "size", p0=p0)
    counted = rows.group_by("anchor", "key").agg(
        both=_.both.max(), size=_["size"].max(), chance=(_.own * (_.p0 * MICRO).round().cast("int64")).sum()
    )
    expected = ibis.greatest(
        counted.chance.cast("float64") / float(MICRO) / counted.both * counted["size"], ibis.literal(1e-9)
    )
    surprise = counted.both * (counted.both / expected).ln() - counted.both + expected
    kept = counted.filter(counted.both >= LIFT * expected).select("anchor", "key", surprise=surprise)
    return rows.join(kept, ["anchor", "key"])
