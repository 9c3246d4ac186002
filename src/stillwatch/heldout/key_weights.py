"""How much a held-out key counts for an account: its rate in the group against that among its client's users.

One tool brings its prompt, its tools and its defaults to everybody who uses it. Against all accounts these
would name strangers who use an operator's tool. Against the tool's other users they say nothing.
"""

from __future__ import annotations

import math

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table

CARRIERS = 3
"""Members that must carry a key before it is weighed."""
TELLING = math.log(3.0)
"""A key is weighed if it is more frequent in the group than outside by at least so many nats."""
SMOOTH = 1.0
"""Accounts' worth of everybody's rate that is mixed into that of a client's users: a few of them tell much."""
MICRO = 1_000_000
"""Nats are summed as whole micronats, which give the same sum in any order."""
NO_CLIENT = 0
"""Stands for the client of accounts whose requests name none."""
KEYS = 200
"""Keys of a group that are weighed; leaving out the rest only lowers its e-value."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def carried_keys(engine: Engine, held: Table, inside: Table) -> pa.Table:
    """Return keys that CARRIERS or more of a group carry: group, key, facet, carriers, size, df."""
    df = held.group_by("key").agg(df=_.count())
    carried = (
        held.join(inside, "account")
        .group_by("group", "key", "facet")
        .agg(carriers=_.count())
        .filter(_.carriers >= CARRIERS)
    )
    size = inside.group_by("group").agg(size=_.count())
    return engine.collect(
        carried.join(df, "key").join(size, "group").select("group", "key", "facet", "carriers", "size", "df")
    )


def telling(found: pa.Table, everyone: int) -> pa.Table:
    """Return the most telling keys of each group, with their weight in nats against the rate outside it.

    At most KEYS of each group, by what all carriers' weights add up to (gain).
    """
    carriers, sizes, dfs = _floats(found, "carriers", "size", "df")
    outside = (dfs - carriers + 0.5) / (everyone - sizes + 0.5)
    weight = np.log(np.maximum(carriers - 1.0, 0.5) / np.maximum(sizes - 1.0, 1.0) / outside)
    found = found.append_column("weight", pa.array(np.round(weight, 9))).append_column(
        "gain", pa.array(np.round(weight * carriers, 6))
    )
    found = found.filter(pa.array(weight > TELLING))
    found = found.sort_by([("group", "ascending"), ("gain", "descending"), ("key", "ascending")])
    groups = found.column("group").to_numpy()
    first = np.searchsorted(groups, groups, side="left") if len(groups) else np.zeros(0, np.int64)
    return found.filter(pa.array(np.arange(len(groups)) - first < KEYS))


def key_weights(
    engine: Engine, held: Table, strata: Table, inside: Table, found: pa.Table, naming: pa.Table
) -> Table:
    """Create table key_weights (group, account, facet, nats, most, least), in micronats.

    A row is what an account's best key of a facet counts for a group; accounts without a client are compared
    with each other.

    found: keys of carried_keys. nats: for naming, null where none of the keys is of `naming` (group, key).
    most, least: for ranking an account among its peers, where a member is left out of its group: `least` is
    for a member that carries the key, and `most` bounds the value for an outsider in its place. A key that is
    not telling among the client's users counts nothing, but does not count as lacking.
    """
    everyone = int(engine.collect(strata.agg(n=_.count())).column("n")[0].as_py())
    most = _rates(found, everyone)
    found = found.filter(pa.array(most > TELLING))
    keys = engine.load("weighed_keys", found.select(["group", "key", "carriers", "size", "df"]))
    clients = strata.select("account", client=_.client.fill_null(NO_CLIENT))
    carrying = engine.create(
        "carrying_weighed",
        held.semi_join(keys, "key").join(clients, "account").select("account", "key", "facet", "client"),
    )
    weights = engine.load(
        "weights_by_client", _weights(_counts(engine, carrying, keys, clients, inside), everyone)
    )
    names = engine.load("naming", naming.select(["group", "key"])).mutate(names=True)
    told = weights.left_join(names, ["group", "key"]).drop("group_right", "key_right")
    told = told.mutate(nats=ibis.ifelse(told.names.fill_null(False), told.nats, ibis.null("int64")))
    rows = carrying.join(told, ["key", "client"]).group_by("group", "account", "facet")
    return engine.create("key_weights", rows.agg(nats=_.nats.max(), most=_.most.max(), least=_.least.max()))


def _counts(engine: Engine, carrying: Table, keys: Table, clients: Table, inside: Table) -> pa.Table:
    """Return, for each group's key and each client: carriers here, peers, and those of the group."""
    own = carrying.join(inside, "account").join(keys.select("group", "key"), ["group", "key"])
    rows = (
        keys.join(carrying.group_by("key", "client").agg(here=_.count()), "key")
        .left_join(own.group_by("group", "key", "client").agg(own=_.count()), ["group", "key", "client"])
        .drop("group_right", "key_right", "client_right")
        .join(clients.group_by("client").agg(peers=_.count()), "client")
        .left_join(
            inside.join(clients, "account").group_by("group", "client").agg(inside=_.count()),
            ["group", "client"],
        )
        .drop("group_right", "client_right")
    )
    return engine.collect(
        rows.mutate(own=_.own.fill_null(0), inside=_.inside.fill_null(0)).order_by(["group", "key", "client"])
    )


def _rates(found: pa.Table, everyone: int) -> Floats:
    """Return the most that each key can count against everybody outside the group, in nats."""
    carriers, size, df = _floats(found, "carriers", "size", "df")
    rest, others = np.maximum(size - 1.0, 1.0), everyone - size + 1.5
    return np.asarray(np.log(carriers / rest * others / (df - carriers + 0.5)))


def _weights(counts: pa.Table, everyone: int) -> pa.Table:
    """Weigh each key for each client; `here` of the client's `peers` carry it, of which the group has own."""
    carriers, size, df = _floats(counts, "carriers", "size", "df")
    here, own, peers, inside = _floats(counts, "here", "own", "peers", "inside")
    rest, others = np.maximum(size - 1.0, 1.0), everyone - size + 1.5
    outside, peers = here - own, peers - inside

    def chance(carry: Floats, of: Floats, everywhere: Floats) -> Floats:
        local = (carry + SMOOTH * everywhere) / (of + SMOOTH)
        return np.minimum(np.maximum(local, everywhere), 1.0)

    usual = chance(outside, peers, (df - carriers + 0.5) / (everyone - size + 0.5))
    nats = np.maximum(np.log(np.maximum(carriers - 1.0, 0.5) / rest / usual), 0.0)
    most = np.log(carriers / rest / chance(outside, peers, (df - carriers + 0.5) / others))
    rarer = chance(outside + 1.0, peers + 1.0, (df - carriers + 1.5) / others)
    least = np.where(carriers > CARRIERS, np.log(np.maximum(carriers - 1.0, 0.5) / rest / rarer), 0.0)
    columns = {"nats": nats, "most": np.where(most > TELLING, most, 0.0)}
    columns["least"] = np.where(least > TELLING, least, 0.0)
    table = counts.select(["group", "key", "client"])
    for name, values in columns.items():
        table = table.append_column(name, pa.array(np.round(values * MICRO).astype(np.int64)))
    return table


def _floats(table: pa.Table, *names: str) -> tuple[Floats, ...]:
    return tuple(table.column(name).to_numpy().astype(np.float64) for name in names)
