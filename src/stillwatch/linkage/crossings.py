"""Communities of accounts that keys of two facets tie crosswise, though no single key ties enough of them.

Six accounts share a card and a dozen start in one minute, but hardly two share both: then no key's carriers
have a second key in common. As a graph of keys, with an account for an edge between its card and its minute,
such a pool is a dense block: each card leads to several minutes, and each minute to several cards. Accounts
of strangers make such blocks by chance too, so a block counts only if it is twice as large as any that
appears when the accounts of a stratum exchange their keys of one facet, which keeps every key's number of
carriers (a configuration model).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import ibis
import numpy as np
import pyarrow as pa
from ibis import _
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from stillwatch.engine import Engine, Table
from stillwatch.linkage.merge import Ints
from stillwatch.schema.table import values

LARGEST = 64
"""Carriers of a key that may tie crosswise. Larger ones are anchors, and tie strangers through each other."""
DEGREES = (3, 2)
"""Keys of the other facet that each key of a block must lead to; the dense blocks are looked for first."""
DRAWS = 40
"""Random exchanges of keys that a block is compared with."""
MARGIN = 2
"""A block must be so many times the largest of them.

Many pairs of facets are looked at, and large random blocks are of nearly one size.
"""
SEED = 20_260_201


def crossings(
    engine: Engine, marked: Table, facets: pa.Table, declared: Table, smallest: int
) -> tuple[Ints, Ints]:
    """Return (block, account) of the blocks of at least `smallest` accounts, numbered from 0.

    Two facets of different families are compared, one of them with keys that are no moments. An account takes
    part with its most carried key of each facet. Accounts that declare an owner (declared) take no part.
    """
    small = marked.filter(_.starts & (_.df <= LARGEST)).anti_join(
        declared.filter(_.owner.notnull()), "account"
    )
    most = ibis.window(group_by=["facet_number", "account"], order_by=[_.df.desc(), _.key])
    first = small.mutate(rank=ibis.row_number().over(most)).filter(_.rank == 0)
    chosen = engine.create("crosswise", first.select("account", "facet_number", "key", "stratum"))
    there = engine.collect(chosen.select("facet_number").distinct())
    blocks: list[Ints] = []
    for one, other in _pairs(facets, set(values(there, "facet_number"))):
        rows = engine.collect(
            chosen.filter(_.facet_number.isin([one, other])).order_by(["facet_number", "account"])
        )
        facet, account, key, stratum = (
            rows.column(name).to_numpy() for name in ("facet_number", "account", "key", "stratum")
        )
        blocks += _blocks(*_either(facet, account, key, stratum, one), smallest)
    engine.drop("crosswise")
    number = np.repeat(np.arange(len(blocks)), [len(block) for block in blocks])
    return number.astype(np.int64), np.concatenate([np.zeros(0, np.int64), *blocks])


def _pairs(facets: pa.Table, there: set[int]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of facets that may tie crosswise."""
    known = [row for row in facets.to_pylist() if row["facet_number"] in there]
    for one, other in combinations(known, 2):
        if one["family"] != other["family"] and not (one["moment"] and other["moment"]):
            yield one["facet_number"], other["facet_number"]


def _either(facet: Ints, account: Ints, key: Ints, stratum: Ints, one: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Return account, its keys of facet `one` and of the other, from 0 or -1 for none, and stratum."""
    people, first, person = np.unique(account, return_index=True, return_inverse=True)
    columns = []
    for at in (facet == one, facet != one):
        column = np.full(len(people), -1, np.int64)
        column[person[at]] = np.unique(key[at], return_inverse=True)[1]
        columns.append(column)
    return people, columns[0], columns[1], stratum[first]


def _blocks(account: Ints, one: Ints, other: Ints, stratum: Ints, smallest: int) -> list[Ints]:
    """Return the accounts of each block that chance does not explain."""
    found: list[Ints] = []
    taken = np.zeros(len(account), np.bool_)
    for degree in DEGREES:
        label = _cores(one, other, degree)
        names, sizes = np.unique(label[label >= 0], return_counts=True)
        most = int(sizes.max(initial=0))
        if most < smallest:
            continue
        bar = max(smallest, MARGIN * _largest_by_chance(one, other, stratum, degree, most // MARGIN))
        for name in names[sizes >= bar]:
            block = label == name
            if not taken[block].all():
                found.append(account[block])
            taken |= block
    return found


def _largest_by_chance(one: Ints, other: Ints, stratum: Ints, degree: int, enough: int) -> int:
    """Return one more than the accounts of the largest block of DRAWS exchanges of keys within strata.

    Accounts with a key of one facet alone take part: those with both may be the pool and nobody else. At
    `enough` accounts no more exchanges are made, since no block found is so many times larger.
    """
    rng = np.random.default_rng(SEED)
    place = np.argsort(stratum, kind="stable")
    largest = 0
    for _draw in range(DRAWS):
        order = np.lexsort((rng.random(len(stratum)), stratum))
        mixed = np.empty_like(other)
        mixed[place] = other[order]
        label = _cores(one, mixed, degree)
        largest = max(largest, int(np.bincount(label[label >= 0], minlength=1).max()))
        if largest >= enough:
            break
    return largest + 1


def _cores(one: Ints, other: Ints, degree: int) -> Ints:
    """Return the block of each account, -1 for none: a component whose keys each lead to `degree` others."""
    block = np.full(len(one), -1, np.int64)
    both = np.flatnonzero((one >= 0) & (other >= 0))
    if not len(both):
        return block
    width = int(other.max()) + 1
    codes, edge = np.unique(one[both] * width + other[both], return_inverse=True)
    left, right = codes // width, codes % width
    kept = np.arange(len(codes))
    while True:
        enough = (np.bincount(left[kept])[left[kept]] >= degree) if len(kept) else kept.astype(np.bool_)
        enough &= (np.bincount(right[kept])[right[kept]] >= degree) if len(kept) else enough
        if enough.all():
            break
        kept = kept[enough]
    label = np.full(len(codes), -1, np.int64)
    if len(kept):
        count = int(one.max()) + 1
        edges = coo_array(
            (np.ones(len(kept)), (left[kept], count + right[kept])), shape=(count + width, count + width)
        )
        label[kept] = connected_components(edges, directed=False)[1][left[kept]]
    block[both] = label[edge.ravel()]
    return block
