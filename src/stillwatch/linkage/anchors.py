"""Which keys to start from, and who among their carriers shares the carriers' habits."""

from __future__ import annotations

from typing import Any

from ibis import _

from stillwatch.engine import Engine
from stillwatch.linkage.rates import MICRO, UNSHARED, clipped, micronats
from stillwatch.settings import LinkageSettings

LIFT = 3.0
"""A key is enriched among carriers when that many times more of them have it than chance would give."""
WORST = -1.0
"""Nats that one family may count against an account: own marks are no proof of innocence."""
SMALL_LOG = 500
"""Carriers that an anchor may have however few accounts the log holds."""
PARTS = 60
"""Parts in which keys are counted, so that those of two or three nested scales add up to one."""


def anchors(engine: Engine, marked: Any, accounts: int, settings: LinkageSettings) -> Any:
    """Table anchors (anchor, size, family): keys of enough carriers, one for each set of carriers in a family.

    Keys with equal carriers (the shingles of one template, say) are twins; the smallest key stands for all.
    """
    carried = (
        marked.filter(_.starts)
        .group_by("key", "family")
        .agg(size=_.count(), low=_.account.min(), high=_.account.max(), check=(_.account % 2_147_483_647).sum())
    )
    largest = max(int(settings.largest_anchor_share * accounts), SMALL_LOG)
    fit = carried.filter((_.size >= settings.smallest_anchor) & (_.size <= largest))
    single = fit.group_by("family", "size", "low", "high", "check").agg(anchor=_.key.min())
    return engine.create("anchors", single.select("anchor", "size", "family"))


def purified(engine: Engine, marked: Any, anchors: Any, settings: LinkageSettings) -> Any:
    """Table purified (anchor, account): carriers whose marks in other families fit the carriers better than their stratum.

    The join goes through accounts, so the cost grows with traces and never with pairs of accounts.
    """
    carriers = engine.create("carriers", marked.join(anchors, marked.key == anchors.anchor).select("account", "anchor", "size", home=anchors.family))
    together = engine.create("together", _enriched(carriers, marked, settings))
    worth = together.select("anchor").distinct()
    shared = _seen(carriers.semi_join(worth, "anchor"), marked).join(together.select("anchor", "key", "both"), ["anchor", "key"])
    nats = micronats(shared.both - 1.0, shared["size"] - 1.0, shared.p0, settings.smooth) // shared.scales
    family = shared.mutate(nats=nats).group_by("anchor", "account", "family").agg(nats=_.nats.sum(), shared=(_.shares).sum())
    family = _with_unshared(family, marked)
    total = (
        family.mutate(nats=clipped(_.nats, WORST, settings.family_cap_nats))
        .group_by("anchor", "account")
        .agg(nats=_.nats.sum(), families=(_.nats >= MICRO).cast("int64").sum())
    )
    member = engine.create("passing", total.filter((_.nats >= int(settings.threshold_nats * MICRO)) & (_.families >= 2)).select("anchor", "account"))
    large = member.group_by("anchor").agg(n=_.count()).filter(_.n >= settings.smallest_group)
    return engine.create("purified", member.semi_join(large, "anchor"))


def _with_unshared(family: Any, marked: Any) -> Any:
    """Count the account's other keys of the family against it: with many marks, a few coincide by chance."""
    has = marked.mutate(shares=PARTS // _.scales).group_by("account", "family").agg(has=_.shares.sum())
    joined = family.join(has, ["account", "family"])
    return joined.mutate(nats=(joined.nats + (joined.has - joined.shared) * (UNSHARED // PARTS)).cast("int64")).select(
        "anchor", "account", "family", "nats"
    )


def _seen(carriers: Any, marked: Any) -> Any:
    """Each carrier's keys of families other than the anchor's."""
    keys = marked.select("account", "key", "family", "p0", "scales", shares=PARTS // marked.scales)
    joined = carriers.join(keys, "account")
    return joined.filter(joined.family != joined.home)


def _enriched(carriers: Any, marked: Any, settings: LinkageSettings) -> Any:
    """(anchor, key, both) where a key is carried by clearly more of the anchor's carriers than their strata explain."""
    seen = _seen(carriers, marked)
    counted = seen.group_by("anchor", "key").agg(both=_.count(), size=_["size"].min(), chance=(_.p0 * MICRO).round().cast("int64").sum())
    expected = counted.chance.cast("float64") / float(MICRO) / counted.both * counted["size"]
    return counted.filter((counted.both >= 2) & (counted.both >= LIFT * expected))
