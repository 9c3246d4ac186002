"""Batches of a Parquet file, sized so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from stillwatch.errors import InputError
from stillwatch.ingest.files.place import Place
from stillwatch.ingest.quarantine import BadRow

pc: Any = pyarrow.compute
Sizes = npt.NDArray[np.float64]
SMALL = 1 << 12
"""A dictionary of fewer bytes cannot make a batch large."""


def open_parquet(path: Place, dictionaries: tuple[str, ...] = ()) -> pq.ParquetFile:
    """Open the file. dictionaries: leaf columns that stay as their dictionaries.

    Raises InputError if it is no readable Parquet.
    """
    where: Any = path if isinstance(path, Path) else path.open("rb")
    try:
        # A buffer makes the reader stream columns instead of holding those of a whole row group.
        return pq.ParquetFile(
            where, buffer_size=1 << 20, pre_buffer=False, read_dictionary=list(dictionaries) or None
        )
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            "the Parquet file cannot be read; its end, which holds the directory, may be missing",
            where=str(path),
            do="copy or export it again",
        ) from error


def batches(
    path: Place, columns: list[str] | None, most_rows: int, most_bytes: int
) -> Iterator[tuple[int, pa.RecordBatch | BadRow]]:
    """Return batches with the number of their first row, from 1.

    A damaged row group is one BadRow; the others are still read. A dictionary of a few long texts stands for
    any number of them: it is expanded only so far that a batch stays within `most_bytes`, or has one row.
    """
    plain = open_parquet(path)
    files: dict[tuple[str, ...], pq.ParquetFile] = {(): plain}
    schema = plain.schema_arrow
    first = 1
    for group in range(plain.metadata.num_row_groups):
        rows = plain.metadata.row_group(group).num_rows
        at_once = _rows_at_once(plain, group, most_rows, most_bytes)
        risky = _risky(plain, group, at_once, most_bytes)
        if risky not in files:
            files[risky] = open_parquet(path, risky)
        read = 0
        try:
            for batch in files[risky].iter_batches(
                at_once, row_groups=[group], columns=columns, use_threads=False
            ):
                for piece in _within(batch, schema, most_bytes):
                    yield first + read, piece
                    read += len(piece)
        except (pa.ArrowException, OSError):
            yield first + read, BadRow("", "the Parquet row group is damaged from here on", lost=rows - read)
        first += rows


def _risky(file: pq.ParquetFile, group: int, rows: int, most_bytes: int) -> tuple[str, ...]:
    """Return the leaf columns whose dictionary could make a batch larger than wanted."""
    found = []
    chunks = file.metadata.row_group(group)
    for index in range(chunks.num_columns):
        chunk = chunks.column(index)
        if (
            chunk.physical_type == "BYTE_ARRAY"
            and chunk.has_dictionary_page
            and chunk.total_uncompressed_size > SMALL
            and chunk.total_uncompressed_size * rows > most_bytes
        ):
            found.append(chunk.path_in_schema)
    return tuple(found)


def _within(batch: pa.RecordBatch, schema: pa.Schema, most_bytes: int) -> Iterator[pa.RecordBatch]:
    """Return a batch in pieces that hold at most `most_bytes` once expanded, in the types of the schema."""
    if not any(_has_dictionary(field.type) for field in batch.schema):
        yield batch
        return
    ends = np.cumsum(sum((_sizes(column) for column in batch.columns), np.zeros(len(batch))))
    start = 0
    while start < len(batch):
        before = ends[start - 1] if start else 0.0
        end = max(start + 1, int(np.searchsorted(ends, before + most_bytes, "right")))
        piece = batch.slice(start, end - start)
        yield pa.RecordBatch.from_arrays(
            [
                _expanded(column, schema.field(name).type)
                for name, column in zip(piece.schema.names, piece.columns, strict=True)
            ],
            names=piece.schema.names,
        )
        start = end


def _has_dictionary(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        return True
    return any(_has_dictionary(kind.field(i).type) for i in range(kind.num_fields))


def _sizes(column: Any) -> Sizes:
    """Return the bytes of each row of a column, expanded."""
    n, kind = len(column), column.type
    if pa.types.is_dictionary(kind):
        lengths = _sizes(column.dictionary) if len(column.dictionary) else np.zeros(1)
        at = np.asarray(column.indices.fill_null(0))
        return np.asarray(np.where(np.asarray(column.is_null()), 1.0, lengths[at]), np.float64)
    if pa.types.is_struct(kind):
        return sum((_sizes(column.field(i)) for i in range(kind.num_fields)), np.ones(n))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        offsets = np.asarray(column.offsets, np.int64)
        values = column.values.slice(offsets[0], offsets[-1] - offsets[0]) if n else column.values
        ends = np.concatenate([[0.0], np.cumsum(_sizes(values))])
        return np.asarray(ends[offsets[1:] - offsets[0]] - ends[offsets[:-1] - offsets[0]] + 8, np.float64)
    if pa.types.is_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_string(kind):
        return np.asarray(pc.binary_length(column).fill_null(0), np.float64) + 4
    return np.full(n, 8.0)


def _expanded(column: Any, kind: Any) -> Any:
    return column if column.type == kind else column.cast(kind)


def _rows_at_once(file: pq.ParquetFile, group: int, most_rows: int, most_bytes: int) -> int:
    found = file.metadata.row_group(group)
    # Dictionary pages and compression make the size in the directory smaller than in memory. Four times is a
    # safe guess for text.
    average = 4 * found.total_byte_size / max(found.num_rows, 1)
    return max(1, min(most_rows, int(most_bytes / max(average, 1)), found.num_rows or 1))
