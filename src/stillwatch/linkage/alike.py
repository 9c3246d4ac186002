"""Sets of accounts that their content alone ties, where nothing else links them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from stillwatch.engine import Engine, Table
from stillwatch.linkage.habits import FRAMES, habits
from stillwatch.linkage.halves import halves
from stillwatch.linkage.handed_on import handed_on
from stillwatch.linkage.merge import OWNED, Ints, Owners, merged
from stillwatch.schema.codes import Tie
from stillwatch.schema.table import schema_of, values
from stillwatch.settings import LinkageSettings

Floats = npt.NDArray[np.float64]
LESSER = 1.0 / 3.0
"""Weight of all facets of a family but the strongest."""
MEMBERS = schema_of(group=pa.int32(), account=pa.int64(), nats=pa.float64())
EVIDENCE = schema_of(group=pa.int32(), account=pa.int64(), facet=pa.string(), nats=pa.float64())


@dataclass(frozen=True)
class Alike:
    """Sets that content formed on half of the time, and what tests them on the other half."""

    members: pa.Table
    """group, account, nats: every account in one set at most."""
    evidence: pa.Table
    """group, account, facet, nats: facets of the content family; they add up to the nats."""
    ties: dict[int, Tie]
    """What ties each set."""
    handed: Table
    """Table handed: who took on whose conversation, and when."""
    halves: Table
    """Table halves: which parts test."""


@dataclass(frozen=True)
class _Marks:
    """Accounts of sets with what each facet says."""

    group: Ints
    """The set."""
    account: Ints
    """The account."""
    facet: npt.NDArray[np.str_]
    """The facet."""
    nats: Floats
    """Its evidence, within the facet's cap."""


def alike_sets(
    engine: Engine, exchanges: Table, declared: Table, taken: Ints, first: int, settings: LinkageSettings
) -> Alike:
    """Tables halves and handed, and the sets of accounts that the forming half gives, numbered from `first`.

    taken: accounts that are in groups already, or that permits explain, in any order. declared: account,
    owner. A set of which one declared owner has half is left out: the owner explains it. Sets that hand
    conversations on come first, then sets with a template; the largest of each first.
    """
    split = halves(engine, exchanges)
    handed = handed_on(engine, exchanges, split)
    owners = _owners(engine, declared)
    everyone = int(engine.collect(exchanges.agg(n=_.account.nunique())).column("n")[0].as_py())
    talking = _chains(engine, handed, taken, owners, everyone, settings)
    used = habits(engine, exchanges, split, settings)
    busy = np.concatenate([taken, talking.account])
    asking = _templates(used, busy, owners, everyone, settings)
    ties: dict[int, Tie] = {}
    parts: list[_Marks] = []
    for tie, marks in ((Tie.CONVERSATIONS, talking), (Tie.TEMPLATE, asking)):
        names, number = _numbered(marks.group, marks.account, first + len(ties))
        ties |= dict.fromkeys(names, tie)
        parts.append(_Marks(number, marks.account, marks.facet, marks.nats))
    return Alike(*_tables(parts, settings.family_cap_nats), ties, handed, split)


def _chains(
    engine: Engine, handed: Table, taken: Ints, owners: Owners, everyone: int, settings: LinkageSettings
) -> _Marks:
    """Sets in which a chain of handed-on conversations ties the accounts, each of which leaves and takes on.

    Who is brought to continue somebody's conversation only takes on, and whose stored conversations are
    replayed only leaves: neither is in a set.
    """
    formed = handed.filter(~_.tests).group_by("giver", "taker", "facet").agg(parts=_.part.nunique())
    rows = engine.collect(formed.order_by(["giver", "taker", "facet"]))
    ends = np.stack([rows.column(name).to_numpy() for name in ("giver", "taker")])
    signed = np.array(values(rows, "facet"), np.str_) == "signature"
    free = np.flatnonzero(~np.isin(ends, taken).any(axis=0))
    free = free[_mutual(ends[:, free])]
    ends, signed, parts = ends[:, free], signed[free], rows.column("parts").to_numpy()[free]
    people, place = np.unique(ends, return_inverse=True)
    place = place.reshape(2, -1)
    group = np.asarray(
        connected_components(
            coo_array((np.ones(place.shape[1]), (place[0], place[1])), shape=(len(people), len(people))),
            directed=False,
        )[1],
        np.int64,
    )
    kept = _fit(group, people, owners, settings.smallest_group)
    size = np.bincount(group, minlength=1)
    inside = kept[place[0]]
    person, facet = place[:, inside].ravel(), np.tile(signed[inside], 2)
    # Both ends have the mark; the chance that it falls into the set is the set's share of everyone.
    each = np.log(everyone / size[group[person]]) * np.tile(parts[inside], 2)
    marks, row = np.unique(np.stack([person, facet], axis=1), axis=0, return_inverse=True)
    nats = np.minimum(np.bincount(row.reshape(-1), each, len(marks)), settings.facet_cap_nats)
    names = np.where(marks[:, 1] == 1, "signature", "handover")
    return _Marks(group[marks[:, 0]], people[marks[:, 0]], names, nats)


def _mutual(ends: Ints) -> npt.NDArray[np.bool_]:
    """Mark the pairs (giver, taker) among accounts all of which give to, and take from, others of these."""
    kept = np.ones(ends.shape[1], np.bool_)
    while True:
        both = np.intersect1d(ends[0, kept], ends[1, kept])
        fit = kept & np.isin(ends, both).all(axis=0)
        if fit.sum() == kept.sum():
            return fit
        kept = fit


def _templates(
    used: pa.Table, taken: Ints, owners: Owners, everyone: int, settings: LinkageSettings
) -> _Marks:
    """Sets of accounts that have the same templates. used: from habits."""
    facet, value, account, df = (used.column(name).to_numpy() for name in ("facet", "value", "account", "df"))
    free = ~np.isin(account, taken)
    facet, value, account, df = facet[free], value[free], account[free], df[free]
    key = np.unique(np.stack([facet, value], axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    group = merged(np.asarray(key, np.int64), account, settings.overlap, of_smaller=False)
    group = _of_largest(group, account)
    pairs = np.unique(np.stack([group, account], axis=1), axis=0)
    fit = pairs[_fit(pairs[:, 0], pairs[:, 1], owners, settings.smallest_group)]
    inside = np.isin(group, fit[:, 0])
    group, account, facet, key, df = (column[inside] for column in (group, account, facet, key, df))
    row, count = np.unique(np.stack([group, key], axis=1), axis=0, return_inverse=True, return_counts=True)[
        1:
    ]
    carriers = count[row.reshape(-1)]
    sizes = np.bincount(fit[:, 0], minlength=int(group.max(initial=0)) + 1)[group]
    outside = (np.maximum(df - carriers, 0) + 0.5) / (np.maximum(everyone - sizes, 0) + 0.5)
    nats = np.clip(np.log(carriers / sizes / outside), 0.0, settings.facet_cap_nats)
    marks, row = np.unique(np.stack([group, account, facet], axis=1), axis=0, return_inverse=True)
    best = np.zeros(len(marks))
    np.maximum.at(best, row.reshape(-1), nats)
    return _Marks(marks[:, 0], marks[:, 1], np.array(FRAMES)[marks[:, 2]], best)


def _of_largest(group: Ints, account: Ints) -> Ints:
    """Return for each row the largest of its account's groups; ties go to the lowest."""
    pairs = np.unique(np.stack([group, account], axis=1), axis=0)
    names, sizes = np.unique(pairs[:, 0], return_counts=True)
    order = np.lexsort((pairs[:, 0], -sizes[np.searchsorted(names, pairs[:, 0])], pairs[:, 1]))
    people, first = np.unique(pairs[order, 1], return_index=True)
    return np.asarray(pairs[order, 0][first][np.searchsorted(people, account)], np.int64)


def _fit(group: Ints, account: Ints, owners: Owners, smallest: int) -> npt.NDArray[np.bool_]:
    """Mark the rows (one for each account) of sets that are large enough and that no owner explains."""
    if not len(group):
        return np.zeros(0, np.bool_)
    size = np.bincount(group)
    known, owner = owners
    declares = np.isin(account, known)
    theirs = owner[np.searchsorted(known, account[declares])]
    pairs, count = np.unique(np.stack([group[declares], theirs], axis=1), axis=0, return_counts=True)
    explained = pairs[count >= OWNED * size[pairs[:, 0]], 0]
    return np.asarray((size[group] >= smallest) & ~np.isin(group, explained))


def _owners(engine: Engine, declared: Table) -> Owners:
    rows = engine.collect(declared.filter(_.owner.notnull()).select("account", "owner").order_by("account"))
    return rows.column("account").to_numpy(), rows.column("owner").to_numpy()


def _numbered(group: Ints, account: Ints, first: int) -> tuple[list[int], Ints]:
    """Return the numbers of sets, the largest first, and the number of each row's set."""
    pairs = np.unique(np.stack([group, account], axis=1), axis=0)
    names, start, sizes = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    order = np.lexsort((pairs[start, 1], -sizes))
    number = np.empty(len(names), np.int64)
    number[order] = np.arange(first, first + len(names))
    return sorted(number.tolist()), number[np.searchsorted(names, group)]


def _tables(parts: list[_Marks], cap: float) -> tuple[pa.Table, pa.Table]:
    """Tables MEMBERS and EVIDENCE; the strongest facet counts in full, the others a third, up to the cap."""
    group, account, nats = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("group", "account", "nats")
    )
    facet = np.concatenate([part.facet.astype(str) for part in parts])
    order = np.lexsort((facet, -nats, account, group))
    group, account, nats, facet = group[order], account[order], nats[order], facet[order]
    place, first, row = np.unique(
        np.stack([group, account], axis=1), axis=0, return_index=True, return_inverse=True
    )
    best = np.zeros(len(nats), np.bool_)
    best[first] = True
    counted = np.where(best, nats, nats * LESSER)
    total = np.bincount(row.reshape(-1), counted, len(place))
    counted = np.round(counted * (np.minimum(total, cap) / np.maximum(total, 1e-9))[row.reshape(-1)], 6)
    total = np.bincount(row.reshape(-1), counted, len(place))
    members = pa.table([place[:, 0].astype(np.int32), place[:, 1], np.round(total, 6)], schema=MEMBERS)
    return members, pa.table([group.astype(np.int32), account, facet.tolist(), counted], schema=EVIDENCE)
