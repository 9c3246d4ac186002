"""Run folders written as tables: one with a campaign of many accounts, one with many small campaigns."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.iso_time import iso
from stillwatch.registry import FACETS
from stillwatch.run.layout import TABLES
from stillwatch.run.manifest import digest_of, document_of, entry_of, tables_in
from stillwatch.schema.stored import SKETCH_VERSION
from stillwatch.settings import Settings, as_told

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 28
FORMED = ("address", "subnet", "network", "payment", "mail_shape", "client", "ja4", "active_hours")
"""Facets that formed the large campaign."""
LINKED = (*FORMED, "tools", "parameters", "token_shape", "system")
"""Facets whose keys its accounts share."""
KEYS = 6
"""Keys of each facet among which an account has one."""
TRACES = 15
"""Traces of an account."""
Table = dict[str, Any]
Rng = np.random.Generator


def account_id(number: int) -> str:
    """The id of an account."""
    return f"acct_{number:016x}"


def large_run(folder: Path, accounts: int, seed: int) -> Path:
    """Write a run with one campaign of so many accounts, and ten thousand accounts beside it at most."""
    rng = np.random.default_rng(seed)
    others = min(accounts // 10, 10_000)
    tables: dict[str, Table] = {"accounts": _accounts(accounts + others), **_people(rng, accounts)}
    tables["member_evidence"] = _evidence_of_members(rng, accounts)
    tables["member_adjustments"] = _adjustments(rng, accounts)
    tables["account_use"] = _use(rng, accounts)
    tables["traces"] = _traces(rng, accounts + others)
    tables["links"] = _links(rng, accounts)
    tables["timeline"] = _timeline(rng, accounts)
    small = {name: [row] for name, row in _campaign(1, "camp-large", accounts).items()}
    tables |= {"campaigns": small, **_about_group(1)}
    return _written(folder, "run-large", tables, accounts + others)


def many_run(folder: Path, campaigns: int, size: int) -> Path:
    """Write a run with many campaigns of a few accounts, all listed."""
    total = campaigns * size
    numbers = np.arange(10**7, 10**7 + total, dtype=np.int64)
    rows = [_campaign(number + 1, f"camp-{number:06d}", size) for number in range(campaigns)]
    tables: dict[str, Table] = {
        "campaigns": {name: [row[name] for row in rows] for name in rows[0]},
        "members": _members(
            np.repeat(np.arange(1, campaigns + 1), size), numbers, np.full(total, 9.0), "named"
        ),
        "accounts": _accounts(total, 10**7),
        "evidence": {
            "group": list(range(1, campaigns + 1)),
            "facet": ["address"] * campaigns,
            "family": ["network"] * campaigns,
            "role": ["formation"] * campaigns,
            "nats": [4.0] * campaigns,
            "accounts": [size] * campaigns,
            "keys": [1] * campaigns,
            "top": ["something"] * campaigns,
            "top_accounts": [size] * campaigns,
            "top_elsewhere": [0] * campaigns,
        },
    }
    return _written(folder, "run-many", tables, total, earlier=True)


def _accounts(many: int, first: int = 1) -> Table:
    ids = [account_id(number) for number in range(first, first + many)]
    return {
        "account": np.arange(first, first + many, dtype=np.int64),
        "account_id": ids,
        "created": [FIRST] * many,
        "plan": ["pro"] * many,
        "verification": ["card"] * many,
        "email_public": [True] * many,
    }


def _people(rng: Rng, accounts: int) -> dict[str, Table]:
    """Nine tenths named, the rest present and near."""
    named = accounts * 9 // 10
    rest = accounts - named
    numbers = np.arange(1, accounts + 1, dtype=np.int64)
    near = _members(np.ones(rest, np.int32), numbers[named:], rng.normal(6, 2, rest), "present")
    near["tier"] = ["present" if place % 3 else "near" for place in range(rest)]
    near["reason"] = ["like-its-client" if place % 3 else "little-shared" for place in range(rest)]
    return {
        "members": _members(np.ones(named, np.int32), numbers[:named], rng.normal(24, 5, named), "named"),
        "bystanders": near,
    }


def _members(groups: Any, numbers: Any, nats: npt.NDArray[np.float64], tier: str) -> Table:
    many = len(numbers)
    return {
        "group": groups,
        "account": numbers,
        "account_id": [account_id(int(number)) for number in numbers],
        "nats": nats,
        "tier": [tier] * many,
        "reason": ["both"] * many,
        "formation": nats * 0.6,
        "p_value": np.linspace(0.0001, 0.2, many),
        "owner": [f"Owner {place % 997}" if place % 5 == 0 else "" for place in range(many)],
        "exchanges": np.full(many, 600),
        "first": [FIRST] * many,
        "last": [FIRST + timedelta(days=DAYS)] * many,
    }


def _evidence_of_members(rng: Rng, accounts: int) -> Table:
    many = accounts * len(FORMED)
    return {
        "group": np.ones(many, np.int32),
        "account": np.repeat(np.arange(1, accounts + 1, dtype=np.int64), len(FORMED)),
        "facet": list(FORMED) * accounts,
        "nats": rng.normal(2, 1, many),
    }


def _adjustments(rng: Rng, accounts: int) -> Table:
    return {
        "group": np.ones(2 * accounts, np.int32),
        "account": np.repeat(np.arange(1, accounts + 1, dtype=np.int64), 2),
        "kind": ["keys", "cap"] * accounts,
        "family": ["content", "network"] * accounts,
        "nats": rng.normal(3, 1, 2 * accounts),
    }


def _use(rng: Rng, accounts: int) -> Table:
    return {
        "account": np.arange(1, accounts + 1, dtype=np.int64),
        "models": [["heron-4", "heron-5"]] * accounts,
        "exchanges": np.full(accounts, 600),
        "top_exchanges": np.full(accounts, 500),
        "input_tokens": rng.integers(1_000, 10**6, accounts),
        "output_tokens": rng.integers(1_000, 10**6, accounts),
        "spend": rng.integers(10**5, 10**8, accounts),
        "priced": np.full(accounts, 600),
        "days": np.full(accounts, 20),
    }


def _traces(rng: Rng, accounts: int) -> Table:
    many = accounts * TRACES
    facets = sorted(FACETS.all())[:TRACES]
    return {
        "account": np.repeat(np.arange(1, accounts + 1, dtype=np.int64), TRACES),
        "key": rng.integers(1, many // 3, many),
        "facet": facets * accounts,
        "value": rng.integers(1, 10**6, many),
        "first": np.full(many, FIRST.timestamp() * 1e6, dtype=np.int64),
        "last": np.full(many, FIRST.timestamp() * 1e6 + 9e11, dtype=np.int64),
        "n": rng.integers(1, 600, many),
    }


def _links(rng: Rng, accounts: int) -> Table:
    """Each account carries one of a few keys of each facet."""
    many = accounts * len(LINKED)
    picked = rng.integers(0, KEYS, many)
    places = np.tile(np.arange(len(LINKED)), accounts)
    families = [FACETS.all()[facet].family for facet in LINKED]
    return {
        "group": np.ones(many, np.int32),
        "account": np.repeat(np.arange(1, accounts + 1, dtype=np.int64), len(LINKED)),
        "facet": [LINKED[place] for place in places],
        "family": [families[place] for place in places],
        "key": places * 100 + picked,
        "label": [f"{LINKED[place]} {one:08x}" for place, one in zip(places, picked, strict=True)],
        "n": np.full(many, 100),
    }


def _timeline(rng: Rng, accounts: int) -> Table:
    hours = 24 * DAYS
    return {
        "group": np.ones(hours, np.int32),
        "time": [FIRST + timedelta(hours=hour) for hour in range(hours)],
        "exchanges": rng.integers(accounts // 2, accounts, hours),
        "accounts": rng.integers(accounts // 4, accounts // 2, hours),
    }


def _about_group(group: int) -> dict[str, Table]:
    families = [FACETS.all()[facet].family for facet in FORMED]
    many = len(FORMED)
    evidence: Table = {
        "group": [group] * many,
        "facet": list(FORMED),
        "family": families,
        "role": ["formation"] * many,
        "nats": [2.0] * many,
        "accounts": [1_000] * many,
        "keys": [KEYS] * many,
        "top": [f"{facet} 00000001" for facet in FORMED],
        "top_accounts": [500] * many,
        "top_elsewhere": [3] * many,
    }
    signals = (
        "volume",
        "even_load",
        "shared_payment",
        "undeclared_linkage",
        "round_the_clock",
        "fixed_prompt",
    )
    axes = ("scale", "scale", "deception", "deception", "scale", "intent")
    scores: Table = {
        "group": [group] * len(signals),
        "signal": list(signals),
        "axis": list(axes),
        "score": [0.9] * len(signals),
        "peers": [0.1] * len(signals),
        "values": [[] for _ in signals],
    }
    return {"evidence": evidence, "scores": scores}


def _campaign(group: int, identity: str, accounts: int) -> dict[str, Any]:
    named = accounts * 9 // 10 or accounts
    return {
        "campaign": f"C{group:03d}",
        "identity": identity,
        "family": identity,
        "group": group,
        "kind": "linked",
        "verdict": "adversarial",
        "role": "operator",
        "role_why": [],
        "listed": True,
        **dict.fromkeys(("scale", "deception", "intent"), 0.9),
        **{f"{axis}_why": [] for axis in ("scale", "deception", "intent")},
        "extracting": [],
        "accounts": named,
        "named": named,
        "present": accounts - named,
        "near": 0,
        "at_least": named * 9 // 10,
        "exchanges": 600 * accounts,
        "input_tokens": 10**6,
        "output_tokens": 10**6,
        "first": FIRST,
        "last": FIRST + timedelta(days=DAYS),
        "log_e_value": 300.0,
        "p_value": 1e-100,
        "null": {"code": "content-given-client", "wider": False, "semantic": False},
        "held_out": ["head"],
        "permit": "",
        "permit_excess": [],
    }


def _written(
    folder: Path, name: str, tables: dict[str, Table], accounts: int, *, earlier: bool = False
) -> Path:
    folder.mkdir(parents=True)
    for table in TABLES:
        if table in ("reviewed", "watched"):
            continue
        schema = TABLES[table].arrow
        rows = tables.get(table, {})
        size = len(next(iter(rows.values()))) if rows else 0
        columns = [
            pa.array(rows[field.name], field.type) if field.name in rows else pa.nulls(size, field.type)
            for field in schema
        ]
        pq.write_table(pa.Table.from_arrays(columns, schema=schema), folder / f"{table}.parquet")
    entries = [entry_of(folder, file) for file in tables_in(folder)]
    last = FIRST + timedelta(days=DAYS - (1 if earlier else 0))
    about = {
        "id": name,
        "made": iso(last),
        "version": "0",
        "digest": digest_of(entries),
        "settings": as_told(Settings()),
        "inputs": [],
        "exchanges": 600 * accounts,
        "accounts": accounts,
        "first": iso(FIRST),
        "last": iso(last),
        "sketch": {"version": SKETCH_VERSION, "key": "0badcafe"},
        "given": {},
        "previous": {"why": "given"},
        "manifest": document_of(entries),
    }
    (folder / "run.json").write_text(json.dumps(about), encoding="utf-8")
    return folder
