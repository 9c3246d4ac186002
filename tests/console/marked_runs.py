"""Runs for the console's pages: campaigns whose accounts have evidence, marks, links and use."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from case_runs import NOON, Group, Sealed, sealed

from stillwatch.run.layout import TABLES
from stillwatch.run.manifest import digest_of, document_of, entry_of, tables_in

FACETS = {"address": "network", "payment": "identity", "client": "software", "tools": "content"}


def marked_run(folder: Path, run: Sealed, ids: Sequence[str] = (), text: str = "") -> Path:
    """Write a run, with evidence, links, traces, use and permits for its first group. ids: instead of the
    first accounts' own; text: wherever a run holds words of strangers.
    """
    sealed(folder, run)
    names = dict(zip(_numbers(run.groups[0]), ids, strict=False))
    group = run.groups[0]
    accounts = _numbers(group)
    for table in ("members", "accounts"):
        rows = pq.read_table(folder / f"{table}.parquet").to_pylist()
        for row in rows:
            row["account_id"] = names.get(row["account"], row["account_id"])
            if text and table == "members":
                row["owner"] = text
            if text and table == "accounts":
                row["plan"] = text
        _write(folder, table, rows)
    _write(
        folder,
        "member_evidence",
        [_nats(number, facet, place) for place, number in enumerate(accounts) for facet in FACETS],
    )
    _write(
        folder,
        "member_adjustments",
        [
            {"group": 1, "account": number, "kind": "cap", "family": "network", "nats": -0.5}
            for number in accounts
        ],
    )
    _write(
        folder,
        "links",
        [_link(number, facet, place, text) for place, number in enumerate(accounts) for facet in FACETS],
    )
    _write(folder, "traces", [_trace(number, place) for place, number in enumerate(accounts)])
    _write(
        folder,
        "labels",
        [
            {"key": 70, "kind": "client", "label": text or "curl/8"},
            {"key": 71, "kind": "head", "label": "secret words of a prompt"},
        ],
    )
    _write(folder, "account_use", [_use(number) for number in accounts])
    _write(folder, "permits", [_permit(text or "licence-7")])
    _write(folder, "templates", [_template(text)])
    _write(
        folder,
        "blindness",
        [{"name": "ja4", "kind": "facet", "reason": text or "no exchanges.ja4", "share": 1.0}],
    )
    seal(folder)
    return folder


def seal(folder: Path) -> None:
    """Write the manifest anew over the tables that are there."""
    about = json.loads((folder / "run.json").read_text("utf-8"))
    entries = [entry_of(folder, file) for file in tables_in(folder)]
    about |= {"digest": digest_of(entries), "manifest": document_of(entries)}
    (folder / "run.json").write_text(json.dumps(about), encoding="utf-8")


def _numbers(group: Group) -> list[int]:
    return [int(name.rpartition("-")[2]) for name in group.accounts()]


def _nats(number: int, facet: str, place: int) -> dict[str, Any]:
    return {
        "group": 1,
        "account": number,
        "facet": facet,
        "nats": 3.0 - 0.25 * place if facet == "address" else 1.0,
    }


def _link(number: int, facet: str, place: int, text: str) -> dict[str, Any]:
    return {
        "group": 1,
        "account": number,
        "facet": facet,
        "family": FACETS[facet],
        "key": 100 + place % 2 if facet == "address" else 7,
        "label": text or f"{facet} {place % 2}",
        "n": 10,
    }


def _trace(number: int, place: int) -> dict[str, Any]:
    shared = place < 3
    return {
        "account": number,
        "key": 500 if shared else 600 + place,
        "facet": "client" if shared else "head",
        "value": 70 if shared else 71,
        "first": NOON - timedelta(days=3),
        "last": NOON,
        "n": 4,
    }


def _use(number: int) -> dict[str, Any]:
    return {
        "account": number,
        "models": ["heron-4"],
        "exchanges": 100,
        "top_exchanges": 100,
        "input_tokens": 1_000,
        "output_tokens": 500,
        "spend": 2_500_000,
        "priced": 100,
        "days": 4,
    }


def _permit(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "accounts": [],
        "organisation": name,
        "models": [name],
        "volume": 1_000,
        "starts": NOON - timedelta(days=300),
        "expires": NOON + timedelta(days=3_000),
    }


def _template(text: str) -> dict[str, Any]:
    return {
        "group": 1,
        "part": "frame",
        "key": 9,
        "accounts": 4,
        "accounts_elsewhere": 0,
        "exchanges": 50,
        "share": 0.5,
        "distinct_prompts": 40,
        "length": 12,
        "length_least": 10,
        "length_most": 14,
        "slots": 2,
        "words": text or "words that a customer wrote {1}",
    }


def _write(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    whole = [{column.name: row.get(column.name) for column in TABLES[name].columns} for row in rows]
    pq.write_table(pa.Table.from_pylist(whole, schema=TABLES[name].arrow), folder / f"{name}.parquet")
