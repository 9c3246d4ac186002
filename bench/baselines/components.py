"""Components of the graph of accounts that share several rare keys: the usual way to find account rings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from ibis import _
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from baselines.called import Called, Group, called
from baselines.streams import Ints
from baselines.tables import Tables


@dataclass(frozen=True)
class SharedKeys:
    """Links two accounts that share enough rare keys of any facets, and calls the larger components.

    It scores accounts. Pairs are at most `rare` / 2 for each trace, so that the work grows with traces.
    """

    source: ClassVar[str] = (
        "SynchroTrap (Cao et al. 2014, section 4) and EvilCohort (Stringhini et al. 2015, section 4), as a "
        "single graph over all facets"
    )
    blind: ClassVar[str] = (
        "pools wider than the accounts that draw from them; keys that strangers share weigh as much as an "
        "operator's"
    )
    keys: int = 2
    """Keys that two accounts must share."""
    rare: int = 50
    """A key that more accounts carry links no accounts."""
    smallest: int = 10
    """Accounts that a component must have to be called."""

    @property
    def name(self) -> str:
        """Return its name with both limits."""
        return f"components, {self.keys} keys of at most {self.rare} accounts"

    def call(self, tables: Tables) -> Called:
        """Return components of accounts."""
        carried = tables.traces.select("account", "key").distinct()
        rare = carried.group_by("key").agg(n=_.count()).filter((_.n >= 2) & (_.n <= self.rare))
        kept = tables.engine.create("rare_traces", carried.semi_join(rare, "key"))
        pairs = (
            kept.join(kept.view(), "key")
            .filter(_.account < _.account_right)
            .group_by("account", "account_right")
            .agg(n=_.count())
        )
        table = tables.engine.collect(pairs.filter(_.n >= self.keys).select("account", "account_right"))
        tables.engine.drop("rare_traces")
        groups = components(table["account"].to_numpy(), table["account_right"].to_numpy())
        return called(
            (Group(f"{i}", frozenset(g), float(len(g))) for i, g in enumerate(groups)), self.smallest
        )


def components(some: Ints, others: Ints) -> list[list[int]]:
    """Return the components of a graph from its edges."""
    nodes, ends = np.unique(np.concatenate([some, others]), return_inverse=True)
    if not len(nodes):
        return []
    graph = sparse.coo_matrix(
        (np.ones(len(some), np.int8), (ends[: len(some)], ends[len(some) :])), shape=(len(nodes), len(nodes))
    )
    _, labels = connected_components(graph, directed=False)
    order = np.argsort(labels, kind="stable")
    return [part.tolist() for part in np.split(nodes[order], np.flatnonzero(np.diff(labels[order])) + 1)]
