"""A run folder of many accounts, written as tables: what publishing reads, and no more."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.run.layout import TABLES
from stillwatch.run.manifest import digest_of, document_of, entry_of, tables_in
from stillwatch.schema.table import Contract

WHEN = datetime(2026, 11, 1, tzinfo=UTC)
CAMPAIGNS = 20
SHARE = 0.02
"""Of the accounts, those that a campaign has."""
PLANS = ("free", "pro", "team", "enterprise")


def account_id(number: int) -> str:
    """The id of an account."""
    return f"acct_{number:016x}"


def big_run(folder: Path, accounts: int) -> Path:
    """Write it. The first SHARE of the accounts are named in campaigns of operators."""
    folder.mkdir(parents=True)
    ids = pa.array([account_id(number) for number in range(accounts)], pa.string())
    numbers = np.arange(1, accounts + 1, dtype=np.int64)
    _write(
        folder,
        "accounts",
        accounts,
        account=numbers,
        account_id=ids,
        created=[WHEN] * accounts,
        plan=[PLANS[number % 4] for number in range(accounts)],
        verification=["card"] * accounts,
    )
    inside = max(CAMPAIGNS, int(accounts * SHARE))
    groups = np.arange(inside) % CAMPAIGNS + 1
    _write(
        folder,
        "members",
        inside,
        group=groups,
        account=numbers[:inside],
        account_id=ids[:inside],
        nats=np.full(inside, 9.0),
        tier=["named"] * inside,
    )
    _campaigns(folder, inside)
    for name in ("bystanders", "labels", "permits", "evidence", "scores"):
        _write(folder, name, 0)
    _seal(folder)
    return folder


def _campaigns(folder: Path, inside: int) -> None:
    names = list(range(1, CAMPAIGNS + 1))
    _write(
        folder,
        "campaigns",
        CAMPAIGNS,
        campaign=[f"C{name:03d}" for name in names],
        identity=[f"camp-{name:016d}" for name in names],
        family=[f"camp-{name:016d}" for name in names],
        group=names,
        kind=["linked"] * CAMPAIGNS,
        verdict=["adversarial"] * CAMPAIGNS,
        role=["operator"] * CAMPAIGNS,
        listed=[True] * CAMPAIGNS,
        scale=[0.9] * CAMPAIGNS,
        deception=[0.9] * CAMPAIGNS,
        intent=[0.9] * CAMPAIGNS,
        accounts=[inside // CAMPAIGNS] * CAMPAIGNS,
        named=[inside // CAMPAIGNS] * CAMPAIGNS,
        at_least=[100] * CAMPAIGNS,
        exchanges=[100_000] * CAMPAIGNS,
        first=[WHEN] * CAMPAIGNS,
        last=[WHEN] * CAMPAIGNS,
        null=[{"code": "", "wider": False, "semantic": False}] * CAMPAIGNS,
    )


def _seal(folder: Path) -> None:
    """Write run.json over the tables that are there."""
    entries = [entry_of(folder, file) for file in tables_in(folder)]
    about = {
        "id": "bench",
        "digest": digest_of(entries),
        "made": "2026-11-01T00:00:00Z",
        "manifest": document_of(entries),
        "given": {"key_file": False},
    }
    (folder / "run.json").write_text(json.dumps(about), encoding="utf-8")


def _write(folder: Path, name: str, rows: int, **columns: Any) -> None:
    table: Contract = TABLES[name]
    arrays = {
        column.name: pa.array(columns.get(column.name, [None] * rows), column.type)
        for column in table.columns
    }
    pq.write_table(pa.table(arrays), folder / f"{name}.parquet")
