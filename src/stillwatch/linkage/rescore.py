"""Weigh every account that carries a group's telling keys against the group's own profile."""

from __future__ import annotations

import ibis
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.linkage.closed_keys import cap_of, closed_facets
from stillwatch.linkage.likelihood import MICRO, UNSHARED, chance, clipped, micronats
from stillwatch.settings import LinkageSettings

TELLING_LIFT = 10.0
"""A key is telling for a group if its share of the group is so many times its share of all others.

Others only: a pool that is a tenth of the log could not have ten times the share of a log that it is in.
"""
TELLING_CARRIERS = 3
"""Members that must carry a telling key."""
TELLING_STRANGERS = 20
"""A key carried by more accounts than so many times its members is not telling: it limits candidates."""
PROFILE_WEIGHT = 5.0
"""Accounts' worth of the stratum's rate mixed into a group's; purified groups need less than raw carriers."""
WORST = -2.0
"""Nats that one facet may count against an account."""
NEAR = 1
"""Nats at which a candidate that is no member is kept as near.

The held-out family may still name it: content gives ten nats at most, and about twelve are needed.
"""


def rescored(
    engine: Engine, marked: Table, members: Table, accounts: int, settings: LinkageSettings
) -> Table:
    """Create table weighed (group, account, facet_number, family, nats): evidence by facet, in micronats.

    It has all accounts that carry a telling key. The group's members are left out of what their peers do.
    """
    carried = engine.create(
        "carried",
        marked.select("account", "key", "stratum", "df").join(members.select("group", "account"), "account"),
    )
    profile = engine.create("profile", _profile(carried, members, accounts))
    telling = profile.filter(_.telling).select("group", "key")
    candidates = marked.select("account", "key").join(telling, "key").select("group", "account").distinct()
    keys = candidates.join(
        marked.select(
            "account",
            "key",
            "facet_number",
            "family",
            "scales",
            "moment",
            "stratum",
            "here",
            "peers",
            "df",
            "starts",
            "owned",
        ),
        "account",
    )
    known = keys.left_join(profile.select("group", "key", "carriers", "size"), ["group", "key"]).drop(
        "group_right", "key_right"
    )
    rows = _with_inside(known, carried, members)
    p0 = chance(
        rows.here - rows.carriers_here - rows.other,
        rows.peers - rows.inside - rows.other,
        rows.df - rows.carriers - rows.other,
        accounts - rows["size"] - rows.other,
        settings.smooth,
    )
    own = 1 - rows.other
    shared = micronats(rows.carriers - own, rows["size"] - own, p0, PROFILE_WEIGHT)
    nats = ibis.coalesce(shared, ibis.literal(UNSHARED, "int64")) // rows.scales
    compared = engine.create("compared", rows.mutate(nats=nats, p0=p0))
    facet = compared.group_by("group", "account", "facet_number", "family", "moment").agg(nats=_.nats.sum())
    closed = closed_facets(compared, accounts)
    capped = cap_of(facet, closed, settings.facet_cap_nats, settings.family_cap_nats)
    nats = ibis.least(clipped(capped.nats, WORST, settings.family_cap_nats), capped.cap)
    return engine.create("weighed", capped.mutate(nats=nats).drop("cap"))


def _profile(carried: Table, members: Table, accounts: int) -> Table:
    """Return (group, key, carriers, size, telling): what a group's accounts carry."""
    size = members.group_by("group").agg(size=_.count())
    joined = (
        carried.group_by("group", "key")
        .agg(carriers=_.count(), df=_.df.max())
        .filter(_.carriers >= 2)
        .join(size, "group")
    )
    outside = (joined.df - joined.carriers + 0.5) / (accounts - joined["size"] + 0.5)
    lift = joined.carriers.cast("float64") / joined["size"] / outside
    return joined.select(
        "group",
        "key",
        "carriers",
        "size",
        telling=(joined.carriers >= TELLING_CARRIERS)
        & (lift >= TELLING_LIFT)
        & (joined.carriers * TELLING_STRANGERS >= joined.df),
    )


def _with_inside(known: Table, carried: Table, members: Table) -> Table:
    """Add other (0 for a member, 1 for all others), inside and carriers_here to the rows.

    These count the members in the row's stratum, and those of them who carry the key.
    """
    places = (
        carried.select("group", "account", "stratum")
        .distinct()
        .group_by("group", "stratum")
        .agg(inside=_.count())
    )
    here = carried.group_by("group", "key", "stratum").agg(carriers_here=_.count())
    rows = known.left_join(members.select("group", "account", member=1), ["group", "account"]).drop(
        "group_right", "account_right"
    )
    rows = rows.left_join(places, ["group", "stratum"]).drop("group_right", "stratum_right")
    rows = rows.left_join(here, ["group", "key", "stratum"]).drop("group_right", "key_right", "stratum_right")
    zero = {name: rows[name].fill_null(0) for name in ("inside", "carriers_here")}
    return rows.mutate(**zero, other=1 - rows.member.fill_null(0))


def totals(engine: Engine, weighed: Table, settings: LinkageSettings) -> Table:
    """Table totals (group, account, nats, families, lasting): evidence over all families.

    For candidates with some. families: the number of families that give two nats. Facets of one family are
    correlated by nature (a client brings its TLS stack and its headers). So a family gives its strongest
    facet in full and a third of what the others add. lasting: the most that a facet gives whose keys are no
    moments.
    """
    family = weighed.group_by("group", "account", "family").agg(
        all=_.nats.sum(), best=_.nats.max(), lasting=ibis.ifelse(_.moment, 0, _.nats).max()
    )
    joint = ((family.all + 2 * ibis.greatest(family.best, ibis.literal(0, "int64"))) // 3).cast("int64")
    total = (
        family.mutate(nats=clipped(joint, 2 * WORST, settings.family_cap_nats))
        .group_by("group", "account")
        .agg(nats=_.nats.sum(), families=(_.nats >= 2 * MICRO).cast("int64").sum(), lasting=_.lasting.max())
    )
    return engine.create("totals", total.filter(_.nats >= NEAR * MICRO))


def accepted(totals: Table, settings: LinkageSettings) -> Table:
    """Return the candidates over the threshold, with evidence from at least two families.

    Moments alone are none: an event gives one registration day and one minute to strangers at many places.
    """
    enough = (_.nats >= int(settings.threshold_nats * MICRO)) & (_.families >= 2)
    return totals.filter(enough & (_.lasting >= 2 * MICRO)).select("group", "account", "nats")
