"""Side tables (accounts, edge log) as batches of named columns, from any kind of file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.ingest.context import IngestContext
from stillwatch.ingest.files.binaries import refuse_binary
from stillwatch.ingest.files.parquet import batches, open_parquet
from stillwatch.ingest.files.regular import must_be_a_file
from stillwatch.ingest.files.rows import kind_of, rows_of
from stillwatch.ingest.files.streams import compression_of, head_of
from stillwatch.ingest.quarantine import BadRow, Quarantine
from stillwatch.ingest.values import Row, dig, scrub_text
from stillwatch.ingest.vectors import row_numbers

Aliases = Mapping[str, tuple[str, ...]]
"""Our column to the names it may have in the file, some of them dotted paths; the first one present wins."""


def side_batches(
    path: Path, ingest_context: IngestContext, quarantine: Quarantine, aliases: Aliases
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Return row numbers and columns by our names; a column that the file lacks is left out.

    Raises InputError if the file cannot be read.
    """
    must_be_a_file(path)
    if path.stat().st_size == 0:
        quarantine.note(path.name, "the file is empty")
        return
    refuse_binary(head_of(path, compression := compression_of(path), 4096), str(path))
    if kind_of(path, compression)[0] == "parquet":
        yield from _from_parquet(path, ingest_context, quarantine, aliases)
    else:
        yield from _from_rows(path, compression, ingest_context, quarantine, aliases)


def _from_parquet(
    path: Path, ingest_context: IngestContext, quarantine: Quarantine, aliases: Aliases
) -> Iterator[tuple[Any, dict[str, Any]]]:
    file = open_parquet(path)
    folded = {name.lower(): name for name in reversed(file.schema_arrow.names)}
    chosen = {
        ours: next((folded[name.lower()] for name in names if name.lower() in folded), None)
        for ours, names in aliases.items()
    }
    wanted = sorted({name for name in chosen.values() if name is not None})
    if not file.metadata.num_rows:
        empty = file.schema_arrow.empty_table()
        columns = {ours: _plain(empty[name].combine_chunks()) for ours, name in chosen.items() if name}
        yield np.zeros(0, np.int64), columns
    for first, batch in batches(
        path, wanted, ingest_context.settings.batch_rows * 4, ingest_context.settings.batch_bytes
    ):
        if isinstance(batch, BadRow):
            batch.tell(quarantine, path.name, first)
            continue
        columns = {ours: batch.column(name) for ours, name in chosen.items() if name is not None}
        yield row_numbers(first, len(batch)), {ours: _plain(column) for ours, column in columns.items()}


def _plain(column: Any) -> Any:
    if pa.types.is_dictionary(column.type):
        return column.dictionary_decode()
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        texts = [None if v is None else v.decode("utf-8", "replace") for v in column.to_pylist()]
        return pa.array(texts, pa.string())
    return column


def _from_rows(
    path: Path, compression: str, ingest_context: IngestContext, quarantine: Quarantine, aliases: Aliases
) -> Iterator[tuple[Any, dict[str, Any]]]:
    rows = rows_of(path, compression, ingest_context.settings)
    first = next(rows, None)
    if first is None:
        # A header without rows: its names show whether the file is of the right kind.
        names = {name.lower() for name in kind_of(path, compression)[1]}
        there = [ours for ours, taken in aliases.items() if names & {name.lower() for name in taken}]
        if names:
            yield np.zeros(0, np.int64), {ours: pa.array([], pa.string()) for ours in there}
        return
    rows = chain([first], rows)
    while chunk := list(islice(rows, ingest_context.settings.batch_rows)):
        good = [(number, row) for number, row in chunk if isinstance(row, dict)]
        for number, row in chunk:
            if isinstance(row, BadRow):
                row.tell(quarantine, path.name, number)
        numbers = np.array([number for number, _ in good], np.int64)
        values = {ours: [_value(row, names) for _, row in good] for ours, names in aliases.items()}
        yield (
            numbers,
            {ours: _column(found) for ours, found in values.items() if any(v is not None for v in found)},
        )


def _value(row: Row, names: tuple[str, ...]) -> Any:
    for name in names:
        value = dig(row, name)
        if value is not None and value != "":
            return value
    return None


def _column(values: list[Any]) -> Any:
    """Return numbers if all values are numbers, else text."""
    if all(value is None or (type(value) is int and abs(value) < 2**62) for value in values):
        return pa.array(values, pa.int64())
    return pa.array(
        [
            value if value is None else scrub_text(value if isinstance(value, str) else str(value))
            for value in values
        ],
        pa.string(),
    )
