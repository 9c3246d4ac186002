"""Run every facet and keep the keys that more than one account carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import ibis
from ibis import _

from stillwatch.engine import Engine, Scope, Table
from stillwatch.facets.tables import Tables
from stillwatch.registry import FACETS, SIGNALS, Facet
from stillwatch.schema.keyed import salt
from stillwatch.settings import LinkageSettings

ROWS = "rows"
"""Name of the number of rows among the counts of columns."""
Progress = Callable[[str], None]


def quiet(_step: str) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class Blind:
    """A facet that could not see."""

    name: str
    """The facet."""
    reason: str
    """What was missing."""
    share: float
    """Share of the rows in which it was missing."""


def build_traces(
    engine: Engine,
    tables: Tables,
    settings: LinkageSettings,
    progress: Progress = quiet,
    lacking: dict[str, float] | None = None,
) -> tuple[Table, list[Blind]]:
    """Build table traces (account, key, facet, value, first, last, n) over all facets.

    Times are in seconds. Also returns which facets were blind. Only keys that at least two accounts carry are
    kept, and of each account and facet the `keys_per_facet` rarest.
    """
    lacking = missing_shares(engine, tables) if lacking is None else lacking
    parts: dict[str, Table] = {}
    blind: list[Blind] = []
    for name, facet in FACETS.all().items():
        missing = {need: lacking.get(need, 0.0) for need in facet.needs}
        worst = max(missing.values(), default=0.0)
        if worst > 0.0:
            columns = ", ".join(need for need, share in missing.items() if share > 0.0)
            blind.append(Blind(name, f"no {columns}", worst))
        if worst < 1.0:
            progress(f"facet {name}")
            with FACETS.blaming(name), Scope(engine, name) as scope:
                rows = facet.query(replace(tables, hold=scope.create))
                kept = _kept(_shared(scope, facet, rows), facet, settings)
                parts[f"trace_{name}"] = engine.create(f"trace_{name}", kept)
    every = list(parts.values())
    traces = engine.create("traces", ibis.union(*every) if len(every) > 1 else every[0])
    for part in parts:
        engine.drop(part)
    return traces, blind


def missing_shares(
    engine: Engine, tables: Tables, filled: Mapping[str, int] | None = None
) -> dict[str, float]:
    """For each column that a facet or a signal needs, the share of rows that lack it; 1.0 for an empty table.

    filled: for each column of the exchanges how many rows fill it, and under ROWS how many rows there are,
    where that is known. None: they are counted.
    """
    shares: dict[str, float] = {}
    needs = {need for facet in FACETS.all().values() for need in facet.needs}
    needs |= {need for signal in SIGNALS.all().values() for need in signal.needs}
    for source in ("exchanges", "accounts", "releases"):
        table = getattr(tables, source)
        columns = sorted(need.split(".", 1)[1] for need in needs if need.startswith(f"{source}."))
        if not columns:
            continue
        counts: Mapping[str, int] = (
            filled
            if source == "exchanges" and filled is not None
            else engine.collect(
                table.agg(**{ROWS: table.count()}, **{column: table[column].count() for column in columns})
            ).to_pylist()[0]
        )
        rows = counts[ROWS]
        shares |= {f"{source}.{column}": 1.0 - counts[column] / rows if rows else 1.0 for column in columns}
    return shares


def _shared(engine: Engine, facet: Facet, rows: Table) -> Table:
    """Return (account, value, first, last, n, df) for the values of at least two accounts."""
    if facet.sparse:
        several = rows.group_by("value").agg(low=_.account.min(), high=_.account.max()).filter(_.low < _.high)
        rows = rows.semi_join(several, "value")
    counted = "n" in rows.columns
    summed = (
        {"last": _["last"].max(), "n": _.n.sum()} if counted else {"last": _.second.max(), "n": _.count()}
    )
    pairs = engine.create("pairs", rows.group_by("account", "value").agg(first=_.second.min(), **summed))
    df = pairs.group_by("value").agg(df=_.count()).filter(_.df > 1)
    return pairs.join(df, "value")


def _kept(shared: Table, facet: Facet, settings: LinkageSettings) -> Table:
    rarest = ibis.window(group_by="account", order_by=["df", "value"])
    ranked = shared.mutate(rank=ibis.row_number().over(rarest)).filter(_.rank < settings.keys_per_facet)
    key = ranked["value"] ^ ibis.literal(salt(facet.name), "int64")
    return ranked.select("account", "value", "first", "last", "n", key=key, facet=ibis.literal(facet.name))
