"""Which carriers of an anchor share the carriers' habits, and which behave like their strata."""

from __future__ import annotations

import ibis
import pyarrow as pa
from ibis import _

from stillwatch.engine import Column, Engine, Table
from stillwatch.engine.portions import in_portion
from stillwatch.linkage.closed_keys import MOST
from stillwatch.linkage.enrichment import PARTS, enriched, needed, seen
from stillwatch.linkage.likelihood import MICRO, UNSHARED, chance, clipped, micronats
from stillwatch.settings import LinkageSettings

WORST = -1.0
"""Nats that one family may count against an account: own marks are no proof of innocence."""
TIE = 2.0
"""Nats at which a shared key ties its carriers; two of many strangers registered in one hour are not tied."""
LEAST_TIE = 1.0
"""Nats at which it does if so many of the anchor's carriers have it that it cannot be chance."""
RARE = 0.1
"""Carriers that share a key by chance with another one, at most, for the key to tie small pieces."""
HUB = 0.5
"""An anchor ties small pieces of its carriers if this share of them is tied within such pieces."""
AT_ONCE = 20_000_000
"""Keys of carriers, counted once per anchor, that are compared at once; no anchor needs another's."""


def purified(
    engine: Engine, marked: Table, anchors: Table, accounts: int, settings: LinkageSettings
) -> pa.Table:
    """anchor, account, key, held, hub: carriers whose marks fit them better than outsiders; the tying keys.

    A carrier stays if marks of other families than the anchor's reach the threshold. It also stays if they do
    so together with the anchor's own rarity among outsiders, and one of them is shared by more carriers than
    chance explains. held: the key is held. hub: the anchor may join small pieces. The join
    goes through accounts, so the cost grows with traces, not with pairs of accounts. Anchors are taken in
    portions, so that memory does not grow with the log.
    """
    has = engine.create(
        "has", marked.mutate(shares=PARTS // _.scales).group_by("account", "family").agg(has=_.shares.sum())
    )
    portions = portions_of(engine, marked, anchors)
    found: list[pa.Table] = []
    for portion in range(portions):
        chosen = anchors.filter(in_portion(_.anchor, portion, portions))
        found.append(engine.collect(_purified(engine, marked, chosen, has, accounts, settings)))
        for done in ("carriers", "together", "shared_marks", "weighed_carriers"):
            engine.drop(done)
    engine.drop("has")
    return pa.concat_tables(found)


def portions_of(engine: Engine, marked: Table, anchors: Table) -> int:
    """Number of portions, if the anchors' carriers had as many keys as the average account."""
    (rows,) = engine.collect(marked.agg(n=_.count(), accounts=_.account.nunique())).to_pylist()
    (sizes,) = engine.collect(anchors.agg(carriers=anchors["size"].sum())).to_pylist()
    keys = (sizes["carriers"] or 0) * rows["n"] / max(rows["accounts"], 1)
    return int(keys // AT_ONCE) + 1


def _purified(
    engine: Engine, marked: Table, anchors: Table, has: Table, accounts: int, settings: LinkageSettings
) -> Table:
    """Return (anchor, account, key, held, hub) of some of the anchors."""
    known = marked.join(anchors, marked.key == anchors.anchor)
    carriers = engine.create(
        "carriers",
        known.select(
            "account",
            "anchor",
            "size",
            "stratum",
            "here",
            "peers",
            home=anchors.family,
            at_moment=anchors.moment,
            nested="scales",
            times=1,
        ),
    )
    plain = carriers.drop("here", "peers", "nested")
    together = engine.create("together", enriched(plain, seen(plain, marked), accounts, settings))
    worth = together.select("anchor").distinct()
    marks = seen(plain.semi_join(worth, "anchor"), marked)
    both = marks.join(
        together.select("anchor", "key", "stratum", "both", "p0", "surprise"), ["anchor", "key", "stratum"]
    )
    nats = micronats(both.both - 1.0, both["size"] - 1.0, both.p0, settings.smooth) // both.scales
    crossed = (
        both.ties & ~both.at_home & (both.surprise >= needed(accounts)) & (nats >= int(LEAST_TIE * MICRO))
    )
    rare = both.ties & ~both.at_home & (nats >= int(TIE * MICRO)) & ((both["size"] - 1) * both.p0 <= RARE)
    shared = engine.create("shared_marks", both.mutate(nats=nats, crossed=crossed, rare=rare))
    weighed = engine.create("weighed_carriers", _weighed(shared, carriers, has, accounts, settings))
    least = int(settings.threshold_nats * MICRO)
    member = weighed.filter((_.others >= least) | (_.crosses & (_.others + _.own >= least)))
    large = member.group_by("anchor").agg(n=_.count()).filter(_.n >= settings.smallest_group)
    kept = member.semi_join(large, "anchor")
    joins = kept.group_by("anchor").agg(rare=_.rare.sum(), size=_["size"].max())
    kept = kept.join(joins.select("anchor", hub=joins.rare >= HUB * joins["size"]), "anchor")
    tying = (_.nats >= int(TIE * MICRO)) | _.crossed
    ties = shared.filter(~_.at_home & ~_.owned & (_.held | ~_.at_moment) & tying)
    return ties.join(kept.select("anchor", "account", "hub"), ["anchor", "account"]).select(
        "anchor", "account", "key", "held", "hub"
    )


def _weighed(shared: Table, carriers: Table, has: Table, accounts: int, settings: LinkageSettings) -> Table:
    """(anchor, account, size, others, own, crosses, rare): evidence of each carrier, in micronats.

    others: of families other than the anchor's. own: of the anchor's, as far as outsiders do not explain it;
    held to the cap of a family where most carriers share a key of another one, else to that of a facet.
    """
    outside = shared.filter(~_.at_home)
    family = outside.group_by("anchor", "account", "family").agg(nats=_.nats.sum(), shared=_.shares.sum())
    family = _with_unshared(family, has)
    total = (
        family.mutate(nats=clipped(_.nats, WORST, settings.family_cap_nats))
        .group_by("anchor", "account")
        .agg(others=_.nats.sum())
    )
    zero = ibis.literal(0, "int64")
    tied = outside.group_by("anchor", "account").agg(
        crossing=ibis.ifelse(_.crossed, _.nats, zero).sum(),
        rare=_.rare.cast("int64").max(),
        wide=(_.crossed & (_.both >= MOST * _["size"])).max(),
    )
    home = shared.filter(_.at_home).group_by("anchor", "account").agg(home=ibis.greatest(_.nats, zero).sum())
    rows = total.join(tied, ["anchor", "account"]).join(carriers, ["anchor", "account"])
    rows = rows.mutate(crosses=(rows.crossing >= int(TIE * MICRO)) | (rows.rare > 0))
    rows = rows.left_join(home, ["anchor", "account"]).drop("anchor_right", "account_right")
    rarity = _rarity(rows, accounts, settings)
    own = rarity.own + rarity.home.fill_null(0) // 3
    return rarity.select(
        "anchor",
        "account",
        "size",
        "others",
        "crosses",
        "rare",
        own=ibis.ifelse(
            rarity.wide & ~rarity.at_moment,
            clipped(own, 0.0, settings.family_cap_nats),
            clipped(own, 0.0, settings.facet_cap_nats),
        ),
    )


def _rarity(rows: Table, accounts: int, settings: LinkageSettings) -> Table:
    """Add own: nats of carrying the anchor at all, against accounts that cross no other mark with it.

    Those are the stratum's accounts but the carriers that do: a campaign that fills its stratum is not
    compared with itself, and the many strangers with a public client make that client common.
    """
    crossing = rows.filter(_.crosses)
    there = crossing.group_by("anchor", "stratum").agg(there=_.count())
    whole = crossing.group_by("anchor").agg(whole=_.count())
    known = rows.left_join(there, ["anchor", "stratum"]).drop("anchor_right", "stratum_right")
    known = known.left_join(whole, "anchor").drop("anchor_right")
    inside, every = known.there.fill_null(0), known.whole.fill_null(0)
    p0 = chance(
        known.here - inside, known.peers - inside, known["size"] - every, accounts - every, settings.smooth
    )
    others = ibis.greatest(every - 1.0, ibis.literal(0.0))
    return known.mutate(own=_positive(micronats(others, others, p0, settings.smooth)) // known.nested)


def _positive(value: Column) -> Column:
    return ibis.greatest(value, ibis.literal(0, "int64"))


def _with_unshared(family: Table, has: Table) -> Table:
    """Count the account's other keys of the family against it: with many marks, a few coincide by chance."""
    joined = family.join(has, ["account", "family"])
    return joined.mutate(
        nats=(joined.nats + (joined.has - joined.shared) * (UNSHARED // PARTS)).cast("int64")
    ).select("anchor", "account", "family", "nats")
