"""From traces to groups, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.linkage.anchors import anchors
from stillwatch.linkage.crossings import crossings
from stillwatch.linkage.likelihood import MICRO, marked
from stillwatch.linkage.merge import (
    Ints,
    Owners,
    best_claims,
    discounted_owners,
    merged,
    outweighed,
    parted,
    serious,
)
from stillwatch.linkage.purification import purified
from stillwatch.linkage.rescore import WORST, accepted, rescored, totals
from stillwatch.registry import FACETS, FAMILIES
from stillwatch.schema.table import values
from stillwatch.settings import LinkageSettings

HELD_OUT = ("content",)
"""Families that never form a group, because they test it."""
ROUNDS = 3
"""Rounds of weighing accounts against the groups' profiles and merging groups with the same accounts."""
SERIOUS = 0.75
"""A group's claim counts in merging if it has this share of the evidence of the best claim on the account.

Two operators can carry one anchor; without this, one such anchor would make one group of both.
"""
SAME = 0.5
"""Two groups become one if both seriously claim this share of the smaller one."""

LEAST_CAP = 1e-4
"""A cap of fewer nats is only the rounding of sums."""

TIES = ("anchor", "account", "key", "held", "hub")
"""Columns of what purification finds."""
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Linked:
    """The groups, and the evidence of each facet for each member."""

    members: pa.Table
    """group (int32, from 1, largest first), account, nats."""
    near: pa.Table
    """group, account, nats, claim: accounts that fit a group, but not well enough to form it."""
    evidence: pa.Table
    """group, account, facet, nats: formation facets only; members and near accounts."""
    caps: pa.Table
    """group, account, family, nats: what a family's bounds take off its facets' sum, or give back.

    For members and near accounts.
    """
    anchors: dict[int, int]
    """Number of anchors merged into each group."""


def link(
    engine: Engine,
    traces: Table,
    strata: Table,
    declared: Table,
    settings: LinkageSettings,
    progress: Progress,
) -> Linked:
    """Group the accounts that share more than their strata explain.

    Groups are formed on network, identity, software and rhythm. declared: account and owner, of the accounts
    that declare one.
    """
    facets = engine.load("facets", facet_table())
    accounts = int(engine.collect(strata.agg(n=strata.count())).column("n")[0].as_py())
    progress("rates")
    rows = marked(engine, traces, strata, facets, declared)
    progress("anchors")
    start = anchors(engine, rows, accounts, settings)
    progress("purify")
    shared = purified(engine, rows, start, accounts, settings)
    anchor, account, key, held, hub = (shared.column(name).to_numpy(zero_copy_only=False) for name in TIES)
    part, anchor, account = parted(anchor, account, key, settings.smallest_group, held, hub)
    block, inside = crossings(engine, rows, facet_table(), declared, settings.smallest_group)
    anchor = np.concatenate([anchor, block])
    part = np.concatenate([part, int(part.max(initial=-1)) + 1 + block])
    account = np.concatenate([account, inside])
    found = pa.table({"anchor": anchor, "account": account})
    group = merged(part, account, settings.overlap, of_smaller=False)
    best = np.arange(len(group))
    owners = _owners(engine, declared)
    for turn in range(ROUNDS):
        progress(f"weigh members, round {turn + 1}")
        members = engine.load("candidates", _distinct(group[best], account[best]))
        weighed = rescored(engine, rows, members, accounts, settings)
        total = totals(engine, weighed, settings)
        passed = engine.collect(accepted(total, settings).order_by(["group", "account"]))
        claim, account, nats = (passed.column(name).to_numpy() for name in ("group", "account", "nats"))
        weight = discounted_owners(claim, account, nats, owners)
        kept = serious(account, weight, SERIOUS) & ~outweighed(account, weight, weight < nats)
        claim, account, nats, weight = claim[kept], account[kept], nats[kept], weight[kept]
        group = merged(claim, account, SAME, of_smaller=True)
        best = best_claims(account, weight, claim)
    claims = pa.table({"claim": claim, "account": account, "nats": nats, "weight": weight, "group": group})
    members_table = assigned(claims, settings.smallest_group)
    near = _near(engine, total, claims, members_table)
    rows = _weighed_rows(engine, weighed, members_table, near)
    counted = discounted(*(rows.column(name).to_numpy() for name in ("number", "account", "family", "nats")))
    return Linked(
        members_table.select(["group", "account", "nats"]),
        near,
        _evidence(rows, counted),
        caps(rows, counted, settings.family_cap_nats),
        _anchors(found, members_table),
    )


def facet_table() -> pa.Table:
    """Return the registry as a table: facet, its numbers and how its keys count.

    The columns are facet, facet_number, family (its number), starts, scales, moment, held, forms. starts:
    whether the facet's keys may be anchors. moment, held: how they bind.
    """
    rows = [
        {
            "facet": name,
            "facet_number": number,
            "family": FAMILIES.index(facet.family),
            "starts": facet.anchor,
            "scales": facet.scales,
            "moment": facet.binds == "moment",
            "held": facet.binds == "held",
            "forms": facet.family not in HELD_OUT,
        }
        for number, (name, facet) in enumerate(FACETS.all().items())
    ]
    return pa.Table.from_pylist(rows)


def _owners(engine: Engine, declared: Table) -> Owners:
    """Return the accounts that declare an owner, in order, and their owners."""
    rows = engine.collect(declared.filter(_.owner.notnull()).select("account", "owner").order_by("account"))
    return rows.column("account").to_numpy(), rows.column("owner").to_numpy()


def _distinct(group: Ints, account: Ints) -> pa.Table:
    pairs = (
        np.unique(np.stack([group, account], axis=1), axis=0) if len(group) else np.zeros((0, 2), np.int64)
    )
    return pa.table({"group": pairs[:, 0], "account": pairs[:, 1]})


def assigned(claims: pa.Table, smallest: int) -> pa.Table:
    """Put each account into the one group whose claim on it has most weight: group, account, nats, claim.

    Groups are numbered from 1, the largest first.
    """
    claim, account, nats, weight, group = (
        claims.column(name).to_numpy() for name in ("claim", "account", "nats", "weight", "group")
    )
    best = best_claims(account, weight, claim)
    names, sizes = np.unique(group[best], return_counts=True)
    kept = best[np.isin(group[best], names[sizes >= smallest])]
    names, first, sizes = np.unique(group[kept], return_index=True, return_counts=True)
    lowest = account[kept][first] if len(kept) else first
    ranked = names[np.lexsort((lowest, -sizes))]
    number = {int(name): position + 1 for position, name in enumerate(ranked)}
    columns = {
        "group": pa.array([number[int(name)] for name in group[kept]], pa.int32()),
        "account": pa.array(account[kept], pa.int64()),
        "nats": pa.array(nats[kept] / MICRO, pa.float64()),
        "claim": pa.array(claim[kept], pa.int64()),
    }
    return pa.table(columns).sort_by([("group", "ascending"), ("account", "ascending")])


def _near(engine: Engine, total: Table, claims: pa.Table, members: pa.Table) -> pa.Table:
    """Return candidates that are in no group, each with the settled group that claims it most."""
    groups = dict(zip(values(members, "account"), values(members, "group"), strict=True))
    settled_as: dict[int, int] = {}
    for claim, account in zip(values(claims, "claim"), values(claims, "account"), strict=True):
        if account in groups:
            settled_as.setdefault(claim, groups[account])
    pairs = pa.table(
        {
            "group": pa.array(list(settled_as), pa.int64()),
            "settled": pa.array(list(settled_as.values()), pa.int32()),
        }
    )
    known = total.join(engine.load("settled", pairs), "group")
    free = known.anti_join(engine.load("taken", members.select(["account"])), "account")
    rows = engine.collect(
        free.select("settled", "account", "nats", claim="group").order_by(
            ["account", _.nats.desc(), "settled", "claim"]
        )
    )
    first = np.unique(rows.column("account").to_numpy(), return_index=True)[1]
    best = rows.take(np.asarray(first, np.int64))
    nats = pa.array(best.column("nats").to_numpy() / MICRO, pa.float64())
    return pa.table(
        {
            "group": best.column("settled"),
            "account": best.column("account"),
            "nats": nats,
            "claim": best.column("claim"),
        }
    )


def _weighed_rows(engine: Engine, weighed: Table, members: pa.Table, near: pa.Table) -> pa.Table:
    """number (of the group), account, facet_number, family, nats (micronats) of members and near accounts."""
    both = pa.concat_tables([table.select(["group", "account", "claim"]) for table in (members, near)])
    chosen = engine.load("chosen", both.rename_columns(["number", "account", "group"]))
    return engine.collect(
        weighed.join(chosen, ["group", "account"])
        .select("number", "account", "facet_number", "family", "nats")
        .order_by(["number", "account", "facet_number"])
    )


def _evidence(rows: pa.Table, counted: npt.NDArray[np.float64]) -> pa.Table:
    names = dict(enumerate(FACETS.all()))
    facets = pa.array([names[number] for number in values(rows, "facet_number")], pa.string())
    return (
        rows.select(["number", "account"])
        .rename_columns(["group", "account"])
        .append_column("facet", facets)
        .append_column("nats", pa.array(counted))
    )


def caps(rows: pa.Table, counted: npt.NDArray[np.float64], most: float) -> pa.Table:
    """Return table caps of Linked: a family's bounded total (see totals) less what its facets count.

    It has the families where the two differ. rows: number, account, family, nats (micronats), sorted by
    number and account. counted: from discounted.
    """
    number, account, family, nats = (
        rows.column(name).to_numpy() for name in ("number", "account", "family", "nats")
    )
    place, row = np.unique(np.stack([number, account, family], axis=1), axis=0, return_inverse=True)
    row = row.reshape(-1)
    best = np.zeros(len(place), np.int64)
    np.maximum.at(best, row, nats)
    joint = (np.bincount(row, nats, len(place)) + 2 * best) / 3 / MICRO
    bounded = np.clip(joint, 2 * WORST, most)
    off = np.round(bounded - np.bincount(row, counted, len(place)), 6)
    kept = np.abs(off) > LEAST_CAP
    return pa.table(
        {
            "group": pa.array(place[kept, 0], pa.int32()),
            "account": pa.array(place[kept, 1], pa.int64()),
            "family": pa.array([FAMILIES[number] for number in place[kept, 2]], pa.string()),
            "nats": pa.array(off[kept], pa.float64()),
        }
    )


def discounted(group: Ints, account: Ints, family: Ints, nats: Ints) -> npt.NDArray[np.float64]:
    """Return what each facet's evidence counts within its family, in nats.

    The strongest counts in full, the others a third (see totals).
    """
    order = np.lexsort((-nats, family, account, group))
    place = np.stack([group[order], account[order], family[order]], axis=1)
    first = np.ones(len(order), np.bool_)
    first[1:] = (place[1:] != place[:-1]).any(axis=1)
    best = np.zeros(len(order), np.bool_)
    best[order] = first
    return np.where(best & (nats > 0), nats, nats / 3) / MICRO


def _anchors(found: pa.Table, members: pa.Table) -> dict[int, int]:
    """Return how many anchors' purified accounts are in each group."""
    joined = found.join(members.select(["account", "group"]), "account", join_type="inner")
    counts = joined.group_by("group").aggregate([("anchor", "count_distinct")])
    return {int(row["group"]): int(row["anchor_count_distinct"]) for row in counts.to_pylist()}
