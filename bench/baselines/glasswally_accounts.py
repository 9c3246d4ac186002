"""What Glasswally keeps beside an account's own window.

These are clusters, stacks and system prompts of many accounts, bursts, and moves between models. It builds
these as requests come in and never forgets keys; here they are as at the end of the log. Its clusters merge
incompletely when two meet; here they merge fully.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from ibis import _
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from baselines.streams import DAY, HOUR, Array, Floats, Ints, Stream, sums
from baselines.tables import Tables

BURST, STRONG = 5, 12
"""Accounts within a second that are a burst, and a sure one."""
LOOK_BACK = 300
"""Seconds in which earlier bursts count."""
HALF_DAY = 12 * HOUR


@dataclass(frozen=True)
class Mine:
    """Some accounts' entries, in their order."""

    cluster: Ints
    """Number of the cluster; -1: none."""
    size: Ints
    """Accounts of the cluster."""
    hydra: Floats
    """Score of the cluster."""
    hydra_sure: Floats
    """Its confidence."""
    cloud: Ints
    """1 if most of the cluster is in hosting networks, 2 if most of it is in one such network."""
    stacks: Ints
    """TLS stacks of the account."""


@dataclass(frozen=True)
class Bursts:
    """Seconds in which many accounts sent requests."""

    seconds: Ints
    """The seconds, sorted."""
    score: Floats
    """Score of each."""
    sure: Floats
    """Its confidence."""

    def said(self, seconds: Ints) -> tuple[Floats, Floats]:
        """Return score and confidence of requests in those seconds."""
        if not len(self.seconds):
            return np.zeros(len(seconds)), np.zeros(len(seconds))
        place = np.minimum(np.searchsorted(self.seconds, seconds), len(self.seconds) - 1)
        hit = self.seconds[place] == seconds
        return np.where(hit, self.score[place], 0.0), np.where(hit, self.sure[place], 0.0)


@dataclass(frozen=True)
class Pivots:
    """Accounts of one cluster that moved to one model in one half-day.

    This replaces its 'within 6 hours of each other'.
    """

    together: dict[tuple[int, int, int], int]
    """By cluster, number of the model, and half-day since 1970."""

    def said(self, stream: Stream, cluster: Ints) -> tuple[Floats, Floats]:
        """Return score and confidence of requests up to a day after their account's last change of model."""
        model, here = stream.columns["model_number"], np.arange(len(stream))
        changed = np.append(False, (np.diff(model) != 0) & (np.diff(stream.number) == 0))
        last = np.maximum.accumulate(np.where(changed, here, -1))
        fresh = (last >= stream.start[stream.number]) & (stream.at - stream.at[np.maximum(last, 0)] <= DAY)
        rows = np.flatnonzero(fresh)
        at = last[rows]
        keys = np.stack([cluster[rows], model[at].astype(np.int64), stream.at[at] // HALF_DAY], axis=1)
        apart, places = np.unique(keys, axis=0, return_inverse=True)
        counts = np.array([self.together.get((c, m, t), 0) for c, m, t in apart.tolist()])
        together = counts[places.ravel()] if len(counts) else np.empty(0)
        score = np.zeros(len(stream))
        score[rows] = np.where(together >= 5, np.minimum(0.20 + together / 30.0 * 0.80, 1.0), 0.20)
        return score, np.full(len(stream), 0.85)


@dataclass(frozen=True)
class Whole:
    """Everything that the workers look up."""

    accounts: Ints
    """All accounts, sorted."""
    mine: Mine
    """Their entries."""
    popular_stacks: Ints
    """TLS stacks of ten accounts and more."""
    carriers_of_systems: dict[int, int]
    """System prompts of three accounts and more, with how many have them."""
    bursts: Bursts
    """Bursts."""
    pivots: Pivots
    """Moves between models."""

    def of(self, accounts: Ints) -> Mine:
        """Return the entries of some accounts."""
        place = np.searchsorted(self.accounts, accounts)
        return Mine(*(getattr(self.mine, name)[place] for name in Mine.__dataclass_fields__))


def whole(tables: Tables) -> Whole:
    """Read the log once for each thing that is kept."""
    seen = tables.exchanges.group_by("account").agg(
        n=_.count(), stacks=_.ja4.nunique(), hosting=_.hosting.argmax(_.at), asn=_.asn.argmax(_.at)
    )
    table = tables.engine.collect(
        seen.mutate(hosting=_.hosting.fill_null(False), asn=_.asn.fill_null(0)).order_by("account")
    )
    accounts = table["account"].to_numpy()
    clusters, mine = _clusters(tables, table, accounts)
    return Whole(
        accounts,
        mine,
        _carriers(tables, "ja4", 10)[0],
        dict(zip(*(part.tolist() for part in _carriers(tables, "system", 3)), strict=True)),
        bursts(tables),
        _pivots(tables, accounts, clusters),
    )


def _carriers(tables: Tables, column: str, least: int) -> tuple[Ints, Ints]:
    """Return keys of a column that enough accounts carry, and how many."""
    counted = (
        tables.exchanges.filter(tables.exchanges[column].notnull())
        .group_by(key=_[column])
        .agg(n=_.account.nunique())
    )
    table = tables.engine.collect(counted.filter(_.n >= least).order_by("key"))
    return table["key"].to_numpy(), table["n"].to_numpy()


def _clusters(tables: Tables, table: pa.Table, accounts: Ints) -> tuple[Ints, Mine]:
    """Accounts that share a card, an organisation, a subnet or a TLS stack with at least two others."""
    kinds = {name: _carried(tables, name) for name in ("payment", "organisation", "subnet", "ja4")}
    place = np.concatenate([np.searchsorted(accounts, rows) for rows, _keys in kinds.values()])
    keys = np.concatenate(
        [np.stack([np.full(len(keys), i), keys], axis=1) for i, (_rows, keys) in enumerate(kinds.values())]
    )
    _distinct, number = np.unique(keys, axis=0, return_inverse=True)
    number = number.ravel()
    every = len(accounts) + int(number.max(initial=-1)) + 1
    graph = sparse.coo_matrix(
        (np.ones(len(place), np.int8), (place, len(accounts) + number)), shape=(every, every)
    )
    labels: Ints = np.asarray(connected_components(graph, directed=False)[1], np.int64)
    own = labels[: len(accounts)]
    size = np.bincount(own, minlength=every)
    cards, subnets = (_kinds_in(labels, len(accounts) + number, keys[:, 0] == kind, every) for kind in (0, 2))
    shared = np.bincount(number[keys[:, 0] == 0], minlength=every)
    crowded = np.zeros(every, np.bool_)
    crowded[labels[len(accounts) + np.flatnonzero(shared >= 4)]] = True
    requests = np.bincount(own, weights=table["n"].to_numpy(), minlength=every)
    score = (
        np.minimum(size / 25.0, 1.0) * 0.40
        + np.minimum(cards * 0.07, 0.35)
        + np.minimum(subnets * 0.03, 0.15)
        + 0.15 * crowded
    )
    whole_enough = size >= 3
    score, sure = (
        np.where(whole_enough, np.minimum(score, 1.0), 0.0),
        np.where(whole_enough, np.minimum(requests / 100.0, 1.0), 0.2),
    )
    cloud = _cloud(table, own, size)
    cluster = np.where(size[own] >= 3, own, -1).astype(np.int64)
    return cluster, Mine(cluster, size[own], score[own], sure[own], cloud[own], table["stacks"].to_numpy())


def _carried(tables: Tables, name: str) -> tuple[Ints, Ints]:
    """Return accounts and the keys of a column that they carry."""
    rows = tables.accounts if name in ("payment", "organisation") else tables.exchanges
    seen = rows.semi_join(tables.exchanges, "account") if rows is tables.accounts else rows
    table = tables.engine.collect(seen.filter(_[name].notnull()).select("account", key=_[name]).distinct())
    return table["account"].to_numpy(), table["key"].to_numpy()


def _kinds_in(labels: Ints, nodes: Ints, which: Array, every: int) -> Ints:
    """Count the different keys of a kind in each cluster."""
    return np.bincount(labels[np.unique(nodes[which])], minlength=every)


def _cloud(table: pa.Table, own: Ints, size: Ints) -> Ints:
    """Return 0, 1 or 2 for each cluster; see Mine.cloud."""
    hosted = table["hosting"].to_numpy().astype(np.bool_)
    share = np.bincount(own[hosted], minlength=len(size)) / np.maximum(size, 1)
    network = table["asn"].to_numpy()
    pairs, counts = np.unique(np.stack([own[hosted], network[hosted]], axis=1), axis=0, return_counts=True)
    largest = np.zeros(len(size))
    np.maximum.at(largest, pairs[:, 0], counts)
    cloudy = (size >= 3) & (share >= 0.60)
    return cloudy.astype(np.int64) + (cloudy & (largest / np.maximum(size, 1) >= 0.70))


def bursts(tables: Tables) -> Bursts:
    """Return seconds with enough accounts, and whether such seconds recur evenly."""
    counted = (
        tables.exchanges.group_by(second=_["at"] // 1000).agg(n=_.account.nunique()).filter(_.n >= BURST)
    )
    table = tables.engine.collect(counted.order_by("second"))
    second, n = table["second"].to_numpy(), table["n"].to_numpy()
    first, here = np.searchsorted(second, second - LOOK_BACK), np.arange(len(second))
    gaps = np.diff(second, prepend=second[:1]).astype(np.float64)
    total, squares = sums(gaps), sums(gaps**2)
    between = np.maximum(here - first - 1, 1)
    mean = (total[here] - total[np.minimum(first + 1, here)]) / between
    variance = np.maximum((squares[here] - squares[np.minimum(first + 1, here)]) / between - mean**2, 0.0)
    uneven = np.where(mean > 1.0, np.sqrt(variance) / np.maximum(mean, 1e-9), 1.0)
    recurs = here - first >= 3
    score = np.minimum((n - BURST) / (STRONG - BURST) * 0.50, 0.50)
    score = score + recurs * (0.30 + np.where(uneven < 0.15, 0.20, np.where(uneven < 0.35, 0.10, 0.0)))
    return Bursts(second, np.minimum(score, 1.0), np.minimum(n / STRONG, 1.0))


def _pivots(tables: Tables, accounts: Ints, clusters: Ints) -> Pivots:
    """Return changes of model, counted by cluster, model and half-day."""
    known = tables.engine.load("glasswally_clusters", pa.table({"account": accounts, "cluster": clusters}))
    before: Any = ibis.window(group_by=_.account, order_by=[_["at"], _.request])
    moved = tables.exchanges.select("account", "at", "request", "model_number").mutate(
        earlier=_.model_number.lag().over(before)
    )
    moved = (
        moved.filter(_.earlier.notnull() & (_.earlier != _.model_number))
        .join(known, "account")
        .filter(_.cluster >= 0)
    )
    counted = moved.group_by("cluster", "model_number", half=_["at"] // HALF_DAY).agg(n=_.account.nunique())
    rows = tables.engine.collect(counted).to_pylist()
    return Pivots({(row["cluster"], row["model_number"], row["half"]): row["n"] for row in rows})
