"""Sketched tables of any size, made directly: a provider's month as sketched, with three campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.engine.base import PARQUET_OPTIONS
from stillwatch.engine.sorted_file import write_sorted
from stillwatch.schema.stored import ACCOUNTS, EXCHANGES

Ints = npt.NDArray[np.int64]
START = 1_769_385_600
"""2026-01-26, in seconds."""
DAYS = 28
CAMPAIGNS = (60, 340, 2_000)
"""Accounts of each campaign."""


@dataclass(frozen=True)
class Habits:
    """Per-account habits; arrays of shape (accounts,)."""

    weight: npt.NDArray[np.float64]
    """Share of all exchanges."""
    region: Ints
    """0 to 19."""
    client: Ints
    """A popular client, or a campaign's own."""
    campaign: Ints
    """Number of the campaign, or -1."""


def mixed(value: Ints, salt: int) -> Ints:
    """Return 64 bits from a number: the finaliser of SplitMix64 (Steele, Lea and Flood 2014)."""
    x = value.astype(np.uint64) + np.uint64(salt * 0x9E3779B97F4A7C15 & (2**64 - 1))
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (x ^ (x >> np.uint64(31))).astype(np.int64)


def drawn_habits(accounts: int, seed: int) -> Habits:
    """Draw habits of every account; the last ones are the campaigns'."""
    r = np.random.default_rng(seed)
    weight = r.lognormal(0.0, 1.6, accounts)
    region = np.minimum(r.zipf(1.5, accounts) - 1, 19).astype(np.int64)
    client = np.minimum(r.zipf(1.4, accounts), 400).astype(np.int64)
    campaign = np.full(accounts, -1, np.int64)
    campaign[accounts - sum(CAMPAIGNS) :] = np.repeat(np.arange(len(CAMPAIGNS)), CAMPAIGNS)
    inside = campaign >= 0
    weight[inside] = np.median(weight) * 3 * r.uniform(0.5, 1.5, int(inside.sum()))
    client[inside] = 5 + campaign[inside]
    return Habits(weight / weight.sum(), region, client, campaign)


def make(folder: Path, exchanges: int, accounts: int, seed: int = 0) -> None:
    """Write folder/exchanges/day=…/exchanges.parquet and folder/accounts.parquet."""
    everyone = drawn_habits(accounts, seed)
    for day in range(DAYS):
        path = (
            folder / "exchanges" / f"day={np.datetime64(START + day * 86_400, 's').astype('datetime64[D]')}"
        )
        path.mkdir(parents=True)
        rows = exchanges // DAYS + (day < exchanges % DAYS)
        table = _day(everyone, day, rows, seed)
        write_sorted(path / "exchanges.parquet", table.schema, [table])
    pq.write_table(_accounts(everyone, seed), folder / "accounts.parquet", **PARQUET_OPTIONS)


def _times(
    r: np.random.Generator, habits: Habits, day: int, rows: int
) -> tuple[Ints, npt.NDArray[np.bool_], Ints]:
    """Return account, campaign flag and second of each exchange of a day, in order of time."""
    a = np.searchsorted(np.cumsum(habits.weight), r.random(rows)).clip(0, len(habits.weight) - 1)
    inside = habits.campaign[a] >= 0
    hour = np.where(
        inside,
        mixed(habits.campaign[a] * 100 + day * 7, 1) % 20 + r.integers(0, 4, rows),
        (r.normal(14, 3.5, rows) + habits.region[a]) % 24,
    )
    second = START + day * 86_400 + (hour.astype(np.int64) % 24) * 3600 + r.integers(0, 3600, rows)
    order = np.argsort(second, kind="stable")
    return a[order], inside[order], second[order]


def _keys(
    r: np.random.Generator, wild: npt.NDArray[np.bool_], template: Ints, serial: Ints
) -> tuple[Ints, Ints, Ints]:
    """Return head, tail and shingles of texts: those of their template, or their own if they have none."""
    rows = len(serial)
    head = np.where(wild, 10**12 + serial, template)
    tail = np.where(r.random(rows) < 0.5, 2 * 10**12 + serial, template)
    shingles = np.stack(
        [
            np.where(wild | (r.random(rows) < 0.5), 3 * 10**12 + serial * 4 + j, template * 8 + j)
            for j in range(4)
        ],
        axis=1,
    )
    return head, tail, shingles


def _day(habits: Habits, day: int, rows: int, seed: int) -> pa.Table:
    r = np.random.default_rng((seed, day))
    a, inside, second = _times(r, habits, day, rows)
    campaign, client = habits.campaign[a], habits.client[a]
    serial = np.arange(rows, dtype=np.int64) + day * 10**9
    address = np.where(
        inside,
        10**8 + campaign * 10**6 + mixed(a * 6 + r.integers(0, 6, rows), 2) % np.array(CAMPAIGNS)[campaign],
        _benign_address(r, a, habits.region[a]),
    )
    template = np.where(
        inside,
        500 + campaign * 8 + r.integers(0, 8, rows),
        np.where(r.random(rows) < 0.3, 10_000 + a, np.minimum(r.zipf(1.3, rows), 400)),
    )
    wild = r.random(rows) < np.where(inside, 0.1, 0.6)
    head, tail, shingles = _keys(r, wild, template, serial)
    columns: dict[str, Any] = {
        "request": mixed(serial, 3),
        "request_id": pa.array(serial).cast(pa.string()),
        "account": mixed(a, 4),
        "time": pa.array(second * 1_000_000).cast(pa.timestamp("us", "UTC")),
        "model": _names("model", r.integers(0, 4, rows)),
        "status": np.full(rows, 200),
        "input_tokens": r.lognormal(6, 1.0, rows).astype(np.int64),
        "output_tokens": r.lognormal(np.where(inside, 6.5, 5.0), 0.8, rows).astype(np.int64),
        "address": mixed(address, 5),
        "subnet": mixed(address // 4, 6),
        "asn": habits.region[a] * 50 + np.minimum(address % 97, 49),
        "region": _names("r", habits.region[a]),
        "client": mixed(client, 7),
        "stainless": mixed(client * 3 + a % 3, 8),
        "ja4": mixed(client // 2, 9),
        "parameters": mixed(np.where(r.random(rows) < 0.8, client * 7 % 50, a % 500), 10),
        "has_text": np.ones(rows, bool),
        "prompt": mixed(serial, 11),
        "head": mixed(head, 12),
        "tail": mixed(tail, 13),
        "system": pa.array(mixed(template // 8, 14), mask=a % 2 == 0),
        "tools": pa.array(mixed(template // 16, 15), mask=a % 5 != 0),
        "words": 40 + template % 50,
        "places": pa.FixedSizeListArray.from_arrays(pa.array(np.tile([0, 7, 16, 25], rows)), 4).cast(
            pa.list_(pa.int32())
        ),
        "script": _names("s", habits.region[a] % 3),
        "harvest": np.where(inside, 900, r.integers(0, 300, rows)),
        "shingles": pa.FixedSizeListArray.from_arrays(pa.array(mixed(shingles.ravel(), 16)), 4).cast(
            pa.list_(pa.int64())
        ),
        "semantic": _meaning(np.where(wild, -1 - a % 5_000, template), serial),
        "language": _names("l", habits.region[a] % 6),
        "turns": np.where(r.random(rows) < 0.4, 2, 1),
        "flags": np.where(inside & (r.random(rows) < 0.3), 3, np.where(r.random(rows) < 0.01, 8, 0)),
        "refused": r.random(rows) < 0.01,
    }
    arrays = [_typed(columns.get(c.name), c.type, rows) for c in EXCHANGES.columns]
    return pa.Table.from_arrays(arrays, schema=EXCHANGES.arrow)


def _meaning(kind: Ints, serial: Ints) -> Ints:
    """Return signs of a kind's own projections, each reversed in one prompt of four."""
    return mixed(kind, 30) ^ (mixed(serial, 31) & mixed(serial, 32))


def _benign_address(r: np.random.Generator, a: Ints, region: Ints) -> Ints:
    home = 10**9 + a * 4 + r.integers(0, 3, len(a))
    carrier = 2 * 10**9 + region * 10_000 + mixed(a, 17) % 300
    return np.where(mixed(a, 18) % 3 == 0, carrier, home)


def _names(prefix: str, values: Ints) -> pa.Array[Any]:
    names = pa.array([f"{prefix}{i}" for i in range(int(values.max()) + 1)])
    return pa.DictionaryArray.from_arrays(pa.array(values, pa.int32()), names).cast(pa.string())


def _typed(values: Any, kind: pa.DataType, rows: int) -> pa.Array[Any]:
    if values is None:
        return pa.array([None] * rows, kind)
    filled: pa.Array[Any] = (values if isinstance(values, pa.Array) else pa.array(values)).cast(kind)
    return filled


def _accounts(habits: Habits, seed: int) -> pa.Table:
    r = np.random.default_rng((seed, 99))
    n = len(habits.weight)
    a = np.arange(n, dtype=np.int64)
    inside = habits.campaign >= 0
    created = (
        START
        - np.where(inside, 86_400 * r.integers(5, 60, n), 86_400 * r.integers(1, 900, n))
        - r.integers(0, 86_400, n)
    )
    payment = np.where(inside, 10**7 + habits.campaign * 1000 + a % 40, a)
    columns: dict[str, Any] = {
        "account": mixed(a, 4),
        "account_id": pa.array(a).cast(pa.string()),
        "created": pa.array(created * 1_000_000).cast(pa.timestamp("us", "UTC")),
        "plan": _names("plan", np.minimum(r.zipf(2.0, n), 3)),
        "verification": _names("v", r.integers(0, 3, n)),
        "payment": mixed(payment, 20),
        "email_domain": mixed(np.minimum(r.zipf(1.6, n), 500), 21),
        "email_public": np.ones(n, bool),
        "email_shape": mixed(np.where(inside, habits.campaign * 3, np.minimum(r.zipf(1.3, n), 2000)), 22),
        "phone_prefix": mixed(habits.region * 100 + r.integers(0, 30, n), 23),
    }
    return pa.Table.from_arrays(
        [_typed(columns.get(c.name), c.type, n) for c in ACCOUNTS.columns], schema=ACCOUNTS.arrow
    )
