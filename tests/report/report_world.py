"""A small plausible run, written to the contracts: four listed campaigns, and groups that are none."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from report_world_sides import (
    BESIDE,
    START,
    argued,
    blindness,
    marks,
    quarantine,
    registered,
    role_of,
    tier_of,
    used,
)

from stillwatch.schema import found, requests, stored
from stillwatch.schema.table import Contract
from stillwatch.schema.templates import TEMPLATES
from stillwatch.schema.values import records
from stillwatch.settings import Settings, as_told

HOSTILE = '<script>alert("x")</script>'
HOSTILE_AGENT = f"agent/1.0 {HOSTILE}\x1b[31m\u202e'\" onload=x"
FORMULA_OWNER = "=HYPERLINK(0)"
FACETS = (
    ("address", "network", "formation", 1.9, "203.0.113.{}"),
    ("subnet", "network", "formation", 1.1, "198.51.{}.0/24"),
    ("payment", "identity", "formation", 3.4, "instrument {:04x}"),
    ("mail_shape", "identity", "formation", 0.9, "shape a{}9"),
    ("client", "software", "formation", 1.3, "sdk-python/1.{}"),
    ("parameters", "software", "formation", 0.8, "temperature=0.{}"),
    ("onset", "rhythm", "formation", 1.2, "hour {}"),
    ("active_hours", "rhythm", "formation", -0.3, "profile {}"),
    ("head", "content", "held-out", 4.1, "head {:04x}"),
    ("shingle", "content", "held-out", 2.6, "shingle {:04x}"),
)
SHAPES = (
    ("C001", "linked", "adversarial", True, 0.94, 0.88, 0.91, ""),
    ("C002", "linked", "adversarial", True, 0.71, 0.97, 0.64, ""),
    ("C003", "declared", "unlicensed", True, 0.82, 0.04, 0.77, ""),
    ("C004", "declared", "authorised", True, 0.88, 0.02, 0.93, "north-lab-2026"),
    ("G5", "declared", "benign", False, 0.63, 0.05, 0.12, ""),
    ("G6", "linked", "benign", False, 0.08, 0.31, 0.03, ""),
)
SIGNALS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("volume", "scale", {"n": 17_000, "accounts": 120}),
    (
        "undeclared_linkage",
        "deception",
        {"accounts": 120, "owners": 40, "unnamed": 11, "largest_share": 0.03},
    ),
    (
        "training_coverage",
        "intent",
        {"part": 0.97, "follow": 0.0, "fresh": 0.99, "templates": 3, "made": 12_000},
    ),
    ("reasoning_elicitation", "intent", {"part": 0.41, "low": 0.383, "high": 0.44}),
    ("agentic_work", "context", {"part": 0.2}),
)
"""Signals with their values; the last is one that this version does not know."""
SIZES: dict[str, Callable[[int, int], dict[str, int]]] = {
    "volume": lambda exchanges, accounts: {"n": exchanges, "accounts": accounts},
    "undeclared_linkage": lambda _, accounts: {
        "accounts": accounts,
        "owners": accounts // 3,
        "unnamed": accounts // 11,
    },
}
"""Values that a group's size gives."""
FRAME = "write the steps that lead to the answer to {1} and end with the final <number> of {2}"


def make_run(folder: Path, *, campaigns: int = len(SHAPES), members: int = 120, seed: int = 3) -> Path:
    """Write a run of so many campaigns with so many accounts each; the last two kinds of six are not
    listed.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, list[dict[str, Any]]] = {
        name: []
        for name in (
            "campaigns",
            "groups",
            "members",
            "bystanders",
            "member_evidence",
            "member_adjustments",
            "evidence",
            "links",
            "scores",
            "timeline",
            "templates",
        )
    }
    for group in range(1, campaigns + 1):
        shape = SHAPES[(group - 1) % len(SHAPES)]
        name = shape[0] if campaigns <= len(SHAPES) else f"C{group:03d}"
        listed = shape[3] or campaigns > len(SHAPES)
        size = members if shape[3] else max(9, members // 4)
        _group(tables, rng, group, (name, *shape[1:3], listed, *shape[4:]), size)
    _write(folder, found.MARKS, marks())
    for kind in (
        found.CAMPAIGNS,
        found.GROUPS,
        found.MEMBERS,
        found.BYSTANDERS,
        found.MEMBER_EVIDENCE,
        found.MEMBER_ADJUSTMENTS,
        found.EVIDENCE,
        found.LINKS,
        found.SCORES,
    ):
        _write(folder, kind, tables[kind.name])
    _write(folder, found.TIMELINE, tables["timeline"])
    _write(folder, TEMPLATES, tables["templates"])
    _intents(folder, tables)
    _write(folder, stored.BLINDNESS, blindness())
    _write(folder, requests.QUARANTINE, quarantine())
    alone = {"account": 77, "account_id": "acct-alone"}
    people = tables["members"] + tables["bystanders"]
    _write(folder, stored.ACCOUNTS, [*map(registered, people), alone])
    _write(folder, found.ACCOUNT_USE, [*map(used, people)])
    (folder / "run.json").write_text(json.dumps(_about(tables)), encoding="utf-8")
    return folder


def rewrite(folder: Path, kind: Contract, change: dict[str, Any]) -> None:
    """Set columns of every row of a table."""
    path = folder / f"{kind.name}.parquet"
    _write(folder, kind, [row | change for row in pq.read_table(path).to_pylist()])


def _write(folder: Path, kind: Contract, rows: list[dict[str, Any]]) -> None:
    columns = {c.name: pa.array([row.get(c.name) for row in rows], c.type) for c in kind.columns}
    pq.write_table(pa.table(columns, schema=kind.arrow), folder / f"{kind.name}.parquet")


def _intents(folder: Path, tables: dict[str, list[dict[str, Any]]]) -> None:
    """Every group grades in two prompts of five, and its accounts in as many; nothing else is flagged."""
    of_all = {
        "label": "grading",
        "texts": 1_000,
        "flagged": 400,
        "share": 0.41,
        "low": 0.383,
        "high": 0.44,
        "corrected": True,
    }
    never = of_all | {"label": "judge", "flagged": 0, "share": 0.0, "low": 0.0, "high": 0.004}
    one = of_all | {"texts": 50, "flagged": 21, "share": 0.43, "low": 0.3, "high": 0.57}
    groups = [row["group"] for row in tables["groups"]]
    _write(folder, found.INTENTS, [{"group": group} | row for group in groups for row in (never, of_all)])
    _write(
        folder,
        found.ACCOUNT_INTENTS,
        [{"group": row["group"], "account": row["account"]} | one for row in tables["members"]],
    )


def _group(
    tables: dict[str, list[dict[str, Any]]],
    rng: np.random.Generator,
    group: int,
    shape: tuple[Any, ...],
    size: int,
) -> None:
    name, kind, verdict, listed, scale, deception, intent, permit = shape
    accounts = [group * 1_000_003 + i * 7919 for i in range(size)]
    days = int(rng.integers(9, 25))
    first = START + timedelta(days=int(rng.integers(0, 6)), hours=9)
    exchanges = size * int(rng.integers(80, 900))
    tables["groups"].append({"group": group, "kind": kind, "accounts": size, "anchors": 9})
    tables["campaigns"].append(
        {
            "campaign": name,
            "identity": f"camp-{group:016d}",
            "family": f"camp-{group:016d}",
            "group": group,
            "kind": kind,
            "verdict": verdict,
            "listed": listed,
            **role_of(verdict, size, BESIDE if kind == "linked" else (0, 0)),
            "scale": scale,
            "deception": deception,
            "intent": intent,
            **argued(scale, deception, intent),
            "accounts": size,
            "at_least": int(size * 0.9) if listed else 0,
            "exchanges": exchanges,
            "input_tokens": exchanges * 310,
            "output_tokens": exchanges * 1240,
            "first": first,
            "last": first + timedelta(days=days),
            "log_e_value": float(size * 1.7) if listed else 0.4,
            "p_value": math.exp(-min(size * 1.7, 700)) if listed else 0.66,
            "null": {"code": "content-given-client", "wider": False, "semantic": True},
            "held_out": ["head", "shingle"],
            "permit": permit,
            "permit_excess": [
                {"code": "exchanges", "values": records({"used": 52_300, "allowed": 40_000})},
            ]
            if permit
            else [],
        }
    )
    _members(tables, rng, group, accounts, exchanges, first, days, deception, kind)
    _marks_left(tables, rng, group, accounts)
    _volume(tables, rng, group, size, first, days, exchanges)
    _scores_and_templates(
        tables,
        rng,
        group,
        size,
        exchanges,
        {"scale": scale, "deception": deception, "intent": intent, "context": 0.2},
    )


def _scores_and_templates(
    tables: dict[str, list[dict[str, Any]]],
    rng: np.random.Generator,
    group: int,
    size: int,
    exchanges: int,
    axes: dict[str, float],
) -> None:
    for signal, axis, values in SIGNALS:
        score = axes[axis] * float(rng.uniform(0.7, 1.0))
        tables["scores"].append(
            {
                "group": group,
                "signal": signal,
                "axis": axis,
                "score": score,
                "peers": None if axis == "context" else 0.08,
                "values": records(values | (SIZES[signal](exchanges, size) if signal in SIZES else {})),
            }
        )
    for i, part in enumerate(("frame", "frame", "head", "tail")):
        frame = {"length": 41 + i, "length_least": 33, "length_most": 52, "slots": 2}
        told = frame if part == "frame" else {}
        tables["templates"].append(
            {
                **told,
                "group": group,
                "part": part,
                "key": int(rng.integers(-(2**62), 2**62)),
                "accounts": size - 3 * i,
                "accounts_elsewhere": 4 * i,
                "exchanges": exchanges // (i + 1),
                "share": 0.97 / (i + 1),
                "distinct_prompts": exchanges // (i + 2),
                "words": FRAME if group == 1 and i == 0 else None,
            }
        )


def _members(
    tables: dict[str, list[dict[str, Any]]],
    rng: np.random.Generator,
    group: int,
    accounts: list[int],
    exchanges: int,
    first: datetime,
    days: int,
    deception: float,
    group_kind: str,
) -> None:
    beside = sum(BESIDE) if group_kind == "linked" else 0
    extra = [accounts[-1] + 7919 * (i + 1) for i in range(beside)]
    for i, account in enumerate([*accounts, *extra]):
        facets = {
            facet: mean * float(rng.uniform(0.5, 1.5))
            for facet, _, role, mean, _ in FACETS
            if role == "formation" and rng.random() < 0.9
        }
        tables["member_evidence"] += [
            {"group": group, "account": account, "facet": facet, "nats": nats}
            for facet, nats in facets.items()
        ]
        others = {("keys", "content"): 6.5, ("semantic", "content"): 1.25, ("cap", "network"): -0.5}
        tables["member_adjustments"] += [
            {"group": group, "account": account, "kind": kind, "family": family, "nats": nats}
            for (kind, family), nats in others.items()
        ]
        owner = f"owner-{i % max(2, len(accounts) // 3)}" if deception > 0.5 else "One University"
        past = i - len(accounts)
        tables["members" if past < 0 else "bystanders"].append(
            {
                "group": group,
                "account": account,
                "account_id": f"acct-{group:02d}-{i:05d}",
                "nats": sum(facets.values()) + sum(others.values()),
                **tier_of(past, group_kind),
                "formation": sum(facets.values()) - 0.5,
                "p_value": float(rng.beta(0.4, 6)) if i % 9 else None,
                "owner": FORMULA_OWNER if i == 1 else "" if i % 11 == 5 else owner,
                "exchanges": exchanges // len(accounts),
                "first": first + timedelta(minutes=13 * i),
                "last": first + timedelta(days=days, minutes=-7 * i),
            }
        )


def _marks_left(
    tables: dict[str, list[dict[str, Any]]], rng: np.random.Generator, group: int, accounts: list[int]
) -> None:
    for number, (facet, family, role, nats, label) in enumerate(FACETS):
        keys = [(group * 10_007 + number * 101 + k) * 2_654_435_761 for k in range(4)]
        labels = [label.format(17 * group + k) for k in range(4)]
        if group == 1 and facet == "client":
            labels[0] = HOSTILE_AGENT
        tables["evidence"].append(
            {
                "group": group,
                "facet": facet,
                "family": family,
                "role": role,
                "nats": nats,
                "accounts": int(len(accounts) * 0.93),
                "keys": 4,
                "top": labels[0],
                "top_accounts": int(len(accounts) * 0.6),
                "top_elsewhere": 3 + number,
            }
        )
        for i, account in enumerate(accounts[:60]):
            more = rng.integers(0, 4, size=int(rng.integers(0, 2)))
            carried = {i * 4 // len(accounts[:60]), *map(int, more)}
            tables["links"] += [
                {
                    "group": group,
                    "account": account,
                    "facet": facet,
                    "family": family,
                    "key": keys[k],
                    "label": labels[k],
                    "n": 30,
                }
                for k in sorted(carried)
            ]


def _volume(
    tables: dict[str, list[dict[str, Any]]],
    rng: np.random.Generator,
    group: int,
    size: int,
    first: datetime,
    days: int,
    exchanges: int,
) -> None:
    hours = np.arange(days * 24)
    rate = (1.2 + np.sin(2 * math.pi * (hours % 24 - 8) / 24)) * np.where(hours < days * 10, 0.5, 1.4)
    counts = rng.poisson(rate / rate.sum() * exchanges)
    tables["timeline"] += [
        {
            "group": group,
            "time": first + timedelta(hours=int(h)),
            "exchanges": int(n),
            "accounts": min(size, int(n)),
        }
        for h, n in zip(hours, counts, strict=True)
        if n
    ]


def _about(tables: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "version": "0.1.0",
        "packages": {"duckdb": "2.0.1", "numpy": "2.2.0"},
        "settings": as_told(Settings()),
        "inputs": [
            {"file": f"day-{i:02d}.jsonl.zst", "format": "openai", "rows": 40_000 + i, "bytes": 9_000_000 + i}
            for i in range(1, 29)
        ],
        "exchanges": 1_204_331,
        "accounts": 20_400,
        "quarantined": 8,
        "merged": 12,
        "first": START.isoformat(),
        "last": (START + timedelta(days=28)).isoformat(),
        "has_text": 0.886,
        "key": "public",
        "false_discovery_rate": 0.05,
        "bound_level": 0.05,
        "tested_groups": len(tables["campaigns"]) + 31,
    }
