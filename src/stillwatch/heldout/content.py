"""Test each linked group on the content family, which had no part in forming it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _
from scipy.special import logsumexp

from stillwatch.engine import Engine, Table
from stillwatch.heldout.account_scores import (
    account_scores,
    accounts_compared,
    by_group,
)
from stillwatch.heldout.hypergeometric import log_moments
from stillwatch.heldout.key_weights import CARRIERS, MICRO, carried_keys, key_weights, telling
from stillwatch.heldout.peers import Cells, Sampler, cells_of, pooled
from stillwatch.heldout.semantic_evidence import SemanticEvidence, semantic_evidence
from stillwatch.registry import FACETS
from stillwatch.schema.codes import Null, NullTested
from stillwatch.schema.table import schema_of, values

FAMILY = "content"
GUESSABLE = ("parameters", "output_format")
"""Facets whose keys somebody who does not see an account's traffic can know: a published tool sets them.

Alone they name nobody. Otherwise whoever imitates a customer could get it named.
"""
TILTS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Exponential tilts of the peers' rate, the alternatives that are bet on; the mean over them is the bet."""
OUTSIDERS = 5
"""A cell tests the group only if it holds so many accounts outside the group."""
OUTSIDE_SHARE = 0.25
"""A cell must also hold so many outsiders for each account of the group."""
LEAST_MISSING = 0.02
"""An account without the group's content counts as no rarer than this among the members."""
FILLED = 0.5
"""Cells that lack outsiders are pooled if they hold more than this share of the group, else left out."""
CLOSE = 4.0
"""Nats of formation from which an account near a group is tested too: odds of fifty to one for it."""
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class HeldOut:
    """The results of the held-out family."""

    everyone: int
    """Accounts with exchanges."""
    null: dict[int, NullTested]
    """What each group was tested against."""
    log_e: dict[int, float]
    """Natural logarithm of each group's e-value."""
    p_values: dict[tuple[int, int], float]
    """(group, account): p-value of the account alone, of the group or close to it."""
    nats: dict[int, tuple[npt.NDArray[np.int64], Floats]]
    """For each group, accounts (sorted) with any of its telling content keys, and their nats of content."""
    carried: dict[int, float]
    """Share of each group's tested accounts that carry any of its telling content keys."""
    facets: dict[int, list[str]]
    """Facets with a key that the group carries more than its peers; `semantic` where that bet won."""
    semantic: SemanticEvidence
    """The evidence from the prompts' meaning."""

    def by_group(self) -> dict[int, dict[int, float]]:
        """For each group, the p-values of its own accounts."""
        groups: dict[int, dict[int, float]] = {}
        for (group, account), p in self.p_values.items():
            if (group, account) in self.semantic.p_close:
                continue
            groups.setdefault(group, {})[account] = p
        return groups


def held_traces(engine: Engine, traces: Table, strata: Table) -> Table:
    """Create table held (account, key, facet, cell, region): content traces with the account's cell."""
    names = [name for name, facet in FACETS.all().items() if facet.family == FAMILY]
    rows = traces.filter(_.facet.isin(names)).join(strata.select("account", "cell", "region"), "account")
    return engine.create("held", rows.select("account", "key", "facet", "cell", "region"))


def held_out_evidence(
    engine: Engine,
    held: Table,
    strata: Table,
    members: pa.Table,
    exchanges: Table | None,
    near: pa.Table | None,
) -> HeldOut:
    """Return the e-value of each group and the p-value of each member against Null.CONTENT.

    exchanges: account, semantic sketch of each exchange, where prompts were sketched. near: group, account of
    those that fit a group but for their content.
    """
    inside = engine.load("inside", members.select(["group", "account"]))
    cells = cells_of(engine.collect(strata.select("account", "cell", "client", "stratum", "region")))
    everyone = len(cells.account)
    found = carried_keys(engine, held, inside)
    keys = telling(found, everyone)
    weights = key_weights(engine, held, strata, inside, found, keys)
    common = held.group_by("key").agg(df=_.count()).filter(_.df >= CARRIERS)
    tests = max(int(values(engine.collect(common.agg(n=common.count())), "n")[0]), 1)
    own = {group: table.column("account").to_numpy() for group, table in by_group(members).items()}
    pools = {group: _pools(cells, cells.own(accounts)) for group, accounts in own.items()}
    log_e = _log_e_values(engine, held, inside, keys, pools, tests)
    facets: dict[int, list[str]] = {}
    for group, facet in sorted(
        {(int(g), str(f)) for g, f in zip(values(keys, "group"), values(keys, "facet"), strict=True)}
    ):
        facets.setdefault(group, []).append(facet)
    scores = _scores(engine, inside, weights, own) if keys.num_rows else {}
    sampler = Sampler(cells)
    compared = {
        group: sampler.compared(accounts, pools[group].number, pools[group].tested)
        for group, accounts in own.items()
    }
    close = close_accounts(near, set(own))
    ranked = {group: accounts_compared(sampler, accounts) for group, accounts in own.items()}
    semantic = semantic_evidence(
        engine, exchanges, cells, compared, ranked, account_scores(engine, weights, GUESSABLE), close
    )
    null = {
        group: NullTested(Null.CONTENT, wider=pool.wider, semantic=semantic.seen)
        for group, pool in pools.items()
    }
    for group in sorted(group for group, value in semantic.log_e.items() if value > 0.0):
        facets.setdefault(group, []).append("semantic")
    carried = {
        group: float(np.isin(accounts, scores[group][0]).mean()) if group in scores else 0.0
        for group, accounts in own.items()
    }
    return HeldOut(
        everyone, null, _joint(log_e, semantic), semantic.p_values(), scores, carried, facets, semantic
    )


def close_accounts(near: pa.Table | None, groups: set[int]) -> dict[int, Ints]:
    """Return the accounts near each group that share CLOSE nats of the marks that formed it."""
    if near is None or near.num_rows == 0:
        return {}
    close = near.filter(pa.array(near.column("nats").to_numpy() >= CLOSE))
    return {
        group: np.sort(table.column("account").to_numpy())
        for group, table in by_group(close.sort_by("group")).items()
        if group in groups
    }


def _joint(log_e: dict[int, float], semantic: SemanticEvidence) -> dict[int, float]:
    """Return the mean of both e-values; its expectation is one whatever their dependence.

    A group without telling keys has no bets on keys.
    """
    if not semantic.seen:
        return log_e
    return {
        group: float(np.round(np.logaddexp(log_e.get(group, -np.inf), value) - np.log(2.0), 6))
        for group, value in semantic.log_e.items()
    }


@dataclass(frozen=True)
class _Pools:
    """Where a group is tested."""

    cell: Ints
    """Numbers of all cells, sorted."""
    number: Ints
    """The pool of each cell."""
    drawn: Ints
    """The group's accounts in each pool; 0 in a pool that is left out."""
    whole: Ints
    """All accounts in each pool."""
    tested: npt.NDArray[np.bool_]
    """The cells whose accounts of the group are tested."""
    wider: bool
    """Whether some pools are more than one cell."""


def _pools(cells: Cells, own: Ints) -> _Pools:
    """Return the cells with enough outsiders, and pools of the other cells if they hold most of the group."""
    pools = pooled(cells, own, OUTSIDERS, OUTSIDE_SHARE)
    wider = int(own[~pools.alone].sum()) > FILLED * int(own.sum())
    tested = own > 0 if wider else pools.alone
    drawn, whole = (
        np.bincount(pools.number, count).astype(np.int64)
        for count in (np.where(tested, own, 0), cells.accounts)
    )
    return _Pools(cells.cell, pools.number, drawn, whole, tested, wider)


def _log_e_values(
    engine: Engine, held: Table, inside: Table, keys: pa.Table, pools: dict[int, _Pools], tests: int
) -> dict[int, float]:
    """Return each group's log e-value: mean over keys and tilts of exp(tilt * carriers) over its expectation.

    The expectation under the null is at most one. Given how many accounts of a pool carry a key, those among
    the group's accounts are a draw without replacement, so the bet needs no estimated rate. A mean of bets
    over dependent keys is a bet. Keys that are not weighed count as bets of zero.
    """
    chosen = engine.load("telling", keys.select(["group", "key"]))
    everywhere = held.join(chosen, "key").group_by("group", "key", "cell").agg(all=_.count())
    within = (
        held.join(inside, "account")
        .join(chosen, ["group", "key"])
        .group_by("group", "key", "cell")
        .agg(own=_.count())
    )
    joined = everywhere.left_join(within, ["group", "key", "cell"]).select(
        "group", "key", "cell", "all", own=_.own.fill_null(0)
    )
    counts = by_group(engine.collect(joined.order_by(["group", "key", "cell"])))
    return {group: _log_e(table, pools[group], tests) for group, table in counts.items()}


def _log_e(counts: pa.Table, pools: _Pools, tests: int) -> float:
    """Return the log e-value of one group.

    counts: key, cell, all, own, one row for each of the group's telling keys and each cell where it occurs.
    """
    width = len(pools.drawn)
    key, row = np.unique(counts.column("key").to_numpy(), return_inverse=True)
    place = row * width + pools.number[np.searchsorted(pools.cell, counts.column("cell").to_numpy())]
    marked, hits = (
        np.bincount(place, counts.column(name).to_numpy(), len(key) * width).astype(np.int64)
        for name in ("all", "own")
    )
    used = np.flatnonzero((marked > 0) & (np.tile(pools.drawn, len(key)) > 0))
    at = used % width
    gain = np.outer(hits[used], TILTS) - log_moments(pools.whole[at], marked[used], pools.drawn[at], TILTS)
    bets = np.zeros((len(key), len(TILTS)))
    np.add.at(bets, used // width, gain)
    return float(np.round(logsumexp(bets) - np.log(tests * len(TILTS)), 6))


def _scores(
    engine: Engine, inside: Table, weights: Table, own: dict[int, Ints]
) -> dict[int, tuple[Ints, Floats]]:
    """Return, for each group, the accounts that carry its keys (sorted) and their content evidence in nats.

    A facet gives the weight of the account's best key in it, among the users of the account's client. Where
    the account carries none, it gives log(share of the group without one). Facets are correlated, since one
    tool brings its prompt, its tools and its parameters. So the strongest counts in full and the others a
    third (see totals).
    """
    facet = weights.filter(_.nats.notnull()).select("group", "account", "facet", weight="nats")
    carried = engine.collect(
        facet.semi_join(inside, ["group", "account"])
        .group_by("group", "facet")
        .agg(n=_.count())
        .order_by(["group", "facet"])
    )
    group, n = (carried.column(name).to_numpy() for name in ("group", "n"))
    share = n / np.array([len(own[int(name)]) for name in group], np.float64)
    lack = np.round(np.log(np.maximum(1.0 - share, LEAST_MISSING)) * MICRO).astype(np.int64)
    missing = engine.load(
        "missing",
        pa.table(
            [carried["group"], carried["facet"], lack],
            schema=schema_of(group=pa.int32(), facet=pa.string(), lack=pa.int64()),
        ),
    )
    sums = (
        facet.join(missing, ["group", "facet"])
        .mutate(more=_.weight - _.lack)
        .group_by("group", "account")
        .agg(more=_.more.sum(), best=_.weight.max())
    )
    found = by_group(engine.collect(sums.order_by(["group", "account"])))
    return {name: _joined(table, int(lack[group == name].sum())) for name, table in found.items()}


def _joined(table: pa.Table, lack: int) -> tuple[Ints, Floats]:
    """Return accounts and their nats, with the weaker facets at a third.

    table: account, more (beyond a group's account that carries nothing), best; lack: the evidence of carrying
    nothing. Both in micronats.
    """
    account, more, best = (table.column(name).to_numpy() for name in ("account", "more", "best"))
    return account, np.round((more + lack + 2 * best) / 3.0 / MICRO, 6)
