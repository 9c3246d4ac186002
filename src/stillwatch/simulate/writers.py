"""The writer of a log format, and pieces that several writers share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.registry import Registry
from stillwatch.simulate.accounts import Array
from stillwatch.simulate.compose import take
from stillwatch.simulate.day import Rows


@dataclass(frozen=True)
class Writer:
    """A log format that a world can be written in."""

    name: str
    """Its name on the command line: that of the ingest format."""
    suffix: str
    """Suffix of its files."""
    write: Callable[[Rows, Path], None]
    """Writes one part's exchanges to a file."""


WRITERS: Registry[Writer] = Registry("writer", "stillwatch.simulate.formats")


def combined(*columns: Array) -> tuple[list[tuple[int, ...]], Array]:
    """Return the distinct combinations of small numbers, and which of them each row has."""
    code = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        code = code * 4096 + column
    _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
    return [tuple(int(column[i]) for column in columns) for i in first], inverse


def model_names(rows: Rows) -> pa.Array[Any]:
    """Return the model of each row."""
    return take([model.name for model in rows.world.setting.models], rows.model)


def account_ids(rows: Rows) -> pa.Array[Any]:
    """Return the account of each row."""
    return take(rows.world.account_ids, rows.account)
