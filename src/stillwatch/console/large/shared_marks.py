"""Who shares what in a group, put together: accounts that carry the same marks are one node with a count."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from stillwatch.console.large.kept import kept
from stillwatch.console.large.lookup import rows_with
from stillwatch.console.large.marks_shown import has_words
from stillwatch.console.large.people import TIERS, people_of
from stillwatch.plain import plain
from stillwatch.report import formatting
from stillwatch.report.view_models import family_rank
from stillwatch.run.reading import Row, Run

pc: Any = pyarrow.compute
Ints = npt.NDArray[np.int64]
MOST_KEYS = 24
"""Keys that are drawn; families take turns."""
MOST_CLUSTERS = 32
"""Clusters that are drawn by themselves; the rest of each tier is one more."""
COVERED = 0.85
"""Share of the accounts that clusters of their own should hold: else fewer keys tell clusters apart."""
SPLITS = (24, 16, 12, 8, 6, 4, 3, 2, 1)


@dataclass(frozen=True)
class Key:
    """One key of the group."""

    facet: str
    """Its facet."""
    family: str
    """Its family."""
    label: str
    """The key as shown."""
    accounts: int
    """Accounts of the group that carry it."""


@dataclass(frozen=True)
class Cluster:
    """Accounts that carry the same of the keys that tell clusters apart."""

    tier: str
    """Their tier."""
    accounts: int
    """How many."""
    carried: tuple[int, ...]
    """How many of them carry each key, in the order of the keys."""
    name: str
    """The account's id where it is one; empty else."""
    rest: bool
    """Whether it is all that have no cluster of their own."""


@dataclass(frozen=True)
class Shared:
    """The graph."""

    keys: tuple[Key, ...]
    """Its keys, family by family."""
    clusters: tuple[Cluster, ...]
    """Its clusters, the largest first."""
    accounts: int
    """Accounts in all clusters: those that carry some key."""
    all_keys: int
    """Telling keys of the group, drawn or not."""


def shared_marks(run: Run, group: int) -> Shared:
    """Return the graph of a group, kept while the run is open; of at most about 60 nodes."""
    return kept(run, ("shared", group), lambda: _shared(run, group))


def _shared(run: Run, group: int) -> Shared:
    links = rows_with(run.folder, "links", "group", [group], ["account", "facet", "family", "key", "label"])
    if not links.num_rows:
        return Shared((), (), 0, 0)
    keys, codes, all_keys = _keys(links)
    accounts, places = np.unique(np.asarray(links["account"], dtype=np.int64), return_inverse=True)
    carries = np.zeros((len(accounts), len(keys)), dtype=np.bool_)
    drawn = codes >= 0
    carries[places[drawn], codes[drawn]] = True
    some = carries.any(axis=1)
    accounts, carries = accounts[some], carries[some]
    tiers, ids = _tiers(run, group, accounts)
    labels, counts = _clusters(carries, tiers)
    clusters = []
    order = np.argsort(-counts, kind="stable")
    own = [int(one) for one in order[:MOST_CLUSTERS]]
    for cluster in own:
        mine = labels == cluster
        clusters.append(_cluster(carries[mine], tiers[mine][0], ids(np.flatnonzero(mine)), rest=False))
    left = ~np.isin(labels, own)
    for tier in sorted({int(one) for one in tiers[left]}):
        mine = left & (tiers == tier)
        clusters.append(_cluster(carries[mine], tier, "", rest=int(mine.sum()) > 1))
    return Shared(keys, tuple(clusters), len(accounts), all_keys)


def _keys(links: pa.Table) -> tuple[tuple[Key, ...], Ints, int]:
    """The keys that are drawn, for each link the place of its key or -1, and how many keys there are."""
    grouped = links.group_by(["facet", "key"], use_threads=False).aggregate(
        [("account", "count"), ("family", "first"), ("label", "first")]
    )
    rows: list[Row] = grouped.to_pylist()
    queues: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (-row["account_count"], row["facet"], row["key"])):
        queues[row["family_first"]].append(row)
    families = sorted(queues, key=family_rank)
    turns = range(max(map(len, queues.values())))
    picked = [queues[family][turn] for turn in turns for family in families if turn < len(queues[family])]
    picked = sorted(
        picked[:MOST_KEYS],
        key=lambda row: (family_rank(row["family_first"]), -row["account_count"], row["facet"], row["key"]),
    )
    codes = np.full(links.num_rows, -1, dtype=np.int64)
    key = np.asarray(links["key"], dtype=np.int64)
    facets = links["facet"].combine_chunks().dictionary_encode()
    facet = np.asarray(facets.indices, dtype=np.int64)
    names = facets.dictionary.to_pylist()
    for place, row in enumerate(picked):
        codes[(key == row["key"]) & (facet == names.index(row["facet"]))] = place
    found = tuple(Key(row["facet"], row["family_first"], _label(row), row["account_count"]) for row in picked)
    return found, codes, len(rows)


def _label(row: Row) -> str:
    if has_words(row["facet"]):
        return formatting.key(row["key"])[:8]
    return plain(row["label_first"])


def _tiers(run: Run, group: int, accounts: Ints) -> tuple[Ints, Any]:
    """The tier of each account as its place among tiers, and what names one alone."""
    people = people_of(run, group)
    known = np.asarray(people["account"], dtype=np.int64)
    order = np.argsort(known, kind="stable")
    if not len(known):
        return np.full(len(accounts), len(TIERS), dtype=np.int64), lambda _places: ""
    at = np.minimum(np.searchsorted(known[order], accounts), len(known) - 1)
    there = known[order][at] == accounts
    rank = pc.fill_null(pc.index_in(people["tier"], value_set=pa.array(TIERS)), len(TIERS))
    tiers = np.where(there, np.asarray(rank, dtype=np.int64)[order][at], len(TIERS))

    def name(places: Ints) -> str:
        if len(places) != 1 or not there[places[0]]:
            return ""
        return str(people["account_id"][int(order[at[places[0]]])].as_py())

    return tiers, name


def _clusters(carries: npt.NDArray[np.bool_], tiers: Ints) -> tuple[Ints, Ints]:
    """The number of each account's cluster, and the size of each: told apart by as many keys as leave most
    accounts in a cluster that is drawn.
    """
    totals = carries.sum(axis=0)
    # Keys that about half of the accounts carry part them best.
    best = np.argsort(np.abs(totals - len(carries) / 2), kind="stable")
    labels = counts = np.zeros(0, dtype=np.int64)
    for many in SPLITS:
        chosen = best[:many]
        weights = np.left_shift(np.int64(1), np.arange(len(chosen), dtype=np.int64))
        code = carries[:, chosen].astype(np.int64) @ weights * (len(TIERS) + 1) + tiers
        _, labels, counts = np.unique(code, return_inverse=True, return_counts=True)
        if np.sort(counts)[::-1][:MOST_CLUSTERS].sum() >= COVERED * len(carries):
            break
    return labels.ravel(), counts


def _cluster(carries: npt.NDArray[np.bool_], tier: int, name: str, *, rest: bool) -> Cluster:
    word = TIERS[tier] if tier < len(TIERS) else ""
    return Cluster(word, len(carries), tuple(int(n) for n in carries.sum(axis=0)), name, rest)


def cluster_name(cluster: Cluster) -> str:
    """What a cluster is called."""
    if cluster.name:
        return formatting.cut(cluster.name, 26)
    many = formatting.plural(cluster.accounts, "account")
    return f"{many}, the rest" if cluster.rest else many
