"""A run's tables -> the sections of a snapshot: every account, its campaign, its permits."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from stillwatch.guard.moments import told
from stillwatch.guard.permit_terms import PermitTerms
from stillwatch.guard.snapshot_format import TIERS
from stillwatch.guard.snapshot_writing import KEY_TYPE, RECORD_TYPE
from stillwatch.guard.state_keys import LookupKey
from stillwatch.run.reading import Run
from stillwatch.schema.table import rows_where

pc: Any = pyarrow.compute
Uint64s = npt.NDArray[np.uint64]
Array = npt.NDArray[Any]
COLUMNS = ["account", "account_id", "created", "plan", "verification", "organisation"]
GRAVITY = ("benign", "authorised", "unlicensed", "coordinated", "adversarial")
"""Verdicts, the graver the later."""
OF_CAMPAIGN = (
    "verdict",
    "role",
    "scale",
    "deception",
    "intent",
    "accounts",
    "named",
    "at_least",
    "exchanges",
    "family",
)
"""Columns of table campaigns that a snapshot keeps as they are."""
MOST_TEXTS = 1 << 16
"""Plans, and kinds of verification, that are told apart; the rest is not known."""


@dataclass
class Texts:
    """Texts by their numbers; the first is the empty one."""

    known: dict[str, int] = field(default_factory=lambda: {"": 0})
    """The number of each."""

    def codes(self, column: Any) -> Array:
        """Return the numbers of a column of texts; 0 where there is none."""
        encoded = column.dictionary_encode()
        numbers = [0]
        for text in encoded.dictionary.to_pylist():
            number = self.known.get(text or "")
            if number is None:
                number = len(self.known) if len(self.known) < MOST_TEXTS else 0
                self.known.setdefault(text, number)
            numbers.append(number)
        places = np.asarray(encoded.indices.fill_null(-1), np.int64) + 1
        return np.asarray(numbers, np.uint16)[places]

    def listed(self) -> list[str]:
        """Return the texts, by their numbers."""
        found = [""] * (max(self.known.values()) + 1)
        for text, number in self.known.items():
            if number:
                found[number] = text
        return found


@dataclass
class Accounts:
    """Every account of a run, in the order of the keys."""

    keys: Uint64s
    """Lookup keys, sorted."""
    run_keys: npt.NDArray[np.int64]
    """The keys that the run's own tables carry."""
    records: Array
    """Their records, so far without campaign, permits and since."""
    plans: list[str]
    """Plans by their numbers."""
    verifications: list[str]
    """Kinds of verification by their numbers."""
    twins: npt.NDArray[np.bool_]
    """Where two accounts have one lookup key by chance: nothing may be done about either."""

    def let_go_of_tables(self) -> None:
        """Give back the memory that only reading the run's tables needed."""
        self.run_keys = self.run_keys[:0].copy()
        pa.default_memory_pool().release_unused()


def accounts_of(run: Run, lookup: LookupKey) -> Accounts:
    """Read table accounts, some rows at a time."""
    many = sum(pq.ParquetFile(path).metadata.num_rows for path in run.files("accounts"))
    keys, run_keys = np.empty(many, KEY_TYPE), np.empty(many, np.int64)
    columns = {name: np.zeros(many, RECORD_TYPE[name]) for name in ("organisation", "created")}
    codes = {name: np.zeros(many, np.uint16) for name in ("plan", "verification")}
    texts = {name: Texts() for name in codes}
    owners = _organisations(run, lookup)
    at = 0
    for batch in run.batches("accounts", COLUMNS):
        here = slice(at, at := at + batch.num_rows)
        keys[here] = np.frombuffer(lookup.accounts(texts_of(batch.column("account_id"))), KEY_TYPE)
        run_keys[here] = np.asarray(batch.column("account"))
        columns["created"][here] = _seconds(batch.column("created"))
        for name, found in texts.items():
            codes[name][here] = found.codes(batch.column(name))
        columns["organisation"][here] = _verified(batch, owners)
    pa.default_memory_pool().release_unused()
    order = np.argsort(keys, kind="stable")
    records = np.zeros(many, RECORD_TYPE)
    columns |= codes
    codes.clear()
    for name in list(columns):
        records[name] = columns.pop(name)[order]  # let go one by one: a million accounts have large columns
    keys, run_keys = keys[order], run_keys[order]
    same = keys[1:] == keys[:-1]
    twins = np.zeros(many, np.bool_)
    twins[1:] |= same
    twins[:-1] |= same
    return Accounts(keys, run_keys, records, texts["plan"].listed(), texts["verification"].listed(), twins)


def texts_of(column: Any) -> list[str]:
    """Return a column of texts as a list; it holds no nulls."""
    found: list[str] = column.to_pylist()
    return found


def _seconds(column: Any) -> Array:
    """Times in whole POSIX seconds, up to the year 2106; 0 where there is none."""
    microseconds = np.asarray(column.cast(pa.int64()).fill_null(0), np.int64)
    return np.clip(microseconds // 10**6, 0, 2**32 - 1)


def _organisations(run: Run, lookup: LookupKey) -> tuple[npt.NDArray[np.int64], Uint64s]:
    """The run's keys of organisations, sorted, and the lookup keys of their names."""
    found: dict[int, int] = {}
    for batch in run.batches("labels", ["key", "kind", "label"]):
        for row in rows_where(pa.Table.from_batches([batch]), "kind", "organisation").to_pylist():
            found[row["key"]] = lookup.organisation(row["label"])
    known = sorted(found)
    return np.asarray(known, np.int64), np.asarray([found[key] for key in known], np.uint64)


def _verified(batch: Any, owners: tuple[npt.NDArray[np.int64], Uint64s]) -> Uint64s:
    """Lookup key of the organisation that each account is verified for; anybody can declare one, so an
    account that is not verified has none.
    """
    known, hashed = owners
    if not len(known):
        return np.zeros(batch.num_rows, np.uint64)
    verified = np.asarray(pc.fill_null(pc.equal(batch.column("verification"), "organisation"), False))
    declared = np.asarray(batch.column("organisation").fill_null(0), np.int64)
    places = np.minimum(np.searchsorted(known, declared), len(known) - 1)
    return np.where(verified & (known[places] == declared), hashed[places], np.uint64(0))


def campaigns_of(run: Run) -> list[dict[str, Any]]:
    """The listed campaigns: those that pass the error control, and those under a permit. No policy may act on
    another.
    """
    columns = ["group", "identity", "listed", "first", "last", *OF_CAMPAIGN]
    rows = rows_where(run.table("campaigns", columns), "listed", True).to_pylist()
    return [
        {
            "group": row["group"],
            "name": row["identity"],
            "last": told(row["last"].timestamp()),
            **{name: row[name] for name in OF_CAMPAIGN},
        }
        for row in rows
    ]


def put_into_campaigns(run: Run, accounts: Accounts, campaigns: list[dict[str, Any]]) -> None:
    """Write campaign and tier into the records. An account in several: named before present before near, then
    the graver verdict, then the stronger evidence.
    """
    number_of = {row["group"]: number for number, row in enumerate(campaigns, 1)}
    gravity = np.asarray([0, *(GRAVITY.index(row["verdict"]) for row in campaigns)], np.int64)
    parts = [
        part
        for name in ("members", "bystanders")
        for batch in run.batches(name, ["group", "account", "nats", "tier"])
        if (part := _of_listed(batch, number_of)) is not None
    ]
    if not parts:
        return
    account, campaign, tier, nats = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((campaign, -nats, -gravity[campaign], -tier, account))
    account, campaign, tier = account[order], campaign[order], tier[order]
    first = np.ones(len(account), np.bool_)
    first[1:] = account[1:] != account[:-1]
    account, campaign, tier = account[first], campaign[first], tier[first]
    sorter = np.argsort(accounts.run_keys)
    places = np.minimum(np.searchsorted(accounts.run_keys, account, sorter=sorter), len(sorter) - 1)
    rows = sorter[places]
    there = (accounts.run_keys[rows] == account) & ~accounts.twins[rows]
    accounts.records["campaign"][rows[there]] = campaign[there]
    accounts.records["tier"][rows[there]] = tier[there]


def _of_listed(batch: Any, number_of: dict[int, int]) -> tuple[Array, Array, Array, Array] | None:
    """Account, number of the campaign, number of the tier, nats: of the rows of listed campaigns."""
    numbers = np.asarray([number_of.get(group, 0) for group in batch.column("group").to_pylist()], np.int64)
    kept = numbers > 0
    if not kept.any():
        return None
    tiers = np.asarray([TIERS.index(tier) for tier in batch.column("tier").to_pylist()], np.int64)
    nats = np.asarray(batch.column("nats"), np.float64)
    return np.asarray(batch.column("account"))[kept], numbers[kept], tiers[kept], nats[kept]


def put_permits(
    run: Run, accounts: Accounts, lookup: LookupKey
) -> tuple[list[PermitTerms], list[tuple[int, ...]]]:
    """Write the sets of permits into the records; returns the permits, and the sets as their numbers."""
    permits: list[PermitTerms] = []
    held: dict[int, list[int]] = {}
    owners: Array | None = None
    for number, row in enumerate(run.table("permits").to_pylist()):
        starts = None if row["starts"] is None else row["starts"].timestamp()
        permits.append(PermitTerms(row["name"], frozenset(row["models"]), starts, row["expires"].timestamp()))
        places = set(_places(accounts.keys, map(lookup.account, row["accounts"])))
        owner = lookup.organisation(row["organisation"])
        if owner:
            owners = accounts.records["organisation"].copy() if owners is None else owners
            places |= set(np.flatnonzero(owners == owner).tolist())
        for place in places:
            held.setdefault(place, []).append(number)
    sets: dict[tuple[int, ...], int] = {}
    for place, numbers in held.items():
        accounts.records["permits"][place] = sets.setdefault(tuple(numbers), len(sets) + 1)
    return permits, list(sets)


def _places(keys: Uint64s, wanted: Iterable[int]) -> list[int]:
    asked = np.asarray(sorted(wanted), np.uint64)
    if not len(asked) or not len(keys):
        return []
    places = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return [int(place) for place, key in zip(places, asked, strict=True) if keys[place] == key]


def document(value: Any) -> bytes:
    """Return a section of JSON."""
    return json.dumps(value, sort_keys=True, allow_nan=False).encode("ascii")
