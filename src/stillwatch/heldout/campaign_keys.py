"""The held-out keys that are a campaign's own, with which a later run recognises it without the traces."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.heldout.content import FAMILY
from stillwatch.heldout.key_weights import CARRIERS
from stillwatch.registry import FACETS
from stillwatch.schema.lineage import CAMPAIGN_KEYS
from stillwatch.schema.table import values

MOST = 200
"""Keys of a group that are kept; these are the heaviest."""


def campaign_keys(
    engine: Engine,
    traces: Table,
    campaigns: pa.Table,
    members: pa.Table,
    known: pa.Table,
    everyone: int,
    own_share: float,
) -> pa.Table:
    """Return table campaign_keys.

    traces: account, key, facet. campaigns: group, campaign, listed. members: group, account. known: account,
    of an earlier run's listed campaigns. everyone: number of all accounts. own_share: share of a key's
    carriers that must be in campaigns, from 0 to 1.
    """
    listed = set(values(campaigns.filter(campaigns["listed"]), "group"))
    groups, accounts = members["group"].to_numpy(), members["account"].to_numpy()
    in_listed = np.isin(groups, np.array(sorted(listed), np.int32))
    inside = np.unique(np.concatenate([accounts[in_listed], known["account"].to_numpy()]))
    rows = pa.table(
        {
            "group": pa.array(groups, pa.int32()),
            "account": pa.array(accounts, pa.int64()),
            "apart": pa.array(~np.isin(accounts, inside), pa.bool_()),
        }
    )
    names = [name for name, facet in FACETS.all().items() if facet.family == FAMILY]
    content = traces.filter(_.facet.isin(names)).select("account", "key", "facet")
    carried = engine.collect(
        content.join(engine.load("campaign_accounts", rows), "account")
        .group_by("group", "facet", "key")
        .agg(accounts=_.count(), apart=_.apart.cast("int64").sum())
        .filter(_.accounts >= CARRIERS)
        .order_by(["group", "facet", "key"])
    )
    counted = _counted(engine, content, carried, inside)
    return _weighed(carried, counted, campaigns, rows, everyone - len(inside), own_share)


def _counted(engine: Engine, content: Table, carried: pa.Table, inside: np.ndarray) -> pa.Table:
    """Return key, df (accounts that carry it), inside (those of them in listed campaigns)."""
    keys = engine.load("campaign_keys", pa.table({"key": carried["key"].unique()}))
    counts = {"account": pa.array(inside, pa.int64()), "n": pa.array(np.ones(len(inside)), pa.int64())}
    named = engine.load("listed_accounts", pa.table(counts))
    return engine.collect(
        content.semi_join(keys, "key")
        .left_join(named, "account")
        .group_by("key")
        .agg(df=_.count(), inside=_.n.fill_null(0).sum().cast("int64"))
        .order_by("key")
    )


def _weighed(
    carried: pa.Table, counted: pa.Table, campaigns: pa.Table, rows: pa.Table, outside: int, own_share: float
) -> pa.Table:
    """Return the own keys of each group with their weights."""
    group, accounts, apart = (carried[name].to_numpy() for name in ("group", "accounts", "apart"))
    place = np.searchsorted(counted["key"].to_numpy(), carried["key"].to_numpy())
    df, inside = (counted[name].to_numpy()[place] for name in ("df", "inside"))
    strangers = df - inside - apart
    sizes = np.bincount(rows["group"].to_numpy())
    not_inside = np.bincount(rows["group"].to_numpy(), rows["apart"].to_numpy(zero_copy_only=False))
    share = accounts / sizes[group]
    rate = (strangers + 0.5) / (np.maximum(outside - not_inside[group], strangers) + 0.5)
    nats = np.round(share * np.log(share / rate), 6)
    own = (df - strangers >= own_share * df) & (nats > 0.0)
    names = dict(zip(values(campaigns, "group"), values(campaigns, "campaign"), strict=True))
    table = pa.table(
        [
            carried["group"],
            pa.array([names[number] for number in group.tolist()], pa.string()),
            carried["facet"],
            carried["key"],
            carried["accounts"],
            pa.array(strangers, pa.int64()),
            pa.array(nats, pa.float64()),
        ],
        schema=CAMPAIGN_KEYS.arrow,
    ).filter(pa.array(own))
    table = table.sort_by([("group", "ascending"), ("nats", "descending"), ("key", "ascending")])
    ordered = table["group"].to_numpy()
    return table.filter(pa.array(np.arange(len(ordered)) - np.searchsorted(ordered, ordered) < MOST))
