"""A finished run folder as a source: its settings and tables, checked before anything starts from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import RunError, SettingError
from stillwatch.run.layout import MARK, stored_days
from stillwatch.run.sketched import Sketched, must_agree
from stillwatch.schema.stored import EXCHANGES, SKETCH_VERSION
from stillwatch.schema.table import Contract
from stillwatch.settings import Settings, from_document


def sketched_of(run: Path, about: dict[str, Any], do: str) -> Sketched:
    """What the run was sketched with. Raises RunError unless all of its exchanges are of this version and
    under one key.
    """
    ours = Sketched.of_run(about, str(run / MARK))
    must_agree(Sketched(SKETCH_VERSION, ours.key), ours, str(run))
    for path in stored_days(run):
        must_be_regular(path, do)
        try:
            schema = pq.read_schema(path)
        except (pa.ArrowException, OSError) as error:
            raise RunError("the exchanges cannot be read as Parquet", where=str(path), do=do) from error
        must_agree(ours, Sketched.of_schema(schema, str(path)), str(path))
        _as_promised(schema, EXCHANGES, path, do)
    return ours


def must_be_regular(path: Path, do: str) -> None:
    """Raise RunError where something else than a file stands: reading a pipe would wait for ever."""
    if path.exists() and not path.is_file():
        raise RunError("what stands in the table's place is no file", where=str(path), do=do)


def settings_of(run: Path, about: dict[str, Any], do: str) -> Settings:
    """The settings that the run was searched with. Raises RunError where this version does not know them."""
    try:
        return from_document(about.get("settings", {}), where=str(run / MARK))
    except SettingError as error:
        raise RunError(
            f"the run was made by another version: {error.what}", where=error.where, do=do
        ) from error


def table_of(run: Path, table: Contract, do: str) -> pa.Table:
    """One table of the run. Raises RunError where it is missing or not as this version writes it."""
    path = run / f"{table.name}.parquet"
    must_be_regular(path, do)
    try:
        read = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise RunError(f"table {table.name} cannot be read as Parquet", where=str(path), do=do) from error
    _as_promised(read.schema, table, path, do)
    return read


def _as_promised(schema: pa.Schema, table: Contract, path: Path, do: str) -> None:
    if not schema.equals(table.arrow):
        raise RunError(f"table {table.name} is not as this version writes it", where=str(path), do=do)
