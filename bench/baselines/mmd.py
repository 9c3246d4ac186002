"""MMD windows: does the traffic of an account, or of all with one key, differ from ordinary?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import ibis
import numpy as np
from ibis import _
from scipy import sparse

from baselines.called import Called, Group, called, singles
from baselines.semantic_points import Features, Points, mmd, reference
from baselines.streams import Array, Floats, Ints, streams
from baselines.tables import Tables

SIZES = (100, 200, 500, 1000, 1500)
"""Sizes of window whose sensitivity the paper reports; 1500 is its default.

An account is tested on the largest that it fills.
"""
KEYS = (
    "address",
    "subnet",
    "asn",
    "client",
    "stainless",
    "ja4",
    "parameters",
    "system",
    "tools",
    "head",
    "tail",
)
OWNERS = ("payment", "email_domain", "email_shape", "phone_prefix", "registered")
"""Columns of exchanges and accounts by which queries are pooled."""
FACETS = (*KEYS, *OWNERS)
ABOVE_ONE = float(np.nextafter(1.0, 2.0))


@dataclass(frozen=True)
class TwoSample:
    """The two-sample test against ordinary traffic."""

    number: int = 256
    """Number of random features that approximate the Gaussian kernel."""
    nulls: int = 1000
    """Draws of two windows of ordinary traffic that give the threshold."""
    percentile: float = 95.0
    """Percentile of the draws above which a window is called."""
    most: int = 20_000
    """Prompts of ordinary traffic, at most two of each account."""
    sizes: tuple[int, ...] = SIZES
    """Sizes of window."""
    seed: int = 1
    """Seed of features and draws."""


class Against:
    """Ordinary traffic, and the distances between windows of it."""

    def __init__(self, ordinary: Ints, test: TwoSample) -> None:
        rng = np.random.default_rng(test.seed)
        self.features = Features.fit(ordinary, test.number, rng)
        self.sizes = np.array(test.sizes)
        known = self.features.of(ordinary)
        n = len(known)
        total = known.sum(axis=0, dtype=np.float64)
        self.mean = total / n
        self.self_similarity = float((total @ total - (known.astype(np.float64) ** 2).sum()) / (n * (n - 1)))
        self.thresholds = np.array(
            [np.percentile(_nulls(known, size, test.nulls, rng), test.percentile) for size in test.sizes]
        )

    def size(self, n: Array) -> Ints:
        """Return the largest window that n queries fill; 0: none."""
        place = np.searchsorted(self.sizes, n, side="right")
        return np.where(place > 0, self.sizes[place - 1], 0)

    def score(self, sketches: Ints, start: Ints, sizes: Ints) -> Floats:
        """Return each window's squared MMD as a multiple of its size's threshold.

        Windows begin at `start` and have `sizes`.
        """
        inside = np.repeat(start, sizes) + _counting(sizes)
        sums, squares = _sums(self.features, sketches[inside], sizes)
        threshold = self.thresholds[np.searchsorted(self.sizes, sizes)]
        found: Floats = mmd(sums, squares, sizes, self.mean, self.self_similarity) / threshold
        return found


@dataclass(frozen=True)
class MmdWindow:
    """Calls accounts whose first window is further from ordinary traffic than its own windows are.

    It scores multiples of the threshold.
    """

    name: ClassVar[str] = "MMD window, per account"
    source: ClassVar[str] = (
        "arXiv 2606.05725 (2026), sections 3 and 4; random features: Rahimi and Recht 2007"
    )
    blind: ClassVar[str] = (
        "accounts with fewer queries than the smallest window; everyone has a topic, so honest accounts are "
        "far from all traffic too"
    )
    test: TwoSample = TwoSample()
    """The test."""

    def call(self, tables: Tables) -> Called:
        """Score accounts."""
        against = ordinary(tables, self.test)
        scores: dict[int, float] = {}
        for stream in streams(tables, ["semantic"], least=min(self.test.sizes), first=max(self.test.sizes)):
            sizes = against.size(np.diff(stream.start))
            values = against.score(stream.columns["semantic"], stream.start[:-1], sizes)
            scores |= dict(zip(stream.accounts.tolist(), values.tolist(), strict=True))
        return singles(scores, ABOVE_ONE)


@dataclass(frozen=True)
class PooledMmd:
    """Pools the queries of all accounts with one key of one facet, and calls the pools that differ.

    It scores multiples of the threshold.
    """

    facet: str = "client"
    """The facet: a column of exchanges or accounts; `registered` is the day of registration."""
    accounts: int = 5
    """Accounts that a pool must have."""
    test: TwoSample = TwoSample()
    """The test."""
    source: ClassVar[str] = (
        "arXiv 2606.05725 (2026), on pools instead of accounts: our own addition, to give the test the "
        "samples that it needs"
    )
    blind: ClassVar[str] = (
        "campaigns that no single key holds together; keys that an operator shares with many strangers"
    )

    @property
    def name(self) -> str:
        """Return its name with the facet."""
        return f"MMD pooled by {self.facet}"

    def call(self, tables: Tables) -> Called:
        """Score pools."""
        return self.against(tables, ordinary(tables, self.test))

    def against(self, tables: Tables, known: Against) -> Called:
        """Score pools against given ordinary traffic."""
        keyed = _keyed(tables, self.facet)
        table = tables.engine.collect(_pools(keyed, self.accounts, max(self.test.sizes)))
        keys, start, n = np.unique(table["pool"].to_numpy(), return_index=True, return_counts=True)
        sizes = known.size(n)
        filled = sizes > 0
        if not filled.any():
            return called((), ABOVE_ONE)
        scores = known.score(table["semantic"].to_numpy(), start[filled], sizes[filled])
        members = _members(tables, keyed, keys[filled])
        scored = zip(keys[filled].tolist(), scores.tolist(), strict=True)
        return called(
            (Group(f"{self.facet} {key}", members[key], score) for key, score in scored if score > 0),
            ABOVE_ONE,
        )


def ordinary(tables: Tables, test: TwoSample) -> Against:
    """Return ordinary traffic of a run."""
    return Against(reference(tables, 2, test.most), test)


def _keyed(tables: Tables, facet: str) -> Any:
    """Return account, request, semantic, pool: each query with its key of the facet."""
    asked = tables.exchanges.filter(_.semantic.notnull())
    if facet in OWNERS:
        day = (
            {"pool": (_.created.epoch_seconds().floor().cast("int64") // 86_400)}
            if facet == "registered"
            else {"pool": _[facet]}
        )
        owners = tables.accounts.mutate(**day).select("account", "pool")
        return (
            asked.join(owners, "account")
            .filter(_.pool.notnull())
            .select("account", "request", "semantic", "pool")
        )
    return (
        asked.mutate(pool=_[facet]).filter(_.pool.notnull()).select("account", "request", "semantic", "pool")
    )


def _pools(keyed: Any, accounts: int, most: int) -> Any:
    """Return at most one window of queries of each pool with enough accounts.

    They are a random choice, since request keys are hashes.
    """
    large = keyed.group_by("pool").agg(accounts=_.account.nunique()).filter(_.accounts >= accounts)
    chance = ibis.window(group_by=_.pool, order_by=_.request)
    drawn = (
        keyed.semi_join(large, "pool").mutate(rank=ibis.row_number().over(chance)).filter(_["rank"] < most)
    )
    return drawn.order_by(["pool", "request"]).select("pool", "semantic")


def _members(tables: Tables, keyed: Any, keys: Ints) -> dict[int, frozenset[int]]:
    table = tables.engine.collect(keyed.select("pool", "account").distinct())
    inside = np.isin(table["pool"].to_numpy(), keys)
    members: dict[int, set[int]] = {}
    for key, account in zip(
        table["pool"].to_numpy()[inside].tolist(), table["account"].to_numpy()[inside].tolist(), strict=True
    ):
        members.setdefault(key, set()).add(account)
    return {key: frozenset(accounts) for key, accounts in members.items()}


def _nulls(known: Points, size: int, draws: int, rng: np.random.Generator) -> Floats:
    """Return squared MMD between pairs of windows of ordinary traffic, drawn with replacement."""
    norms = (known.astype(np.float64) ** 2).sum(axis=1)
    (some, within), (others, among) = (_windows(known, norms, size, draws, rng) for _ in range(2))
    return np.asarray(within + among - 2.0 * (some * others).sum(axis=1) / size**2)


def _windows(
    known: Points, norms: Floats, size: int, draws: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Sums of the features of drawn windows, and each one's mean kernel over pairs of different draws."""
    drawn = rng.integers(len(known), size=draws * size)
    choice: Any = sparse.csr_matrix(
        (np.ones(len(drawn), np.float32), drawn, np.arange(draws + 1) * size), shape=(draws, len(known))
    )
    sums = np.asarray(choice @ known, np.float64)
    return sums, ((sums**2).sum(axis=1) - choice @ norms) / (size * (size - 1))


def _sums(features: Features, sketches: Ints, sizes: Ints) -> tuple[Floats, Floats]:
    """Return sums of features and of their squared norms, window by window."""
    ends = np.cumsum(sizes)
    sums, squares = np.empty((len(sizes), len(features.phases))), np.empty(len(sizes))
    for place, (end, size) in enumerate(zip(ends.tolist(), sizes.tolist(), strict=True)):
        made = features.of(sketches[end - size : end])
        sums[place], squares[place] = made.sum(axis=0, dtype=np.float64), float((made**2).sum())
    return sums, squares


def _counting(sizes: Ints) -> Ints:
    """Return 0, 1 … size - 1, for each size."""
    return np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
