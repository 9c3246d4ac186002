"""Batches of a Parquet file, sized so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import InputError
from stillwatch.ingest.quarantine import BadRow


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open the file. Raises InputError if it is no readable Parquet."""
    try:
        # A buffer makes the reader stream columns instead of holding those of a whole row group.
        return pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            "the Parquet file cannot be read; its end, which holds the directory, may be missing",
            where=str(path),
            do="copy or export it again",
        ) from error


def batches(
    path: Path, columns: list[str] | None, most_rows: int, most_bytes: int
) -> Iterator[tuple[int, pa.RecordBatch | BadRow]]:
    """Return batches with the number of their first row, from 1.

    A damaged row group is one BadRow; the others are still read.
    """
    file = open_parquet(path)
    first = 1
    for group in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        read = 0
        try:
            for batch in file.iter_batches(
                _rows_at_once(file, group, most_rows, most_bytes),
                row_groups=[group],
                columns=columns,
                use_threads=False,
            ):
                yield first + read, batch
                read += len(batch)
        except (pa.ArrowException, OSError):
            yield first + read, BadRow("", "the Parquet row group is damaged from here on", lost=rows - read)
        first += rows


def _rows_at_once(file: pq.ParquetFile, group: int, most_rows: int, most_bytes: int) -> int:
    found = file.metadata.row_group(group)
    # Dictionary pages and compression make the size in the directory smaller than in memory. Four times is a
    # safe guess for text.
    average = 4 * found.total_byte_size / max(found.num_rows, 1)
    return max(1, min(most_rows, int(most_bytes / max(average, 1)), found.num_rows or 1))
