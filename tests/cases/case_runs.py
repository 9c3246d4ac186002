"""Small runs for the tests of cases: every table that evidence is taken from, as this version writes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.iso_time import iso
from stillwatch.run.layout import TABLES
from stillwatch.run.manifest import digest_of, document_of, entry_of, tables_in
from stillwatch.schema.stored import SKETCH_VERSION
from stillwatch.settings import Settings, as_told

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SKETCH_KEY = "0badcafe"


@dataclass(frozen=True)
class Tie:
    """A link to a campaign of an earlier run."""

    link: str
    other: str


@dataclass(frozen=True)
class Group:
    """A campaign."""

    identity: str
    size: int = 5
    verdict: str = "adversarial"
    role: str = "operator"
    listed: bool = True
    permit: str = ""
    families: Sequence[str] = ("network", "identity")
    signals: Sequence[str] = ("volume", "dealt_questions")
    ties: Sequence[Tie] = ()
    first_account: int = 0
    keys: Sequence[int] = (11, 12)
    family: str = ""

    def accounts(self) -> list[str]:
        """The ids of its accounts."""
        start = self.first_account or sum(map(ord, self.identity)) * 1_000
        return [f"acct-{start + place}" for place in range(self.size)]


@dataclass(frozen=True)
class Sealed:
    """A run."""

    name: str
    groups: Sequence[Group]
    day: int = 0
    compared: bool = True
    bystanders: Sequence[str] = ()
    alarms: Sequence[str] = ()
    about: dict[str, Any] = field(default_factory=dict)


def sealed(folder: Path, run: Sealed) -> Path:
    """Write a run folder."""
    folder.mkdir(parents=True)
    tables: dict[str, list[dict[str, Any]]] = {
        name: [] for name in TABLES if name not in ("reviewed", "watched")
    }
    last = NOON + timedelta(days=run.day)
    for number, group in enumerate(run.groups, 1):
        _add(tables, number, group, last)
    for name in run.bystanders:
        tables["bystanders"].append(_member(1, name, last) | {"tier": "near", "reason": "little-shared"})
    tables["alarms"] = [_alarm(number, name, last) for number, name in enumerate(run.alarms, 1)]
    for name, rows in tables.items():
        table = pa.Table.from_pylist([_whole(name, row) for row in rows], schema=TABLES[name].arrow)
        pq.write_table(table, folder / f"{name}.parquet")
    entries = [entry_of(folder, file) for file in tables_in(folder)]
    document = {
        "id": run.name,
        "made": "2026-11-30T12:00:00Z",
        "version": "0",
        "digest": digest_of(entries),
        "settings": as_told(Settings()),
        "inputs": [],
        "exchanges": 1_000,
        "accounts": 100,
        "first": iso(NOON - timedelta(days=9)),
        "last": iso(last),
        "sketch": {"version": SKETCH_VERSION, "key": SKETCH_KEY},
        "given": {},
        **({"previous": {"why": "given"}} if run.compared else {}),
        **run.about,
        "manifest": document_of(entries),
    }
    (folder / "run.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def _add(tables: dict[str, list[dict[str, Any]]], number: int, group: Group, last: datetime) -> None:
    tables["campaigns"].append(_campaign(number, group, last))
    tables["members"] += [_member(number, name, last) for name in group.accounts()]
    tables["evidence"] += [_evidence(number, family, group.size) for family in group.families]
    tables["scores"] += [_score(number, signal) for signal in group.signals]
    tables["timeline"].append({"group": number, "time": last, "exchanges": 50, "accounts": group.size})
    tables["accounts"] += [
        {"account": _key(name), "account_id": name, "email_public": False} for name in group.accounts()
    ]
    name = _name(number, group)
    tables["campaign_keys"] += [
        {
            "group": number,
            "campaign": name,
            "facet": "system",
            "key": key,
            "accounts": 3,
            "strangers": 0,
            "nats": 6.0,
        }
        for key in group.keys
    ]
    tables["campaign_links"] += [_link(number, name, group, tie, last) for tie in group.ties]


def _name(number: int, group: Group) -> str:
    return f"C{number:03d}" if group.listed else f"G{number:04d}"


def _key(account: str) -> int:
    return int(account.rpartition("-")[2])


def _campaign(number: int, group: Group, last: datetime) -> dict[str, Any]:
    why = [
        {"signal": one, "direction": "for", "weight": 0.5, "score": 0.9, "strength": 0.45}
        for one in group.signals
    ]
    return {
        "campaign": _name(number, group),
        "identity": group.identity,
        "family": group.family or group.identity,
        "group": number,
        "kind": "linked",
        "verdict": group.verdict,
        "role": group.role,
        "role_why": [],
        "listed": group.listed,
        **dict.fromkeys(("scale", "deception", "intent"), 0.9),
        "scale_why": why[:1],
        "deception_why": [],
        "intent_why": why[1:],
        "extracting": [],
        "accounts": group.size,
        "named": group.size,
        "present": 0,
        "near": 0,
        "at_least": group.size,
        "exchanges": 100 * group.size,
        "input_tokens": 1,
        "output_tokens": 1,
        "first": last - timedelta(days=5),
        "last": last,
        "log_e_value": 12.5,
        "p_value": 1e-5,
        "null": {"code": "content-given-client", "wider": False, "semantic": False},
        "held_out": ["head"],
        "permit": group.permit,
        "permit_excess": [],
    }


def _member(number: int, name: str, last: datetime) -> dict[str, Any]:
    return {
        "group": number,
        "account": _key(name),
        "account_id": name,
        "nats": 9.0,
        "tier": "named",
        "reason": "both",
        "formation": 5.0,
        "owner": "",
        "exchanges": 100,
        "first": last,
        "last": last,
    }


def _evidence(number: int, family: str, size: int) -> dict[str, Any]:
    return {
        "group": number,
        "facet": {"network": "address", "identity": "payment"}.get(family, family),
        "family": family,
        "role": "formation",
        "nats": 4.0,
        "accounts": size,
        "keys": 1,
        "top": "something",
        "top_accounts": size,
        "top_elsewhere": 0,
    }


def _score(number: int, signal: str) -> dict[str, Any]:
    return {"group": number, "signal": signal, "axis": "scale", "score": 0.9, "values": []}


def _link(number: int, name: str, group: Group, tie: Tie, last: datetime) -> dict[str, Any]:
    return {
        "group": number,
        "campaign": name,
        "identity": group.identity,
        "link": tie.link,
        "other_identity": tie.other,
        "other_campaign": "C001",
        "earlier_digest": "an earlier one",
        "earlier_last": last - timedelta(days=1),
        "accounts": 3,
        "accounts_share": 0.6,
        "more": 1,
        "fewer": 1,
        "facets": [],
        "facet_keys": [],
    }


def _alarm(number: int, identity: str, last: datetime) -> dict[str, Any]:
    return {
        "alarm": f"A{number:03d}",
        "identity": identity,
        "day": last,
        "until": last,
        "new": True,
        "campaign": f"C{number:03d}",
        "kind": "linked",
        "verdict": "adversarial",
        **dict.fromkeys(("accounts", "named", "at_least"), 5),
        **dict.fromkeys(("present", "near"), 0),
        "log_e_value": 12.5,
        **dict.fromkeys(("exchanges", "exchanges_so_far"), 500),
    }


def _whole(name: str, row: dict[str, Any]) -> dict[str, Any]:
    return {column.name: row.get(column.name) for column in TABLES[name].columns}
