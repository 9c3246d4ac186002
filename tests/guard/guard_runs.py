"""Small runs for the guard's tests, written as tables: only what publishing reads is in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.run.layout import TABLES
from stillwatch.run.manifest import digest_of, document_of, entry_of, tables_in
from stillwatch.schema.table import Contract

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
"""When the campaigns of these runs were last active."""
START = NOON.timestamp()


@dataclass(frozen=True)
class Member:
    """An account in a campaign."""

    id: str
    tier: str = "named"
    nats: float = 9.0


@dataclass(frozen=True)
class Found:
    """A campaign."""

    identity: str
    members: Sequence[Member]
    family: str = ""
    verdict: str = "adversarial"
    role: str = "operator"
    listed: bool = True
    bystanders: Sequence[Member] = ()


@dataclass(frozen=True)
class Licence:
    """A permit."""

    name: str
    accounts: Sequence[str] = ()
    organisation: str = ""
    models: Sequence[str] = ()
    starts: datetime | None = None
    expires: datetime = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class World:
    """What a run knows."""

    accounts: Sequence[str]
    campaigns: Sequence[Found] = ()
    permits: Sequence[Licence] = ()
    verified: dict[str, str] = field(default_factory=dict)
    """Organisation that an account is verified for."""
    declared: dict[str, str] = field(default_factory=dict)
    """Organisation that an account only declares."""


def made_run(folder: Path, world: World, *, name: str = "run-1", pseudonyms: bool = False) -> Path:
    """Write a run folder."""
    folder.mkdir(parents=True)
    numbers = {account: number for number, account in enumerate(world.accounts, 1)}
    owners = {**world.declared, **world.verified}
    names = sorted(set(owners.values()))
    _write(folder, "accounts", [_account(world, owners, names, *one) for one in numbers.items()])
    labels = [{"key": place, "kind": "organisation", "label": text} for place, text in enumerate(names, 1)]
    _write(folder, "labels", [*labels, {"key": 77, "kind": "client", "label": "some client"}])
    _write(folder, "campaigns", [_campaign(*one) for one in enumerate(world.campaigns, 1)])
    for table in ("members", "bystanders"):
        rows = [
            _member(group, numbers.get(one.id, 0), one)
            for group, found in enumerate(world.campaigns, 1)
            for one in getattr(found, table)
        ]
        _write(folder, table, rows)
    _write(folder, "permits", [vars(permit) for permit in world.permits])
    for table in ("evidence", "scores"):
        _write(folder, table, [])
    seal_run(folder, name, pseudonyms=pseudonyms)
    return folder


def seal_run(folder: Path, name: str, *, pseudonyms: bool = False) -> None:
    """Write run.json over the tables that are there."""
    entries = [entry_of(folder, file) for file in tables_in(folder)]
    about = {
        "id": name,
        "digest": digest_of(entries),
        "made": "2026-11-30T12:00:00Z",
        "given": {"key_file": pseudonyms},
        "manifest": document_of(entries),
    }
    (folder / "run.json").write_text(json.dumps(about), encoding="utf-8")


def _account(
    world: World, owners: dict[str, str], names: list[str], account: str, number: int
) -> dict[str, Any]:
    owner = owners.get(account)
    return {
        "account": number,
        "account_id": account,
        "created": datetime(2026, 1, 1, tzinfo=UTC) if number % 2 else None,
        "plan": "team" if owner else None,
        "verification": "organisation" if account in world.verified else "card",
        "organisation": None if owner is None else names.index(owner) + 1,
    }


def _campaign(group: int, found: Found) -> dict[str, Any]:
    tiers = [one.tier for one in (*found.members, *found.bystanders)]
    return {
        "campaign": f"C{group:03d}" if found.listed else f"G{group:04d}",
        "identity": found.identity,
        "family": found.family or found.identity,
        "group": group,
        "kind": "linked",
        "verdict": found.verdict,
        "role": found.role,
        "listed": found.listed,
        "scale": 0.9,
        "deception": 0.8,
        "intent": 0.7,
        "accounts": len(found.members),
        "named": tiers.count("named"),
        "at_least": 1,
        "exchanges": 50_000,
        "first": NOON,
        "last": NOON,
    }


def _member(group: int, number: int, one: Member) -> dict[str, Any]:
    return {
        "group": group,
        "account": number,
        "account_id": one.id,
        "nats": one.nats,
        "tier": one.tier,
    }


def _write(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    table = TABLES[name]
    columns = {column.name: [row.get(column.name) for row in rows] for column in table.columns}
    pq.write_table(pa.table(columns, schema=_lenient(table)), folder / f"{name}.parquet")


def _lenient(table: Contract) -> pa.Schema:
    return pa.schema([pa.field(column.name, column.type) for column in table.columns])
