"""Rows of JSON lines as columns, for formats that read columns faster than rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute

from stillwatch.ingest.request import Raw
from stillwatch.ingest.values import Row

pc: Any = pyarrow.compute
PLAIN = (str, int, float)
"""Types of a value that Arrow takes as the format's own columns have them."""


class LineColumns:
    """Collects rows that are alike enough for columns."""

    def __init__(self, wanted: Sequence[str], json: Sequence[str]) -> None:
        """wanted: columns that the format reads. json: those of them that hold JSON, as text."""
        self._plain = [name for name in wanted if name not in json]
        self._json = list(json)
        self.rows: list[tuple[int, Row]] = []
        """The rows held, with their numbers."""
        self.bytes = 0
        """Characters of JSON in them."""
        self._texts: list[list[str | None]] = [[] for _ in self._json]

    def add(self, number: int, row: Row) -> bool:
        """Hold a row; False where a value is of a type that a column does not have."""
        for name in self._plain:
            value = row.get(name)
            if value is not None and type(value) not in PLAIN:
                return False
        try:
            texts = [_text(row.get(name)) for name in self._json]
        except (orjson.JSONEncodeError, TypeError):
            return False
        for column, text in zip(self._texts, texts, strict=True):
            column.append(text)
            self.bytes += 0 if text is None else len(text)
        self.rows.append((number, row))
        return True

    def take(self) -> tuple[list[tuple[int, Row]], pa.RecordBatch | None]:
        """Return the rows held, and as a batch; None where the values of a column are of several types.

        Nothing is held afterwards.
        """
        rows, texts = self.rows, self._texts
        self.rows, self.bytes, self._texts = [], 0, [[] for _ in self._json]
        try:
            plain: list[pa.Array[Any]] = [
                pa.array([row.get(name) for _, row in rows]) for name in self._plain
            ]
        except (pa.ArrowException, OverflowError, ValueError):
            return rows, None
        arrays = [*plain, *(pa.array(column, pa.string()) for column in texts)]
        return rows, pa.RecordBatch.from_arrays(arrays, names=[*self._plain, *self._json])


def holds_objects(row: object, json: Sequence[str]) -> bool:
    """Return whether columns of JSON hold values and not texts."""
    return type(row) is dict and any(type(row.get(name)) in (dict, list) for name in json)


def numbers_of(rows: Sequence[tuple[int, Row]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the numbers of rows."""
    return np.fromiter((number for number, _ in rows), np.int64, len(rows))


def lacks(raw: Raw) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return which rows have no time or no account, of those that ask a model."""
    missing = [pc.fill_null(pc.equal(raw.columns["account_id"], ""), True), raw.columns["time"].is_null()]
    gone = np.logical_or(*(np.asarray(column) for column in missing))
    gone[[index for index, _ in raw.stepped]] = False
    return np.flatnonzero(gone)


def _text(value: object) -> str | None:
    if value is None or type(value) is str:
        return value
    if type(value) is dict or type(value) is list:
        return orjson.dumps(value).decode()
    raise TypeError
