"""Raw columns -> a batch of REQUESTS: what cannot be used goes to quarantine or is dropped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from stillwatch.account_names import account_name
from stillwatch.client_addresses import ClientAddress
from stillwatch.ingest.context import IngestContext
from stillwatch.ingest.end_users import EndUser, end_user_of
from stillwatch.ingest.quarantine import Quarantine
from stillwatch.ingest.request import Raw
from stillwatch.ingest.scientific import without_scientific
from stillwatch.ingest.token_parts import with_parts
from stillwatch.ingest.values import MICRO
from stillwatch.schema.requests import REQUESTS
from stillwatch.schema.table import TIME

pc: Any = pyarrow.compute

Bools = npt.NDArray[np.bool_]
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""No API served a language model to the public before."""
HOUR = 3_600_000_000
"""Microseconds."""
LIMITS = {
    "status": 999,
    "input_tokens": 10**8,
    "output_tokens": 10**8,
    "reasoning_tokens": 10**8,
    "cached_tokens": 10**8,
    "cache_written_tokens": 10**8,
    "reasoning_chars": 10**9,
    "spend": 10_000 * MICRO,
    "duration_ms": 2**31 - 1,
    "asn": 2**32 - 1,
}
"""Larger values count as wrong."""
ROUNDED = ("request_id", "conversation", "end_user")
"""Ids in which clients write what they like, so that a rounded one never ends the run."""
NEEDED = ("time", "account_id")
"""The provider's own columns without which a row is nothing."""


class BatchNormaliser:
    """Turns raw columns of one file into batches of REQUESTS."""

    def __init__(self, file: str, ingest_context: IngestContext, quarantine: Quarantine) -> None:
        self._file = file
        self._door = ingest_context
        self._quarantine = quarantine
        self._client = ClientAddress(ingest_context.settings.trusted_proxies)

    def __call__(self, raw: Raw) -> pa.RecordBatch:
        """Return the requests that pass, in REQUESTS' schema; the others are in quarantine."""
        keep = self._stepped(raw)
        keep &= self._required(raw, keep)
        if not keep.all():
            at: Any = pa.array(np.flatnonzero(keep))
            raw = Raw(raw.rows[keep], {name: column.take(at) for name, column in raw.columns.items()})
        raw = self._unrounded(raw)
        columns = {**raw.columns, **self._ids(raw), **self._counts(raw)}
        columns.update(place_columns(columns, self._door, self._quarantine, self._client))
        columns["time"] = columns["time"].cast(TIME)
        n = len(raw.rows)
        arrays = [_shaped(columns.get(field.name), field.type, n) for field in REQUESTS.arrow]
        batch = pa.RecordBatch.from_arrays(arrays, schema=REQUESTS.arrow)
        self._quarantine.keep(self._file, batch)
        return batch

    def _stepped(self, raw: Raw) -> Bools:
        keep = np.ones(len(raw.rows), bool)
        for index, kind in raw.stepped:
            self._quarantine.step_over(self._file, kind)
            keep[index] = False
        return keep

    def _required(self, raw: Raw, keep: Bools) -> Bools:
        account = raw.columns["account_id"]
        keep = keep & self._faults(raw, keep)
        keep &= self._refuse(
            raw, keep & _true(pc.fill_null(pc.equal(account, ""), True)), "account_id", "no account"
        )
        time = np.asarray(raw.columns["time"].fill_null(0))
        keep &= self._refuse(
            raw, keep & _true(raw.columns["time"].is_null()), "time", "no time, or none that can be read"
        )
        keep &= self._refuse(raw, keep & (time < _us(EARLIEST)), "time", "time before 2020")
        if self._door.newest is not None:
            late = keep & (time > _us(self._door.newest))
            hours, counts = np.unique(time[late] // HOUR, return_counts=True)
            self._quarantine.late.update(dict(zip(hours.tolist(), counts.tolist(), strict=True)))
            keep &= self._refuse(raw, late, "time", "time in the future")
        return keep

    def _faults(self, raw: Raw, keep: Bools) -> Bools:
        keep = keep.copy()
        for index, column, reason in raw.faults:
            if column not in NEEDED:
                # A field that the client wrote: the row stays without it.
                self._quarantine.mend(column or "(row)", f"{reason}: left out", int(keep[index]))
                continue
            if keep[index]:
                self._quarantine.add(self._file, int(raw.rows[index]), column, reason)
            keep[index] = False
        return keep

    def _refuse(self, raw: Raw, bad: Bools, column: str, reason: str) -> Bools:
        for row in raw.rows[bad]:
            self._quarantine.add(self._file, int(row), column, reason)
        return ~bad

    def _unrounded(self, raw: Raw) -> Raw:
        """Leave out ids that a spreadsheet has rounded: they would join strangers."""
        columns = dict(raw.columns)
        for name in ROUNDED:
            if name in columns and pa.types.is_string(columns[name].type):
                columns[name], count = without_scientific(columns[name])
                self._quarantine.mend(name, "in scientific notation, which stands for many: left out", count)
        return Raw(raw.rows, columns)

    def _ids(self, raw: Raw) -> dict[str, Any]:
        ids = raw.columns.get("request_id", pa.nulls(len(raw.rows), pa.string()))
        missing = pc.fill_null(pc.equal(ids, ""), True)
        if missing.true_count:
            made = pa.array([f"{self._file}#{row}" for row in raw.rows], pa.string())
            ids = pc.if_else(missing, made, ids)
        key = self._door.pseudonym_key
        columns = {
            "request_id": ids,
            "account_id": _each(raw.columns["account_id"], lambda account: account_name(account, key)),
        }
        if "end_user" in raw.columns:
            columns |= _end_users(raw.columns, key)
        return columns

    def _counts(self, raw: Raw) -> dict[str, Any]:
        found = {}
        for name, limit in LIMITS.items():
            if name in raw.columns and raw.columns[name].null_count < len(raw.rows):
                column = raw.columns[name]
                wrong = pc.fill_null(pc.or_(pc.less(column, 0), pc.greater(column, limit)), False)
                self._quarantine.mend(name, "negative, too large or no number: left out", wrong.true_count)
                found[name] = pc.if_else(wrong, pa.scalar(None, pa.int64()), column)
        with_parts(found, self._quarantine)
        return found


def _end_users(raw: dict[str, Any], key: bytes | None) -> dict[str, Any]:
    """Return end_user and device, and the conversation where the log names none, from end-user ids."""
    encoded = raw["end_user"].dictionary_encode()
    parts = [end_user_of(user) if user else EndUser(None) for user in encoded.dictionary.to_pylist()]
    made: dict[str, Any] = {}
    for name, values in (
        ("end_user", [account_name(part.end_user, key) if part.end_user else None for part in parts]),
        ("device", [account_name(part.device, key) if part.device else None for part in parts]),
        ("conversation", [part.session for part in parts]),
    ):
        made[name] = pa.array(values, pa.string()).take(encoded.indices)
    given = raw.get("conversation")
    if given is not None:
        made["conversation"] = pc.coalesce(_emptied(given.cast(pa.string())), made["conversation"])
    return made


def place_columns(
    columns: dict[str, Any],
    ingest_context: IngestContext,
    quarantine: Quarantine,
    client: ClientAddress | None = None,
) -> dict[str, Any]:
    """Return the canonical address, and what the operator's networks file says of it.

    Values in the log win over the file.
    """
    made: dict[str, Any] = {}
    if "address" in columns:
        given = _emptied(columns["address"])
        find = client or ClientAddress(ingest_context.settings.trusted_proxies)
        encoded = given.dictionary_encode()
        made["address"] = pa.array(find.each(encoded.dictionary.to_pylist()), pa.string()).take(
            encoded.indices
        )
        quarantine.mend(
            "address", "no address in it: left out", made["address"].null_count - given.null_count
        )
    if ingest_context.networks is None or not ("address" in columns or "asn" in columns):
        return made
    n = len(columns["address"] if "address" in columns else columns["asn"])
    addresses = made["address"].to_pylist() if made else [None] * n
    asns = columns["asn"].to_pylist() if "asn" in columns else [None] * n
    places = [
        ingest_context.networks.find(address, asn) for address, asn in zip(addresses, asns, strict=True)
    ]
    made["asn"] = pa.array([place.asn for place in places], pa.int64())
    for name, values in (
        ("network_class", [place.kind for place in places]),
        ("region", [place.region for place in places]),
    ):
        found = pa.array(values, pa.string())
        made[name] = pc.coalesce(_emptied(columns[name]), found) if name in columns else found
    return made


def _us(moment: datetime) -> int:
    return int(moment.timestamp() * 10**6)


def _true(mask: Any) -> Bools:
    return np.asarray(mask.fill_null(False)).astype(bool)


def _each(column: Any, change: Callable[[str], str | None]) -> Any:
    """Apply a function to the distinct values of a string column."""
    encoded = column.dictionary_encode()
    changed = pa.array(
        [None if value is None else change(value) for value in encoded.dictionary.to_pylist()], pa.string()
    )
    return changed.take(encoded.indices)


def _shaped(column: Any, kind: Any, n: int) -> Any:
    if column is None:
        return pa.nulls(n, kind)
    if pa.types.is_string(kind):
        return _emptied(column.cast(kind))
    return column if column.type == kind else column.cast(kind)


def _emptied(column: Any) -> Any:
    empty = pc.equal(column, "")
    return pc.if_else(empty, pa.scalar(None, column.type), column) if empty.true_count else column
