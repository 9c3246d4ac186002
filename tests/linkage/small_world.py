"""A small world whose truth is known: strangers, carrier addresses, offices, a popular client, and one
operator with many accounts.

Made straight as tables of keys, with no text and no log; nothing here comes from a real user.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from stillwatch.engine import DuckDBEngine, Engine
from stillwatch.schema.stored import ACCOUNTS, EXCHANGES
from stillwatch.schema.table import Contract
from stillwatch.settings import EngineSettings

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
DAY = 86_400
START = 1_772_409_600
"""Monday 2 March 2026, 00:00 UTC."""
DAYS = 14
RELEASED = START + 7 * DAY + 15 * 3600
"""When the model `new` came out."""
BAN = START + 6 * DAY + 10 * 3600
"""The hour in which a wave of accounts was banned."""
WAVE = 12
"""Accounts banned in it."""
REGIONS = ("aa", "bb", "cc", "dd")
OFFSETS = np.array([0, 6, -5, 9])
"""Hours by which each region's day is ahead of UTC."""
PLANS = ("free", "pro", "team")
OFFICES = 5
SEATS = 24
CARRIER_ADDRESSES = 12
MANY = 6
"""The most addresses that one account has."""
CONTENT = ("prompt", "head", "tail", "system", "tools", "output_format", "prefix")


@dataclass(frozen=True)
class World:
    """The tables that facets read, and the truth beside them."""

    exchanges: pa.Table
    """Table exchanges."""
    accounts: pa.Table
    """Table accounts."""
    releases: pa.Table
    """model, second."""
    kinds: dict[int, str]
    """What each account is: operator, ordinary, carrier, or office 1 to 5."""

    def of(self, kind: str) -> set[int]:
        """The accounts of one kind."""
        return {account for account, own in self.kinds.items() if own == kind}

    def shuffled(self, seed: int) -> World:
        """The same rows in another order."""
        rng = np.random.default_rng(seed)
        exchanges, accounts = (
            table.take(rng.permutation(table.num_rows)) for table in (self.exchanges, self.accounts)
        )
        return World(exchanges, accounts, self.releases, self.kinds)


def declared(engine: Engine, owners: dict[int, int] | None = None) -> Any:
    """Table owners (account, owner): nobody declares one, unless given."""
    given = owners or {}
    table = pa.table(
        {"account": pa.array(list(given), pa.int64()), "owner": pa.array(list(given.values()), pa.int64())}
    )
    return engine.load("owners", table)


@dataclass(frozen=True)
class _People:
    kind: npt.NDArray[np.str_]
    region: Ints
    plan: Ints
    addresses: Ints
    used: Ints
    payment: Ints
    created: Ints
    software: Ints
    conducted: Bools
    """Whether the account works to the operator's timetable."""


def make_world(seed: int = 1, *, benign: int = 3_000, operator: int = 40, together: bool = True) -> World:
    """A world of so many accounts. Unless `together`, each kind of the operator's marks falls on other
    strangers, so that there is no operator.
    """
    rng = np.random.default_rng(seed)
    people = _people(rng, benign, operator, together)
    keys = _keys(rng, len(people.kind))
    account, second = _work(rng, people)
    exchanges = _exchanges(rng, people, keys, account, second)
    accounts = _accounts(rng, people, keys)
    releases = pa.table({"model": pa.array(["new"]), "second": pa.array([RELEASED], pa.int64())})
    return World(exchanges, accounts, releases, dict(zip(keys.tolist(), people.kind.tolist(), strict=True)))


def _keys(rng: np.random.Generator, n: int) -> Ints:
    return rng.integers(-(2**63), 2**63 - 1, n)


def _people(rng: np.random.Generator, benign: int, operator: int, together: bool) -> _People:
    n = benign + operator
    kind = np.full(n, "ordinary", dtype="<U10")
    kind[benign:] = "operator" if together else "ordinary"
    kind[: benign // 10] = "carrier"
    for office in range(OFFICES):
        first = benign // 10 + office * SEATS
        kind[first : first + SEATS] = f"office {office + 1}"
    region, plan = (
        rng.choice(len(REGIONS), n, p=[0.4, 0.3, 0.2, 0.1]),
        rng.choice(len(PLANS), n, p=[0.6, 0.3, 0.1]),
    )
    region[kind == "carrier"] = 1
    addresses = 1_000 + np.arange(n * MANY).reshape(n, MANY)
    used = rng.integers(1, 4, n)
    carried = rng.integers(0, CARRIER_ADDRESSES, (n, MANY))
    addresses[kind == "carrier"] = carried[kind == "carrier"]
    payment, created = 1_000 + np.arange(n), START - rng.integers(0, 400 * DAY, n)
    software = np.minimum(rng.zipf(1.6, n) - 1, 40)
    for office in range(OFFICES):
        here = kind == f"office {office + 1}"
        region[here], plan[here], used[here], payment[here], addresses[here, 0] = (
            office % len(REGIONS),
            2,
            1,
            office,
            100 + 8 * office,
        )
    spots = _spots(rng, kind, benign, operator, together)
    addresses[spots[0]], used[spots[0]] = _pool(rng, operator), MANY
    payment[spots[1]] = 500 + np.arange(operator) % max(operator // 6, 1)
    created[spots[2]] = (
        START - 20 * DAY + rng.integers(0, 2, operator) * DAY + rng.integers(0, 3 * 3600, operator)
    )
    region[spots[3]] = rng.integers(0, 2, operator)
    return _People(
        kind, region, plan, addresses, used, payment, created, software, np.isin(np.arange(n), spots[4])
    )


def _spots(
    rng: np.random.Generator, kind: npt.NDArray[np.str_], benign: int, operator: int, together: bool
) -> list[Ints]:
    """Who bears each kind of mark: the operator's accounts all of them, or other strangers for each."""
    own = np.arange(benign, benign + operator)
    strangers = np.flatnonzero(kind == "ordinary")
    return [own if together else np.sort(rng.choice(strangers, operator, replace=False)) for _ in range(5)]


def _pool(rng: np.random.Generator, operator: int) -> Ints:
    """Six addresses for each account, from a pool half as large again as the accounts."""
    return (
        np.stack([200 + rng.choice(operator + operator // 2, MANY, replace=False) for _ in range(operator)])
        if operator
        else np.zeros((0, MANY), int)
    )


def _work(rng: np.random.Generator, people: _People) -> tuple[Ints, Ints]:
    """Account and second of each exchange: bouts of work by day, or at the operator's minutes."""
    n = len(people.kind)
    bouts = np.repeat(np.arange(n), 1 + np.minimum(rng.zipf(1.7, n), 40))
    begin = (
        START
        + rng.integers(0, DAYS, len(bouts)) * DAY
        + ((rng.normal(14, 3.5, len(bouts)) - OFFSETS[people.region[bouts]]) % 24 * 3600).astype(int)
    )
    free = ~people.conducted[bouts]
    timetable = START + np.arange(DAYS * 4) * DAY // 4 + rng.integers(0, DAY // 4 // 60, DAYS * 4) * 60
    conducted = np.flatnonzero(people.conducted)
    turns = rng.random((len(conducted), len(timetable))) < 0.4
    who, when = np.nonzero(turns)
    account = np.concatenate([bouts[free], conducted[who]])
    start = np.concatenate([begin[free], timetable[when] + rng.integers(0, 40, len(when))])
    several = 1 + np.minimum(rng.geometric(0.4, len(account)), 12)
    later = rng.integers(0, 1500, several.sum())
    later[np.cumsum(several) - 1] = 0
    return np.repeat(account, several), np.repeat(start, several) + later


def _exchanges(
    rng: np.random.Generator, people: _People, keys: Ints, account: Ints, second: Ints
) -> pa.Table:
    n = len(account)
    address = people.addresses[account, rng.integers(0, 2**30, n) % people.used[account]]
    named, software = _keys(rng, 1_000 + people.addresses.size), _keys(rng, 64)
    subnet = _keys(rng, len(named) // 8 + 1)[address // 8]
    client = people.software[account]
    has_text = rng.random(n) < 0.8
    moved = (second >= RELEASED) & (rng.random(len(keys)) < 0.05)[account]
    columns: dict[str, Any] = {
        "request": _keys(rng, n),
        "request_id": [f"r{number}" for number in range(n)],
        "account": keys[account],
        "time": pa.array(second * 1_000_000, pa.timestamp("us", tz="UTC")),
        "model": np.where(moved, "new", "old"),
        "status": np.full(n, 200),
        "input_tokens": rng.lognormal(6, 1, n).astype(int),
        "output_tokens": pa.array(rng.lognormal(5, 1, n).astype(int), mask=rng.random(n) < 0.1),
        "address": named[address],
        "subnet": subnet,
        "asn": people.region[account] * 10 + address % 3,
        "network_class": np.array(["hosting", "residential", "unheard-of"])[address % 3],
        "region": np.array(REGIONS)[people.region[account]],
        "client": pa.array(
            _updated(software, client, people.conducted[account], account, second), mask=client == 5
        ),
        "stainless": software[client // 2],
        "ja4": software[client // 3],
        "parameters": _keys(rng, 30)[rng.zipf(1.8, n) % 30],
        "has_text": has_text,
        **{
            name: pa.array(_keys(rng, 2_000)[np.minimum(rng.zipf(1.3, n), 10**6) % 2_000], mask=~has_text)
            for name in CONTENT
        },
        "shingles": _shingles(rng, has_text),
        "turns": np.ones(n, int),
        **_talks(rng.spawn(1)[0], account),
        **_asserted(rng.spawn(1)[0], account),
    }
    return _table(columns, EXCHANGES.arrow, n)


def _shingles(rng: np.random.Generator, has_text: Bools) -> Any:
    """Two fingerprints of each prompt, most of them its own; none where there was no text."""
    values = np.where(
        rng.random(2 * len(has_text)) < 0.1,
        rng.integers(0, 500, 2 * len(has_text)),
        _keys(rng, 2 * len(has_text)),
    )
    offsets = pa.array(np.arange(0, len(values) + 1, 2), pa.int32(), mask=np.append(~has_text, False))
    return pa.ListArray.from_arrays(offsets, pa.array(values, pa.int64()))


def _talks(rng: np.random.Generator, account: Ints) -> dict[str, Any]:
    """What exchanges continue and leave, and their reasoning signatures: most of it an account's own, a
    little another's.
    """
    n = len(account)
    leaves, signed = _keys(rng, n), _keys(rng, n)
    order = np.argsort(account, kind="stable")
    before = np.empty(n, int)
    before[order] = np.roll(order, 1)
    taken = np.where(rng.random(n) < 0.02, rng.integers(0, n, n), before)
    follows, signs = rng.random(n) < 0.3, rng.random(n) < 0.3
    offsets = pa.array(np.arange(n + 1), pa.int32(), mask=np.append(~signs, False))
    return {
        "continues": pa.array(leaves[taken], mask=~follows),
        "leaves": pa.array(leaves, mask=rng.random(n) < 0.1),
        "signatures": pa.ListArray.from_arrays(offsets, pa.array(signed[taken])),
        "signed": pa.ListArray.from_arrays(offsets, pa.array(signed)),
    }


def _updated(software: Ints, client: Ints, conducted: Bools, account: Ints, second: Ints) -> Ints:
    """The clients' keys; some conducted accounts move to a new build at one time."""
    moved = conducted & (account % 3 == 0) & (second >= START + 10 * DAY)
    return np.where(moved, software[client] + 1, software[client])


def _asserted(rng: np.random.Generator, account: Ints) -> dict[str, Any]:
    """Device and end user that clients assert: one device for each of some accounts, few for two of them."""
    n, named = len(account), account % 5 == 0
    return {
        "device": pa.array(_keys(rng, 1 + int(account.max()))[account // 10 * 10], mask=~named),
        "end_user": pa.array(_keys(rng, 400)[rng.zipf(1.4, n) % 400], mask=account % 7 != 0),
    }


def _accounts(rng: np.random.Generator, people: _People, keys: Ints) -> pa.Table:
    n = len(keys)
    office = np.char.startswith(people.kind, "office")
    banned = np.full(n, BAN) + rng.integers(0, 1800, n)
    fallen = np.isin(np.arange(n), rng.choice(np.flatnonzero(people.kind == "ordinary"), WAVE, replace=False))
    cards = _keys(rng, 1_000 + n)[people.payment]
    public = ~office & (rng.random(n) < 0.9)
    columns: dict[str, Any] = {
        "account": keys,
        "account_id": [f"a{number}" for number in range(n)],
        "created": pa.array(people.created * 1_000_000, pa.timestamp("us", tz="UTC")),
        "plan": np.array(PLANS)[people.plan],
        "verification": np.where(office, "organisation", "email"),
        "payment": pa.array(cards, mask=(people.plan == 0) & (people.payment >= 1_000)),
        "email_domain": np.where(public, 7, np.where(office, people.payment, 1_000 + np.arange(n))),
        "email_public": public,
        "mail_root": pa.array(np.where(office, people.payment, 1_000 + np.arange(n) // 2), mask=public),
        "email_shape": _keys(rng, 80)[rng.zipf(1.5, n) % 80],
        "phone_prefix": _keys(rng, 40)[people.region * 10 + rng.integers(0, 10, n)],
        "organisation": pa.array(people.payment, mask=~office),
        "region": pa.array(np.array(REGIONS)[people.region], mask=rng.random(n) < 0.5),
        "banned": pa.array(banned * 1_000_000, pa.timestamp("us", tz="UTC"), mask=~fallen),
    }
    return _table(columns, ACCOUNTS.arrow, n)


def _table(columns: dict[str, Any], schema: pa.Schema, rows: int) -> pa.Table:
    arrays = [
        pa.array(columns[field.name]).cast(field.type)
        if field.name in columns
        else pa.nulls(rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def few(rows: list[dict[str, Any]], table: Contract) -> pa.Table:
    """A few rows made by hand, with the table's columns; what is not given is null."""
    return pa.Table.from_pylist(
        rows, schema=pa.schema([(column.name, column.type) for column in table.columns])
    )


@pytest.fixture(scope="session")
def small_world() -> World:
    """The small world."""
    return make_world()


@pytest.fixture
def duck() -> Iterator[DuckDBEngine]:
    """A DuckDB engine of its own for a test."""
    with DuckDBEngine(EngineSettings(memory="1GB", threads=2)) as opened:
        yield opened
