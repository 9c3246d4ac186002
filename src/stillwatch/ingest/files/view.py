"""What is changed on the way from a file to a format: wrappers, columns of the path, spellings of names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from stillwatch.ingest.files.hive import Partitions
from stillwatch.ingest.values import Row


@dataclass(frozen=True)
class View:
    """How the rows of one file are seen."""

    unwrap: bool = True
    """Whether wrappers of log shippers are taken off."""
    partitions: Partitions = ()
    """Columns that the path names, for rows that lack them."""
    names: tuple[tuple[str, str], ...] = ()
    """Names in the file, with the spelling that the format knows."""

    @property
    def plain(self) -> bool:
        """Whether columns stay as they are in the file."""
        return not self.partitions and not self.names

    def row(self, row: Row) -> Row:
        """Return a row with the names that the format knows, and the columns of the path."""
        if self.names:
            spelled = dict(self.names)
            row = {spelled.get(name, name): value for name, value in row.items()}
        return {**dict(self.partitions), **row} if self.partitions else row

    def batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch in the same way."""
        spelled = dict(self.names)
        names = [spelled.get(name, name) for name in batch.schema.names]
        columns: list[Any] = list(batch.columns)
        for name, value in self.partitions:
            if name not in names:
                names.append(name)
                columns.append(pa.array([value] * len(batch), pa.string()))
        return pa.RecordBatch.from_arrays(columns, names=names)

    def given(self, wanted: str) -> str:
        """Return the name in the file of a column that the format knows."""
        return next((given for given, known in self.names if known == wanted), wanted)


PLAIN = View()
"""Nothing but wrappers."""
