"""Accounts as streams: their exchanges in order of time as NumPy columns, for some accounts at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import numpy.typing as npt
from ibis import _

from baselines.tables import Tables

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]
ROWS_AT_ONCE = 4_000_000
SECOND = 1000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
"""Milliseconds."""
NOTHING = 0
"""Represents a null in a column of keys or counts."""


@dataclass(frozen=True)
class Stream:
    """Exchanges of some accounts, sorted by account and then by time."""

    accounts: Ints
    """The accounts, sorted."""
    start: Ints
    """The first row of each account, and after the last one the number of rows."""
    number: Ints
    """For each row, the place of its account in `accounts`."""
    at: Ints
    """For each row, the milliseconds since 1970."""
    columns: dict[str, Array]
    """The other columns, nulls as 0."""

    def __len__(self) -> int:
        return len(self.at)

    @property
    def place(self) -> Ints:
        """Return, for each row, how many rows of its account came before it."""
        return np.arange(len(self)) - self.start[self.number]

    def since(self, span: int) -> Ints:
        """Return, for each row, the first row of its account that is at most `span` milliseconds older."""
        step = int(self.at.max() - self.at.min()) + span + 1
        line = self.number * step + (self.at - self.at.min())
        found: Ints = np.maximum(np.searchsorted(line, line - span), self.start[self.number])
        return found

    def most(self, values: Floats) -> dict[int, float]:
        """Return the largest value of each account's rows."""
        if not len(self):
            return {}
        return dict(
            zip(self.accounts.tolist(), np.maximum.reduceat(values, self.start[:-1]).tolist(), strict=True)
        )


def streams(
    tables: Tables, columns: Sequence[str], *, least: int = 1, first: int | None = None
) -> Iterator[Stream]:
    """Return all accounts with at least so many exchanges, in slices that fit into memory.

    With `first`, only so many of each account's first exchanges.
    """
    wanted = tables.exchanges.filter(_.semantic.notnull()) if "semantic" in columns else tables.exchanges
    rows = tables.engine.collect(wanted.agg(n=_.count()))["n"][0].as_py()
    slices = 1 << max(0, int(np.ceil(np.log2(max(rows, 1) / ROWS_AT_ONCE))))
    for part in range(slices):
        mine = wanted.filter((wanted.account & (slices - 1)) == part) if slices > 1 else wanted
        stream = _stream(tables, mine, columns, least, first)
        if len(stream):
            yield stream


def _stream(tables: Tables, rows: Any, columns: Sequence[str], least: int, first: int | None) -> Stream:
    kept = {
        name: rows[name].fill_null(NOTHING)
        if not rows[name].type().is_boolean()
        else rows[name].fill_null(False)
        for name in columns
    }
    chosen = rows.select("account", "at", "request", **kept)
    if least > 1 or first is not None:
        by_time = ibis.window(group_by=chosen.account, order_by=[chosen.at, chosen.request])
        chosen = chosen.mutate(
            rank=ibis.row_number().over(by_time), size=_.count().over(ibis.window(group_by=chosen.account))
        )
        chosen = chosen.filter(_["size"] >= least)
        chosen = chosen.filter(_["rank"] < first) if first is not None else chosen
    table = tables.engine.collect(
        chosen.order_by(["account", "at", "request"]).select("account", "at", *columns)
    )
    arrays = {name: table[name].to_numpy() for name in table.column_names}
    accounts, start, number = np.unique(arrays["account"], return_index=True, return_inverse=True)
    ends = np.append(start, len(number)).astype(np.int64)
    return Stream(
        accounts,
        ends,
        number.astype(np.int64),
        arrays["at"].astype(np.int64),
        {name: arrays[name] for name in columns},
    )


def sums(values: Array) -> Floats:
    """Return running sums with a zero before them: the sum of rows i to j is sums[j + 1] - sums[i]."""
    return np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])


def spread(values: Array, first: Ints) -> Floats:
    """Return, for each row, the coefficient of variation of the rows from `first` to it.

    It is infinite if their mean is not positive.
    """
    centred = values.astype(np.float64)
    total, squares, n = sums(centred), sums(centred**2), np.arange(len(values)) + 1 - first
    here = np.arange(len(values)) + 1
    mean = (total[here] - total[first]) / n
    variance = np.maximum((squares[here] - squares[first]) / n - mean**2, 0.0)
    found: Floats = np.divide(np.sqrt(variance), mean, out=np.full(len(values), np.inf), where=mean > 0)
    return found
