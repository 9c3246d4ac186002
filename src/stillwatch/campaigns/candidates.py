"""Everything that is tested: linked groups, accounts of one declared owner, and large single accounts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from ibis import _

from stillwatch.campaigns.owners import declared_groups
from stillwatch.engine import Engine, Table
from stillwatch.schema.codes import Kind
from stillwatch.schema.table import schema_of, values

SAME = 0.5
"""If this share of a declared owner's accounts is linked in one group, the two are the same candidate."""
CANDIDATES = schema_of(group=pa.int32(), kind=pa.string(), account=pa.int64(), nats=pa.float64())


def candidates(
    engine: Engine,
    linked: pa.Table,
    owners: Table,
    volumes: Table,
    least: int,
    alike: frozenset[int] = frozenset(),
) -> pa.Table:
    """Table of CANDIDATES: linked groups keep their numbers; the others follow, largest volume first.

    alike: the groups in `linked` that content formed.

    An account of great volume that has a declared owner is in two candidates: with the owner, and by itself,
    in case it alone asks for such things.
    """
    grouped = set(linked.column("account").to_pylist())
    rows = [
        (int(g), str(Kind.ALIKE if g in alike else Kind.LINKED), int(a), float(n))
        for g, a, n in zip(*(linked.column(c).to_pylist() for c in ("group", "account", "nats")), strict=True)
    ]
    number = max((row[0] for row in rows), default=0)
    owned: dict[int, list[int]] = {}
    for row in declared_groups(engine, owners, volumes, least).to_pylist():
        owned.setdefault(row["owner"], []).append(row["account"])
    for accounts in sorted(owned.values(), key=lambda items: (-len(items), items[0])):
        free = [account for account in accounts if account not in grouped]
        if len(free) <= (1.0 - SAME) * len(accounts):
            continue
        number += 1
        rows += [(number, "declared", account, 0.0) for account in free]
    large = values(
        engine.collect(volumes.filter(_.n >= least).order_by([_.n.desc(), "account"]).select("account")),
        "account",
    )
    for account in large:
        if account not in grouped:
            number += 1
            rows.append((number, "single", account, 0.0))
    columns: list[list[Any]] = (
        [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], [], []]
    )
    return pa.table(
        [pa.array(values, kind.type) for values, kind in zip(columns, CANDIDATES, strict=True)],
        schema=CANDIDATES,
    )


def peers(engine: Engine, volumes: Table, taken: pa.Table, wanted: int) -> pa.Table:
    """Return a sample of accounts in no group, spread evenly over their keys: (group 0, account)."""
    accounts = engine.collect(volumes.select("account").order_by("account")).column("account").to_numpy()
    free = accounts[~np.isin(accounts, taken.column("account").to_numpy())]
    step = max(len(free) // wanted, 1)
    chosen = free[::step][:wanted]
    return pa.table(
        {"group": pa.array(np.zeros(len(chosen)), pa.int32()), "account": pa.array(chosen, pa.int64())}
    )
