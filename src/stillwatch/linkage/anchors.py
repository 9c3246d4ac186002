"""Which keys to start from."""

from __future__ import annotations

from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.linkage.enrichment import enriched, needed, seen
from stillwatch.settings import LinkageSettings

SMALL_LOG = 500
"""An anchor may always have so many carriers, however few accounts the log holds."""
SAMPLED = 500
"""Carriers of a larger key that are looked at before it may be an anchor."""


def anchors(engine: Engine, marked: Table, accounts: int, settings: LinkageSettings) -> Table:
    """Table anchors (anchor, size, family, moment): keys with enough carriers.

    Keys of a family with equal carriers (for example the shingles of one template) are twins; the smallest
    key represents all. A key that is mostly carried by one declared owner is none. A key with more carriers
    than `largest_anchor_share` allows is one if a sample of them shares a key of another family.
    """
    carried = (
        marked.filter(_.starts & ~_.owned)
        .group_by("key", "family", "moment")
        .agg(
            size=_.count(), low=_.account.min(), high=_.account.max(), check=(_.account % 2_147_483_647).sum()
        )
    )
    single = (
        carried.filter(_["size"] >= settings.smallest_anchor)
        .group_by("family", "moment", "size", "low", "high", "check")
        .agg(anchor=_.key.min())
        .select("anchor", "size", "family", "moment")
    )
    every = engine.create("possible_anchors", single)
    largest = max(int(settings.largest_anchor_share * accounts), SMALL_LOG)
    large = every.filter(_["size"] > largest)
    chosen = every.anti_join(_common(engine, marked, large, accounts, settings), "anchor")
    return engine.create("anchors", chosen)


def _common(engine: Engine, marked: Table, large: Table, accounts: int, settings: LinkageSettings) -> Table:
    """Table common (anchor): large keys of whose carriers a sample shares nothing that may tie accounts.

    So the limit on an anchor's size depends on what its carriers share, and the cost of a look on their
    number in no way. Which carriers are in the sample depends on nothing that a client writes.
    """
    known = marked.join(large, marked.key == large.anchor)
    times = (known["size"] // SAMPLED + 1).cast("int64")
    drawn = (
        known.mutate(times=times)
        .filter(_.account % _.times == 0)
        .select("account", "anchor", "stratum", "times", home=large.family, at_moment=large.moment)
    )
    sizes = drawn.group_by("anchor").agg(size=_.count())
    carriers = engine.create("sampled_carriers", drawn.join(sizes, "anchor"))
    marks = seen(carriers, marked).filter(~_.at_home & _.ties)
    shared = enriched(carriers, marks, accounts, settings)
    worth = shared.filter((_.both >= settings.smallest_group) & (_.surprise >= needed(accounts)))
    return engine.create("common", large.anti_join(worth.select("anchor").distinct(), "anchor"))
