"""The sketched tables of a finished run, for a baseline, without any results of detection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from ibis import _

from stillwatch.engine import DuckDBEngine, Engine
from stillwatch.errors import RunError
from stillwatch.schema.table import values
from stillwatch.settings import EngineSettings


@dataclass(frozen=True)
class Tables:
    """What a baseline may read, as Ibis tables."""

    engine: Engine
    """Runs the expressions."""
    exchanges: Any
    """Table exchanges of all days, with `at` (milliseconds since 1970)."""
    accounts: Any
    """Table accounts."""
    traces: Any
    """Table traces: which account carries which key of which facet.

    It is made before any linking, by the facets that Stillwatch links with.
    """


def tables_of(engine: Engine, exchanges: Any, accounts: Any, traces: Any) -> Tables:
    """Return the tables of a run, or of a test."""
    return Tables(
        engine,
        exchanges.mutate(
            at=_.time.epoch_seconds().floor().cast("int64") * 1000 + _.time.millisecond().cast("int64")
        ),
        accounts,
        traces,
    )


@contextmanager
def opened(run: Path) -> Iterator[Tables]:
    """Open the tables of a run folder. Raises RunError if one is missing."""
    days = sorted((run / "exchanges").glob("day=*/*.parquet"))
    missing = [name for name in ("accounts", "traces") if not (run / f"{name}.parquet").is_file()] + (
        [] if days else ["exchanges"]
    )
    if missing:
        raise RunError(
            f"the run has no table {missing[0]}",
            where=str(run),
            do="give the folder that `detect --out` wrote",
        )
    with DuckDBEngine(EngineSettings()) as engine:
        yield tables_of(
            engine,
            engine.read("exchanges", days),
            engine.read("accounts", [run / "accounts.parquet"]),
            engine.read("traces", [run / "traces.parquet"]),
        )


def account_ids(run: Path) -> dict[int, str]:
    """Return the id to show of each account key."""
    table: pa.Table = pq.read_table(run / "accounts.parquet", columns=["account", "account_id"])
    return dict(zip(values(table, "account"), values(table, "account_id"), strict=True))
