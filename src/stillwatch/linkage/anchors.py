"""Which keys to start from, and which of their carriers share the carriers' habits."""

from __future__ import annotations

import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.engine.portions import in_portion
from stillwatch.linkage.likelihood import MICRO, UNSHARED, chance, clipped, micronats
from stillwatch.linkage.merge import OWNED
from stillwatch.settings import LinkageSettings

LIFT = 3.0
"""A key is enriched among carriers if so many times more of them have it than chance would give."""
WORST = -1.0
"""Nats that one family may count against an account: own marks are no proof of innocence."""
TIE = 2.0
"""Nats at which a shared key ties its carriers; two of many strangers registered in one hour are not tied."""
SMALL_LOG = 500
"""An anchor may always have so many carriers, however few accounts the log holds."""
PARTS = 60
"""Parts in which keys are counted, so that keys of two or three nested scales add up to one."""
AT_ONCE = 20_000_000
"""Keys of carriers, counted once per anchor, that are compared at once; no anchor needs another's."""


def anchors(
    engine: Engine, marked: Table, declared: Table, accounts: int, settings: LinkageSettings
) -> Table:
    """Table anchors (anchor, size, family): keys with enough carriers, one per set of carriers in a family.

    Keys with equal carriers (for example the shingles of one template) are twins; the smallest key represents
    all. A key that is mostly carried by one declared owner (declared: account, owner) is no anchor: the owner
    explains what its accounts share, and owners have a test of their own.
    """
    carried = (
        marked.filter(_.starts)
        .group_by("key", "family")
        .agg(
            size=_.count(), low=_.account.min(), high=_.account.max(), check=(_.account % 2_147_483_647).sum()
        )
    )
    largest = max(int(settings.largest_anchor_share * accounts), SMALL_LOG)
    fit = carried.filter((_.size >= settings.smallest_anchor) & (_.size <= largest))
    theirs = marked.filter(_.starts).join(
        declared.filter(_.owner.notnull()).select("account", "owner"), "account"
    )
    owned = theirs.group_by("key", "owner").agg(n=_.count()).group_by("key").agg(most=_.n.max())
    explained = fit.join(owned, "key").filter(_.most >= OWNED * _["size"]).select("key")
    single = (
        fit.anti_join(explained, "key")
        .group_by("family", "size", "low", "high", "check")
        .agg(anchor=_.key.min())
    )
    return engine.create("anchors", single.select("anchor", "size", "family"))


def purified(
    engine: Engine, marked: Table, anchors: Table, accounts: int, settings: LinkageSettings
) -> pa.Table:
    """anchor, account, key: carriers whose other marks fit them better than outsiders, and the tying keys.

    The marks are of other families than the anchor's. One such family is enough: the anchor's own is the
    second. The join goes through accounts, so the cost grows with traces, not with pairs of accounts. Anchors
    are taken in portions, so that memory does not grow with the log.
    """
    has = engine.create(
        "has", marked.mutate(shares=PARTS // _.scales).group_by("account", "family").agg(has=_.shares.sum())
    )
    portions = _portions(engine, marked, anchors)
    found: list[pa.Table] = []
    for portion in range(portions):
        chosen = anchors.filter(in_portion(_.anchor, portion, portions))
        found.append(engine.collect(_purified(engine, marked, chosen, has, accounts, settings)))
        for done in ("carriers", "together", "above_threshold"):
            engine.drop(done)
    engine.drop("has")
    return pa.concat_tables(found)


def _portions(engine: Engine, marked: Table, anchors: Table) -> int:
    """Number of portions, if the anchors' carriers had as many keys as the average account."""
    (rows,) = engine.collect(marked.agg(n=_.count(), accounts=_.account.nunique())).to_pylist()
    (sizes,) = engine.collect(anchors.agg(carriers=anchors["size"].sum())).to_pylist()
    keys = (sizes["carriers"] or 0) * rows["n"] / max(rows["accounts"], 1)
    return int(keys // AT_ONCE) + 1


def _purified(
    engine: Engine, marked: Table, anchors: Table, has: Table, accounts: int, settings: LinkageSettings
) -> Table:
    """Return (anchor, account, key) of some of the anchors."""
    known = marked.join(anchors, marked.key == anchors.anchor)
    carriers = engine.create(
        "carriers", known.select("account", "anchor", "size", "stratum", home=anchors.family)
    )
    together = engine.create("together", _enriched(carriers, marked, accounts, settings))
    worth = together.select("anchor").distinct()
    seen = _seen(carriers.semi_join(worth, "anchor"), marked)
    shared = seen.join(
        together.select("anchor", "key", "stratum", "both", "p0"), ["anchor", "key", "stratum"]
    )
    shared = shared.mutate(
        nats=micronats(shared.both - 1.0, shared["size"] - 1.0, shared.p0, settings.smooth) // shared.scales
    )
    family = shared.group_by("anchor", "account", "family").agg(nats=_.nats.sum(), shared=(_.shares).sum())
    family = _with_unshared(family, has)
    total = (
        family.mutate(nats=clipped(_.nats, WORST, settings.family_cap_nats))
        .group_by("anchor", "account")
        .agg(nats=_.nats.sum())
    )
    member = engine.create(
        "above_threshold",
        total.filter(_.nats >= int(settings.threshold_nats * MICRO)).select("anchor", "account"),
    )
    large = member.group_by("anchor").agg(n=_.count()).filter(_.n >= settings.smallest_group)
    kept = member.semi_join(large, "anchor")
    ties = shared.filter(_.nats >= int(TIE * MICRO)).select("anchor", "account", "key")
    return ties.semi_join(kept, ["anchor", "account"])


def _with_unshared(family: Table, has: Table) -> Table:
    """Count the account's other keys of the family against it: with many marks, a few coincide by chance."""
    joined = family.join(has, ["account", "family"])
    return joined.mutate(
        nats=(joined.nats + (joined.has - joined.shared) * (UNSHARED // PARTS)).cast("int64")
    ).select("anchor", "account", "family", "nats")


def _seen(carriers: Table, marked: Table) -> Table:
    """Return each carrier's keys of families other than the anchor's."""
    keys = marked.select(
        "account", "key", "family", "here", "peers", "df", "scales", shares=PARTS // marked.scales
    )
    joined = carriers.join(keys, "account")
    return joined.filter(joined.family != joined.home)


def _enriched(carriers: Table, marked: Table, accounts: int, settings: LinkageSettings) -> Table:
    """(anchor, key, stratum, both, p0) of keys that clearly more carriers have than their strata explain."""
    seen = _seen(carriers, marked)
    local = seen.group_by("anchor", "key", "stratum").agg(
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
    expected = counted.chance.cast("float64") / float(MICRO) / counted.both * counted["size"]
    enriched = counted.filter(counted.both >= LIFT * expected).select("anchor", "key")
    return rows.semi_join(enriched, ["anchor", "key"])
