"""How likely a peer carries a key, and what carrying it says about belonging to a group."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from stillwatch.engine import Engine
from stillwatch.settings import LinkageSettings

MICRO = 1_000_000
"""Evidence is summed as whole micronats: integer sums are equal in every engine and every order."""


def marked(engine: Engine, traces: Any, strata: Any, facets: Any, settings: LinkageSettings) -> Any:
    """Table marked: traces of the formation facets with df, stratum and p0, the chance that a peer carries the key.

    p0 is estimated leave-one-out within the stratum, shrunk to the global rate with the weight of `smooth` accounts, and never
    below half of the global rate, so that a key unseen in a small stratum is not taken for impossible.
    """
    everyone = float(max(engine.collect(strata.agg(n=strata.count())).column("n")[0].as_py(), 2))
    forms = facets.filter(_.forms).select("facet", "facet_number", "family", "starts")
    rows = traces.join(forms, "facet").join(strata.select("account", "stratum"), "account")
    rows = engine.create("formation", rows.select("account", "key", "facet_number", "family", "starts", "stratum"))
    df = rows.group_by("key").agg(df=_.count())
    sizes = strata.group_by("stratum").agg(peers=_.count())
    local = rows.group_by("key", "stratum").agg(c=_.count()).join(df, "key").join(sizes, "stratum")
    everywhere = (local.df - 0.5) / (everyone - 0.5)
    here = (local.c - 1.0 + settings.smooth * everywhere) / (local.peers - 1.0 + settings.smooth)
    chances = local.select("key", "stratum", "df", p0=ibis.least(ibis.greatest(here, everywhere / 2.0), ibis.literal(1.0)))
    return engine.create("marked", rows.join(chances, ["key", "stratum"]))


def micronats(carriers: Any, size: Any, p0: Any, settings: LinkageSettings, weight: float | None = None) -> Any:
    """Log-likelihood ratio of one key, in whole micronats: the group's smoothed rate against the stratum's."""
    smooth = settings.smooth if weight is None else weight
    rate = (carriers + smooth * p0) / (size + smooth)
    return ((rate / p0).ln() * float(MICRO)).round().cast("int64")


def clipped(value: Any, low: float, high: float) -> Any:
    """A micronat column held between two bounds given in nats."""
    return ibis.greatest(ibis.least(value, ibis.literal(int(high * MICRO), "int64")), ibis.literal(int(low * MICRO), "int64"))
