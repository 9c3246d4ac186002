"""Rows that could not be read, with the reason and without their words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from stillwatch.errors import TooManyBadRows
from stillwatch.ingest.table_use import TableUse
from stillwatch.schema.requests import QUARANTINE
from stillwatch.settings import IngestSettings

STORED_ROWS = 10_000
"""Bad rows of one file that are kept one by one; all are counted."""


class BadRow(Exception):
    """A row, or a part of it, cannot be read.

    Holds the field at fault and the reason, in words that show nothing of the row's text.
    """

    required = False
    """Whether the field is the provider's own and needed: then nothing is left of the row without it."""

    def __init__(self, column: str, reason: str, lost: int = 1) -> None:
        super().__init__(column, reason, lost)
        self.column = column
        self.reason = reason
        self.lost = lost

    def tell(self, quarantine: Quarantine, file: str, row: int) -> None:
        """Count it where it belongs."""
        quarantine.add(file, row, self.column, self.reason, self.lost)


class Missing(BadRow):
    """What the provider's own log must hold, and does not: no other field of the row is at fault."""

    required = True


class Aside(BadRow):
    """What stands in a log in place of a row and is none: repeated headers, lines without an object."""

    def __init__(self, kind: str, lost: int = 1) -> None:
        """kind: what it is, in the plural."""
        super().__init__("", kind, lost)

    def tell(self, quarantine: Quarantine, file: str, row: int) -> None:
        """Count it as stepped over."""
        quarantine.step_over(file, self.reason, self.lost)


class Mended(BadRow):
    """A value of the row that follows, which was guessed or left out."""

    def tell(self, quarantine: Quarantine, file: str, row: int) -> None:
        """Count it as mended; its row is kept."""
        quarantine.mend(self.column, self.reason, self.lost)


@dataclass
class Quarantine:
    """What was kept out, and how much was read.

    Each worker fills its own; they are merged in the order of the files.
    """

    good: int = 0
    """Rows that became requests."""
    bad: int = 0
    """Rows that were kept out."""
    rows: list[tuple[str, int, str, str]] = field(default_factory=list)
    """File, row, column, reason; at most STORED_ROWS for each file."""
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Bad rows by column and reason."""
    mended: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Single values dropped from rows that were kept, by column and reason."""
    late: Counter[int] = field(default_factory=Counter)
    """Rows kept out for a time in the future, by the hour of their time since 1970."""
    stepped: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Rows that are no requests to a language model, by file and kind."""
    read: Counter[str] = field(default_factory=Counter)
    """Rows that were kept, by file."""
    kept_out: Counter[str] = field(default_factory=Counter)
    """Bad rows, by file."""
    nameless: Counter[str] = field(default_factory=Counter)
    """Bad rows in which no account was found, by file."""
    merged: Counter[str] = field(default_factory=Counter)
    """Rows that told once more of an exchange, merged into its first row, by file."""
    filled: Counter[str] = field(default_factory=Counter)
    """Rows that fill a column, by column."""
    stored: Counter[str] = field(default_factory=Counter)
    """Number of rows kept one by one, by file."""
    uses: dict[str, TableUse] = field(default_factory=dict)
    """What was used of the files beside the logs, by file."""

    def add(self, file: str, row: int, column: str, reason: str, count: int = 1) -> None:
        """Keep a row out; `count` of more than one represents the rows of a damaged part."""
        self.bad += count
        self.kept_out[file] += count
        if column == "account_id":
            self.nameless[file] += count
        self.reasons[column, reason] += count
        self._store(file, row, column, reason)

    def note(self, file: str, reason: str) -> None:
        """Record a note about a whole file that holds no row to count."""
        self._store(file, 0, "", reason)

    def keep(self, file: str, batch: pa.RecordBatch) -> None:
        """Count the rows of a batch that became requests, edge rows or accounts, and what they fill."""
        self.good += len(batch)
        self.read[file] += len(batch)
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            self.filled[name] += len(batch) - column.null_count

    def step_over(self, file: str, kind: str, count: int = 1) -> None:
        """Count rows that are no requests to a language model."""
        self.stepped[file, kind] += count

    def merge_rows(self, file: str, count: int) -> None:
        """Count rows of a file that were merged into others; they are no rows of their own any more."""
        self.merged[file] += count
        self.read[file] -= count
        self.good -= count

    def mend(self, column: str, reason: str, count: int = 1) -> None:
        """Count values that were dropped while their rows were kept."""
        if count:
            self.mended[column, reason] += count

    def use(self, file: str, use: TableUse) -> None:
        """Record what was used of a part of a file beside the logs."""
        self.uses[file] = self.uses[file].merged(use) if file in self.uses else use

    def merge(self, other: Quarantine) -> None:
        """Add what another worker found."""
        self.good += other.good
        self.bad += other.bad
        self.reasons.update(other.reasons)
        self.mended.update(other.mended)
        self.stepped.update(other.stepped)
        self.read.update(other.read)
        self.merged.update(other.merged)
        self.kept_out.update(other.kept_out)
        self.nameless.update(other.nameless)
        self.filled.update(other.filled)
        self.late.update(other.late)
        for file, use in other.uses.items():
            self.use(file, use)
        for row in other.rows:
            self._store(*row)

    def table(self) -> pa.Table:
        """Return table `quarantine`."""
        columns: Iterable[tuple[object, ...]] = (
            zip(*self.rows, strict=True) if self.rows else ((), (), (), ())
        )
        arrays = [
            pa.array(list(values), field.type)
            for values, field in zip(columns, QUARANTINE.arrow, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=QUARANTINE.arrow)

    def _store(self, file: str, row: int, column: str, reason: str) -> None:
        if self.stored[file] < STORED_ROWS:
            self.stored[file] += 1
            self.rows.append((file, row, column, reason))


def check_share(quarantine: Quarantine, settings: IngestSettings) -> None:
    """Raise TooManyBadRows if more rows are bad than the settings allow."""
    total = quarantine.good + quarantine.bad
    if quarantine.bad <= settings.bad_rows_grace or quarantine.bad <= settings.max_bad_share * total:
        return
    share = quarantine.bad / total
    nameless = 2 * quarantine.nameless.total() > quarantine.bad
    raise TooManyBadRows(
        f"{quarantine.bad:,} of {total:,} rows ({share:.1%}) cannot be read; ingest.max_bad_share allows "
        f"{settings.max_bad_share:.1%}\n{top_reasons(quarantine)}",
        where=", ".join(_worst_files(quarantine)),
        do="name the field that holds the account with ingest.account_field in the settings file"
        if nameless
        else "name the right --format, mend the log, or raise ingest.max_bad_share in the settings file",
    )


def top_reasons(quarantine: Quarantine, most: int = 5) -> str:
    """Return why rows cannot be read, the most frequent reasons first, one a line with its count."""
    ranked = sorted(quarantine.reasons.items(), key=lambda item: (-item[1], item[0]))[:most]
    return "\n".join(f"  {count:>12,}  {column or '(row)'}: {reason}" for (column, reason), count in ranked)


def _worst_files(quarantine: Quarantine, most: int = 3) -> list[str]:
    ranked = sorted(quarantine.stored.items(), key=lambda item: (-item[1], item[0]))
    return [name for name, _ in ranked[:most]]
