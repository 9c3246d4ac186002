"""Small runs with every kind of customer, written to the contracts, for backtests."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.schema import found, stored
from stillwatch.schema.table import Contract

START = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 3
Row = dict[str, Any]
CAMPAIGNS = {
    1: ("harvest", "adversarial", "operator", True),
    2: ("robbed", "coordinated", "victim", True),
    3: ("lenders", "coordinated", "provider", True),
    4: ("hidden", "coordinated", "unknown", True),
    5: ("open", "unlicensed", "operator", True),
    6: ("licensed", "authorised", "", True),
    7: ("chance", "benign", "", False),
}
"""By group: identity, verdict, role, whether it is listed."""
ACCOUNTS: dict[str, tuple[int, str, int]] = {
    "named-1": (1, "named", 0),
    "named-2": (1, "named", 0),
    "present-1": (1, "present", 0),
    "near-1": (1, "near", 0),
    "researcher": (1, "named", 0),
    "robbed-1": (2, "named", 0),
    "lender-1": (3, "named", 0),
    "hidden-1": (4, "named", 0),
    "open-1": (5, "named", 0),
    "licensed-1": (6, "named", 0),
    "licensee": (1, "named", 0),
    "chance-1": (7, "named", 0),
}
"""By id: group, tier, and organisation's key."""
BENIGN = 20


def defaults(table: Contract) -> Row:
    """A value of each required column."""
    found: Row = {}
    for column in table.columns:
        if not column.required:
            continue
        kind = column.type
        if pa.types.is_string(kind):
            found[column.name] = ""
        elif pa.types.is_boolean(kind):
            found[column.name] = False
        elif pa.types.is_list(kind):
            found[column.name] = []
        elif pa.types.is_struct(kind):
            found[column.name] = {"code": "", "wider": False, "semantic": False}
        elif pa.types.is_timestamp(kind):
            found[column.name] = START
        else:
            found[column.name] = 0
    return found


def write(path: Path, table: Contract, rows: list[Row]) -> None:
    """A table with defaults where a row says nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = [defaults(table) | row for row in rows]
    columns = {c.name: pa.array([row.get(c.name) for row in whole], c.type) for c in table.columns}
    pq.write_table(pa.table(columns, schema=table.arrow), path)


def make_run(folder: Path) -> Path:
    """Every kind of customer; each account asks `large` twice a day, and `small` once on the last day."""
    ids = [*ACCOUNTS, *(f"benign-{number}" for number in range(BENIGN))]
    keys = {name: 1_000 + 7 * place for place, name in enumerate(ids)}
    members: list[Row] = []
    beside: list[Row] = []
    for name, (group, tier, _) in ACCOUNTS.items():
        row = {"group": group, "account": keys[name], "account_id": name, "tier": tier, "reason": "both"}
        (members if tier == "named" else beside).append(row)
    # Somebody who is in several groups is taken as a published state takes it.
    for group, name, tier in (
        (7, "named-2", "named"),
        (4, "named-2", "near"),
        (5, "named-1", "named"),
        (1, "open-1", "present"),
    ):
        row = {"group": group, "account": keys[name], "account_id": name, "tier": tier, "nats": 50.0}
        (members if tier == "named" else beside).append(row)
    write(folder / "members.parquet", found.MEMBERS, members)
    write(folder / "bystanders.parquet", found.BYSTANDERS, beside)
    write(folder / "evidence.parquet", found.EVIDENCE, [])
    write(folder / "scores.parquet", found.SCORES, [])
    _campaigns(folder)
    _accounts(folder, keys)
    for day in range(DAYS):
        rows = [_exchange(keys[name], day, "large", turn) for name in ids for turn in range(2)]
        if day == DAYS - 1:
            rows += [_exchange(keys[name], day, "small", 2) for name in ids]
        name = f"day={(START + timedelta(days=day)).date()}"
        write(folder / "exchanges" / name / "exchanges.parquet", stored.EXCHANGES, rows)
    about = {
        "version": "0",
        "id": "R1",
        "digest": "d" * 64,
        "settings": {},
        "inputs": [],
        "sketch": {},
        "exchanges": 1,
    }
    (folder / "run.json").write_text(json.dumps(about), encoding="utf-8")
    return folder


def _exchange(account: int, day: int, model: str, turn: int) -> Row:
    time = START + timedelta(days=day, hours=turn)
    return {"request": account * 100 + day * 10 + turn, "account": account, "time": time, "model": model}


def _campaigns(folder: Path) -> None:
    write(
        folder / "campaigns.parquet",
        found.CAMPAIGNS,
        [
            {
                "campaign": f"C{group:03d}",
                "identity": name,
                "group": group,
                "verdict": verdict,
                "role": role,
                "listed": listed,
                "scale": 0.9,
                "at_least": 2,
                "last": START + timedelta(days=1),
            }
            for group, (name, verdict, role, listed) in CAMPAIGNS.items()
        ],
    )


def _accounts(folder: Path, keys: dict[str, int]) -> None:
    """The accounts, and the permits that name two of them."""
    write(
        folder / "accounts.parquet",
        stored.ACCOUNTS,
        [
            {
                "account": keys[name],
                "account_id": name,
                "plan": "pro" if place % 2 else None,
                "created": START - timedelta(days=place) if place % 3 else None,
                "organisation": 77 if name in ("licensed-1", "chance-1") else None,
                "verification": "organisation" if name == "licensed-1" else "mail",
            }
            for place, name in enumerate(keys)
        ],
    )
    write(
        folder / "labels.parquet", stored.LABELS, [{"key": 77, "kind": "organisation", "label": "North Lab"}]
    )
    write(
        folder / "permits.parquet",
        stored.PERMITS,
        [
            {"name": "north", "organisation": "North Lab", "expires": START + timedelta(days=90)},
            {
                "name": "one",
                "accounts": ["licensee"],
                "models": ["large"],
                "starts": START + timedelta(days=1),
                "expires": START + timedelta(days=90),
            },
        ],
    )
