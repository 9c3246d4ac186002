"""The evidence for each group: the waterfall by facet, and the graph of accounts and their telling keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.registry import FACETS
from stillwatch.report_tables.labels import Labels, shown
from stillwatch.schema.found import EVIDENCE, LINKS
from stillwatch.schema.table import values

TELLING_KEYS = 25
"""Keys of a group that its graph shows."""
TELLING_ACCOUNTS = 60
"""Accounts of a group that its graph shows."""
HELD_OUT = "content"
SEMANTIC = "semantic"
"""Name of the test of the prompts' meaning among the facets; it leaves no keys."""
LEAST_SEMANTIC = 0.1
"""Nats for an account below which meaning gets no row."""


@dataclass(frozen=True)
class Shared:
    """What the groups' accounts carry in common."""

    keys: pa.Table
    """group, facet, key, value, carriers, df, size, nats (mean for one account), for shared keys.

    A key is shared if at least two accounts of the group carry it.
    """
    graph: pa.Table
    """group, account, facet, key, value, n: the traces of the most telling keys."""


def shared_keys(engine: Engine, traces: Table, members: Table, everyone: int) -> Shared:
    """Keys of at least two accounts of a group, with the share of the group against that outside it."""
    df = traces.group_by("key").agg(df=_.count())
    size = members.group_by("group").agg(size=_.count())
    carried = (
        traces.join(members.select("group", "account"), "account")
        .group_by("group", "facet", "key", "value")
        .agg(carriers=_.count())
    )
    rows = carried.filter(_.carriers >= 2).join(df, "key").join(size, "group")
    keys = engine.collect(
        rows.select("group", "facet", "key", "value", "carriers", "df", "size").order_by(
            ["group", "facet", "key"]
        )
    )
    carriers, dfs, sizes = (
        keys.column(name).to_numpy().astype(np.float64) for name in ("carriers", "df", "size")
    )
    outside = (dfs - carriers + 0.5) / (everyone - sizes + 0.5)
    nats = np.round(carriers / sizes * np.log(carriers / sizes / outside), 6)
    keys = keys.append_column("nats", pa.array(np.maximum(nats, 0.0)))
    top = _first_of_each_group(
        keys.sort_by([("group", "ascending"), ("nats", "descending"), ("key", "ascending")]), TELLING_KEYS
    )
    chosen = engine.load("graph_keys", top.select(["group", "key"]))
    strongest = members.select("group", "account", "rank").filter(_.rank < TELLING_ACCOUNTS)
    drawn = (
        traces.join(strongest, "account")
        .join(chosen, ["group", "key"])
        .select("group", "account", "facet", "key", "value", "n")
    )
    return Shared(keys, engine.collect(drawn.order_by(["group", "account", "key"])))


def _first_of_each_group(table: pa.Table, count: int) -> pa.Table:
    groups = table.column("group").to_numpy()
    return table.filter(pa.array(np.arange(len(groups)) - np.searchsorted(groups, groups) < count))


def evidence_table(
    shared: Shared,
    member_evidence: pa.Table,
    sizes: dict[int, int],
    labels: Labels,
    alike: frozenset[int] = frozenset(),
) -> pa.Table:
    """Table evidence: formation facets with the members' mean nats, held-out ones with their best key's.

    alike: groups that content formed; only the facets that formed them have rows.
    """
    totals = member_evidence.group_by(["group", "facet"]).aggregate([("nats", "sum")])
    formed = {
        (row["group"], row["facet"]): row["nats_sum"] / sizes[row["group"]] for row in totals.to_pylist()
    }
    best: dict[tuple[int, str], dict[str, Any]] = {}
    counts: dict[tuple[int, str], int] = {}
    for row in shared.keys.to_pylist():
        place = (row["group"], row["facet"])
        counts[place] = counts.get(place, 0) + 1
        if place not in best or (row["nats"], row["carriers"], -row["key"]) > (
            best[place]["nats"],
            best[place]["carriers"],
            -best[place]["key"],
        ):
            best[place] = row
    rows = []
    for (group, facet), top in sorted(best.items()):
        if group in alike and (group, facet) not in formed:
            continue
        held = FACETS.all()[facet].family == HELD_OUT and (group, facet) not in formed
        rows.append(
            {
                "group": group,
                "facet": facet,
                "family": FACETS.all()[facet].family,
                "role": "held-out" if held else "formation",
                "nats": round(top["nats"] if held else formed.get((group, facet), 0.0), 6),
                "accounts": top["carriers"],
                "keys": counts[group, facet],
                "top": shown(facet, top["value"], labels),
                "top_accounts": top["carriers"],
                "top_elsewhere": top["df"] - top["carriers"],
            }
        )
    return pa.Table.from_pylist(rows, schema=EVIDENCE.arrow)


def carrying(engine: Engine, traces: Table, members: Table) -> dict[tuple[int, str], int]:
    """(group, facet) -> accounts of the group that carry a key of the facet that another member carries."""
    own = traces.join(members.select("group", "account"), "account").select(
        "group", "account", "facet", "key"
    )
    several = own.group_by("group", "facet", "key").agg(n=_.count()).filter(_.n > 1)
    counted = (
        own.semi_join(several, ["group", "facet", "key"])
        .group_by("group", "facet")
        .agg(n=_.account.nunique())
    )
    return {(row["group"], row["facet"]): row["n"] for row in engine.collect(counted).to_pylist()}


def with_carriers(evidence: pa.Table, counts: dict[tuple[int, str], int]) -> pa.Table:
    """Add the number of accounts that carry any shared key of the facet."""
    carried = [
        counts.get(place, 0)
        for place in zip(values(evidence, "group"), values(evidence, "facet"), strict=True)
    ]
    return evidence.set_column(
        evidence.schema.get_field_index("accounts"),
        EVIDENCE.arrow.field("accounts"),
        pa.array(carried, pa.int64()),
    )


def with_semantic(evidence: pa.Table, likeness: pa.Table) -> pa.Table:
    """Add a row for each group whose accounts' prompts are alike in meaning, or unlike.

    Such prompts share no key, but a direction. likeness: group, nats (mean for one account), alike and
    elsewhere (accounts in the group and outside it that are nearer to the group's prompts than all but the
    nearest 5 % of peers).
    """
    shown_as = (
        "prompts alike in meaning, whatever their words: nearer to the group's than all but the "
        "nearest 5 % of peers"
    )
    rows = [
        {
            "group": row["group"],
            "facet": SEMANTIC,
            "family": HELD_OUT,
            "role": "held-out",
            "nats": round(row["nats"], 6),
            "accounts": row["alike"],
            "keys": 1,
            "top": shown_as,
            "top_accounts": row["alike"],
            "top_elsewhere": row["elsewhere"],
        }
        for row in likeness.to_pylist()
        if abs(row["nats"]) >= LEAST_SEMANTIC
    ]
    both = pa.concat_tables([evidence, pa.Table.from_pylist(rows, schema=EVIDENCE.arrow)])
    return both.sort_by([("group", "ascending"), ("facet", "ascending")])


def links_table(shared: Shared, labels: Labels) -> pa.Table:
    """Return table links: the graph with its keys in words."""
    rows = [
        {name: row[name] for name in ("group", "account", "facet", "key", "n")}
        | {"family": FACETS.all()[row["facet"]].family, "label": shown(row["facet"], row["value"], labels)}
        for row in shared.graph.to_pylist()
    ]
    return pa.Table.from_pylist(rows, schema=LINKS.arrow)


def member_count(members: pa.Table) -> dict[int, int]:
    """Return the number of accounts in each group."""
    counted = members.group_by("group").aggregate([("account", "count")])
    return {row["group"]: row["account_count"] for row in counted.to_pylist()}


def ranked(members: pa.Table) -> pa.Table:
    """Return the members with their rank in the group, strongest evidence first."""
    ordered = members.sort_by([("group", "ascending"), ("nats", "descending"), ("account", "ascending")])
    groups = ordered.column("group").to_numpy()
    rank = np.arange(len(groups)) - np.searchsorted(groups, groups)
    return ordered.append_column("rank", pa.array(rank, pa.int64()))
