"""Small tables made by hand, opened as a baseline sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa

from baselines.tables import Tables, tables_of
from stillwatch.engine import DuckDBEngine
from stillwatch.schema.stored import ACCOUNTS, EXCHANGES, TRACES
from stillwatch.schema.table import Contract
from stillwatch.settings import EngineSettings

START = 1_772_409_600
"""Monday 2 March 2026, 00:00 UTC."""
Rows = list[dict[str, Any]]


def asked(account: int, seconds: Sequence[float], **columns: Any) -> Rows:
    """Exchanges of an account, so many seconds after the start; a column is one value, or a list of one for
    each.
    """
    rows = []
    for place, second in enumerate(seconds):
        mine = {name: value[place] if isinstance(value, list) else value for name, value in columns.items()}
        at = int((START + second) * 1_000_000)
        number = (account << 24) + place
        rows.append(
            {
                "request": number,
                "request_id": f"q{number}",
                "account": account,
                "time": at,
                "has_text": True,
                **mine,
            }
        )
    return rows


@contextmanager
def small(
    exchanges: Rows, accounts: Mapping[int, dict[str, Any]] | None = None, traces: Rows | None = None
) -> Iterator[Tables]:
    """The tables; accounts that are not described are there all the same."""
    known = accounts or {}
    people = [
        {"account": a, "account_id": f"a{a}", **known.get(a, {})}
        for a in sorted({row["account"] for row in exchanges} | known.keys())
    ]
    with DuckDBEngine(EngineSettings(threads=1)) as engine:
        loaded = (
            engine.load(table.name, _arrow(table, rows))
            for table, rows in ((EXCHANGES, exchanges), (ACCOUNTS, people), (TRACES, traces or []))
        )
        yield tables_of(engine, *loaded)


def carried(key: int, accounts: Sequence[int], facet: str = "address") -> Rows:
    """Traces: these accounts carry a key."""
    return [{"account": a, "key": key, "facet": facet, "value": key, "n": 1} for a in accounts]


def drawn(rng: np.random.Generator, n: int) -> list[int]:
    """Sketches of unrelated prompts."""
    return [int(x) for x in rng.integers(-(2**63), 2**63 - 1, n, dtype=np.int64)]


def near(sketch: int, bits: Sequence[int]) -> int:
    """The sketch with some signs turned."""
    turned = np.array([sketch], np.int64).view(np.uint64)
    for bit in bits:
        turned ^= np.uint64(1 << bit)
    return int(turned.view(np.int64)[0])


def _arrow(table: Contract, rows: Rows) -> pa.Table:
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in table.names()} for row in rows], schema=table.arrow
    )
