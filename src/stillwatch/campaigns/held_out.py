"""Test each linked group on the content family, which had no part in forming it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _
from scipy.special import logsumexp

from stillwatch.engine import Engine
from stillwatch.registry import FACETS
from stillwatch.schema.table import values

FAMILY = "content"
TILTS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Alternatives bet on, as exponential tilts of the peers' rate; their mean is the bet."""
KEYS = 200
"""Keys of a group that are weighed; leaving the rest out only lowers its e-value."""
CARRIERS = 3
"""Members that must carry a key before it is weighed."""
NULL = (
    "given region, plan, activity and client, the group's accounts carry prompts, tools, parameters and token shapes "
    "as often as accounts outside it do"
)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class HeldOut:
    """What the held-out family says."""

    everyone: int
    """Accounts with exchanges."""
    log_e: dict[int, float]
    """Natural logarithm of each group's e-value."""
    p_values: dict[tuple[int, int], float]
    """(group, account): p-value of the account alone."""
    nats: dict[int, tuple[npt.NDArray[np.int64], Floats]]
    """For each group, accounts (sorted) that carry any of its telling content keys, and their content evidence in nats."""
    carried: dict[int, float]
    """Share of each group's tested accounts that carry any of its telling content keys."""
    facets: dict[int, list[str]]
    """Facets with a key that a group's accounts carry more than their peers."""

    def of_group(self, group: int) -> dict[int, float]:
        """The p-values of a group's tested accounts."""
        return {account: p for (name, account), p in self.p_values.items() if name == group}


def held_traces(engine: Engine, traces: Any, strata: Any) -> Any:
    """Table held (account, key, facet, cell, region): the traces of the content family, with the account's cell of peers."""
    names = [name for name, facet in FACETS.all().items() if facet.family == FAMILY]
    rows = traces.filter(_.facet.isin(names)).join(strata.select("account", "cell", "region"), "account")
    return engine.create("held", rows.select("account", "key", "facet", "cell", "region"))


def test_held_out(engine: Engine, held: Any, strata: Any, members: pa.Table, smooth: float) -> HeldOut:
    """e-value of each group and p-value of each member against NULL."""
    inside = engine.load("inside", members.select(["group", "account"]))
    everyone = int(values(engine.collect(strata.agg(n=strata.count())), "n")[0])
    keys = _weighed_keys(engine, held, inside, members, everyone)
    common = held.group_by("key").agg(df=_.count()).filter(_.df >= CARRIERS)
    tests = max(int(values(engine.collect(common.agg(n=common.count())), "n")[0]), 1)
    log_e = _log_e_values(engine, held, strata, inside, keys, tests, everyone, smooth)
    facets: dict[int, list[str]] = {}
    for group, facet in sorted({(int(g), str(f)) for g, f in zip(values(keys, "group"), values(keys, "facet"), strict=True)}):
        facets.setdefault(group, []).append(facet)
    scores = _scores(engine, held, keys)
    p_values = _account_p_values(engine, strata, scores, members)
    carried = {
        group: float(np.isin(table.column("account").to_numpy(), scores[group][0]).mean()) if group in scores else 0.0
        for group, table in _by_group(members).items()
    }
    return HeldOut(everyone, log_e, p_values, scores, carried, facets)


def _weighed_keys(engine: Engine, held: Any, inside: Any, members: pa.Table, everyone: int) -> pa.Table:
    """The most telling keys of each group: group, key, facet, carriers, size, df, weight (nats, from the rate outside)."""
    df = held.group_by("key").agg(df=_.count())
    carried = held.join(inside, "account").group_by("group", "key", "facet").agg(carriers=_.count()).filter(_.carriers >= CARRIERS)
    size = inside.group_by("group").agg(size=_.count())
    found = engine.collect(carried.join(df, "key").join(size, "group").select("group", "key", "facet", "carriers", "size", "df"))
    carriers, sizes, dfs = (found.column(name).to_numpy().astype(np.float64) for name in ("carriers", "size", "df"))
    outside = (dfs - carriers + 0.5) / (everyone - sizes + 0.5)
    weight = np.log(np.maximum(carriers - 1.0, 0.5) / np.maximum(sizes - 1.0, 1.0) / outside)
    found = found.append_column("weight", pa.array(np.round(weight, 9))).append_column("gain", pa.array(np.round(weight * carriers, 6)))
    found = found.filter(pa.array(weight > np.log(3.0)))
    found = found.sort_by([("group", "ascending"), ("gain", "descending"), ("key", "ascending")])
    groups = found.column("group").to_numpy()
    first = np.searchsorted(groups, groups, side="left") if len(groups) else np.zeros(0, np.int64)
    return found.filter(pa.array(np.arange(len(groups)) - first < KEYS))


def _log_e_values(engine: Engine, held: Any, strata: Any, inside: Any, keys: pa.Table, tests: int, everyone: int, smooth: float) -> dict[int, float]:
    """Mean over keys and tilts of exp(tilt * carriers) over its bound under the null, so that its expectation is at most one.

    Sampling without replacement within a cell is dominated by the binomial (Hoeffding 1963, section 6); rates are those of
    the accounts outside the group in the same cell, shrunk to the rate outside.
    """
    chosen = engine.load("telling", keys.select(["group", "key"]))
    cells = strata.group_by("cell").agg(peers=_.count())
    mine = strata.join(inside, "account").group_by("group", "cell").agg(own=_.count()).join(cells, "cell")
    own_cells = _by_group(engine.collect(mine.select("group", "cell", "own", "peers").order_by(["group", "cell"])))
    everywhere = held.join(chosen, "key").group_by("group", "key", "cell").agg(all=_.count())
    within = held.join(inside, "account").join(chosen, ["group", "key"]).group_by("group", "key", "cell").agg(own=_.count())
    joined = everywhere.left_join(within, ["group", "key", "cell"]).select("group", "key", "cell", "all", own=_.own.fill_null(0))
    present = joined.semi_join(mine, ["group", "cell"])
    counts = _by_group(engine.collect(present.order_by(["group", "key", "cell"])))
    weighed = _by_group(keys.sort_by([("group", "ascending"), ("key", "ascending")]))
    return {group: _group_log_e(table, own_cells[group], counts[group], tests, everyone, smooth) for group, table in weighed.items()}


def _group_log_e(keys: pa.Table, cells: pa.Table, counts: pa.Table, tests: int, everyone: int, smooth: float) -> float:
    names = keys.column("key").to_numpy()
    carriers, df = (keys.column(name).to_numpy().astype(np.float64) for name in ("carriers", "df"))
    size = float(keys.column("size")[0].as_py())
    places = cells.column("cell").to_numpy()
    own, peers = (cells.column(name).to_numpy().astype(np.float64) for name in ("own", "peers"))
    elsewhere = np.zeros((len(names), len(places)))
    row = np.searchsorted(names, counts.column("key").to_numpy())
    column = np.searchsorted(places, counts.column("cell").to_numpy())
    elsewhere[row, column] = counts.column("all").to_numpy() - counts.column("own").to_numpy()
    outside = ((df - carriers + 0.5) / (everyone - size + 0.5))[:, None]
    rate = np.minimum((elsewhere + smooth * outside) / ((peers - own)[None, :] + smooth), 1.0)
    bets = [tilt * carriers - (own[None, :] * np.log1p(rate * np.expm1(tilt))).sum(axis=1) for tilt in TILTS]
    return float(np.round(logsumexp(np.concatenate(bets)) - np.log(tests * len(TILTS)), 6))


def _scores(engine: Engine, held: Any, keys: pa.Table) -> dict[int, tuple[npt.NDArray[np.int64], Floats]]:
    """For each group: accounts that carry its keys, sorted, and the sum over facets of their best key's weight, in nats."""
    weights = engine.load("weights", keys.select(["group", "key", "weight"]))
    facet = held.join(weights, "key").group_by("group", "account", "facet").agg(weight=_.weight.max())
    score = facet.group_by("group", "account").agg(score=(_.weight * 1e6).round().cast("int64").sum())
    tables = _by_group(engine.collect(score.order_by(["group", "account"])))
    return {group: (table.column("account").to_numpy(), table.column("score").to_numpy() / 1e6) for group, table in tables.items()}


def _account_p_values(
    engine: Engine, strata: Any, scores: dict[int, tuple[npt.NDArray[np.int64], Floats]], members: pa.Table
) -> dict[tuple[int, int], float]:
    """Rank of each member's content among the accounts of its region outside the group, ties against it."""
    regions = engine.collect(strata.select("account", "region").order_by("account"))
    account_ids, names = regions.column("account").to_numpy(), regions.column("region").to_numpy(zero_copy_only=False).astype(str)
    region_names, region = np.unique(names, return_inverse=True)
    result: dict[tuple[int, int], float] = {}
    for group, table in _by_group(members).items():
        own = table.column("account").to_numpy()
        full = np.zeros(len(account_ids))
        if group in scores:
            full[np.searchsorted(account_ids, scores[group][0])] = scores[group][1]
        place = np.searchsorted(account_ids, own)
        others = np.ones(len(account_ids), np.bool_)
        others[place] = False
        p = _ranked(full[place], region[place], full[others], region[others], len(region_names))
        result |= {(group, int(a)): float(v) for a, v in zip(own, p, strict=True)}
    return result


def _ranked(own: Floats, place: npt.NDArray[Any], others: Floats, where: npt.NDArray[Any], regions: int) -> Floats:
    """Conformal p-values by region; a region with fewer than a hundred outsiders is compared with everyone."""
    p = np.ones(len(own))
    everyone = np.sort(others)
    for region in range(regions):
        mine = place == region
        if not mine.any():
            continue
        local = np.sort(others[where == region])
        pool = local if len(local) >= 100 else everyone
        above = len(pool) - np.searchsorted(pool, own[mine], side="left")
        p[mine] = (1.0 + above) / (1.0 + len(pool))
    return p


def _by_group(table: pa.Table) -> dict[int, pa.Table]:
    """A table with a column group, sorted by it, cut into one table a group."""
    groups = table.column("group").to_numpy()
    names, start = np.unique(groups, return_index=True)
    if len(groups) and not (np.diff(groups.astype(np.int64)) >= 0).all():
        raise ValueError("BUG: the table is not sorted by group")
    ends = [*start[1:], len(groups)]
    return {int(name): table.slice(int(a), int(b - a)) for name, a, b in zip(names, start, ends, strict=True)}
