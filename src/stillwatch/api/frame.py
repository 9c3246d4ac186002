"""A table of a run as a value of its own: nothing is read before it is asked for."""

from __future__ import annotations

import html
import importlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stillwatch.api.holder import Holder
from stillwatch.engine import Table
from stillwatch.errors import MissingExtra, RunError
from stillwatch.plain import plain

if TYPE_CHECKING:
    import pandas
    import polars

SHOWN = 10
"""Rows that a notebook shows."""
LONGEST_CELL = 60
ROWS_AT_ONCE = 65_536


class Frame:
    """One table of a run, or those of its rows that belong to one group.

    Anything that takes Arrow's C stream takes a frame as it is: `pyarrow.table(frame)`,
    `polars.DataFrame(frame)`, and DuckDB in a query that names the variable.
    """

    def __init__(
        self,
        holder: Holder,
        name: str,
        files: Sequence[Path],
        *,
        description: str = "",
        where: tuple[str, int] | None = None,
    ) -> None:
        self._holder = holder
        self._files = tuple(files)
        self._where = where
        self.name = name
        """The table's name, as in the reference."""
        self.description = description
        """What one row stands for."""

    @property
    def schema(self) -> pa.Schema:
        """Names and Arrow types of the columns, from the first file's foot."""
        schema: pa.Schema = self._dataset().schema
        return schema.remove_metadata()

    @property
    def columns(self) -> list[str]:
        """The columns' names, in order."""
        return list(self.schema.names)

    def __len__(self) -> int:
        """Rows; without a condition the files' feet tell, and no column is read."""
        return int(self._dataset().count_rows(filter=self._condition()))

    def batches(
        self, columns: Sequence[str] | None = None, rows: int = ROWS_AT_ONCE
    ) -> Iterator[pa.RecordBatch]:
        """The rows as Arrow batches of at most so many rows, in the table's order; memory is that of a few.

        Raises RunError for a column that the table does not have.
        """
        yield from self._scanner(columns, rows).to_batches()

    def arrow(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows as an Arrow table, all columns or those named. Raises RunError for an unknown column."""
        table: pa.Table = self._scanner(columns, ROWS_AT_ONCE).to_table()
        return table.replace_schema_metadata(None)

    def pandas(self, columns: Sequence[str] | None = None) -> pandas.DataFrame:
        """The rows as a pandas DataFrame; times carry UTC, integers with gaps become floats.

        Raises MissingExtra where pandas is not installed.
        """
        _need("pandas")
        return self.arrow(columns).to_pandas()

    def polars(self, columns: Sequence[str] | None = None) -> polars.DataFrame:
        """The rows as a Polars DataFrame. Raises MissingExtra where Polars is not installed."""
        module: Any = _need("polars")
        frame: polars.DataFrame = module.from_arrow(self.arrow(columns))
        return frame

    def ibis(self) -> Table:
        """The rows as an Ibis table on DuckDB: a query that is run when it is executed.

        All tables of one run share a connection, so they can be joined. `Run.close` closes it.
        """
        self._dataset()
        table = self._holder.ibis(self.name, self._files)
        if self._where is None:
            return table
        column, value = self._where
        return table.filter(table[column] == value)

    def rows(self) -> list[dict[str, Any]]:
        """The rows as Python values, one mapping each."""
        found: list[dict[str, Any]] = self.arrow().to_pylist()
        return found

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Arrow's C stream (the PyCapsule interface): batches, read as they are taken."""
        reader: Any = self._scanner(None, ROWS_AT_ONCE).to_reader()
        stream: object = reader.__arrow_c_stream__(requested_schema)
        return stream

    def __repr__(self) -> str:
        part = f" with {self._where[0]} {self._where[1]}" if self._where else ""
        return f"<stillwatch.Frame {self.name}{part}: {len(self):,} rows, {len(self.columns)} columns>"

    def _repr_html_(self) -> str:
        """The first rows as a table, for Jupyter; every value is escaped."""
        total, names = len(self), self.columns
        head = self._dataset().head(SHOWN, filter=self._condition(), batch_size=SHOWN).to_pylist()
        cells = "".join(f"<th>{html.escape(name)}</th>" for name in names)
        body = "".join(
            "<tr>" + "".join(f"<td>{_cell(row[name])}</td>" for name in names) + "</tr>" for row in head
        )
        said = html.escape(self.description)
        return (
            f"<div><table><caption><b>{html.escape(self.name)}</b> {said}</caption><thead><tr>{cells}</tr>"
            f"</thead><tbody>{body}</tbody></table><p>{min(total, SHOWN):,} of {total:,} rows, "
            f"{len(names)} columns</p></div>"
        )

    def _scanner(self, columns: Sequence[str] | None, rows: int) -> Any:
        dataset = self._dataset()
        unknown = [name for name in columns or () if name not in dataset.schema.names]
        if unknown:
            raise RunError(
                f"table {self.name} has no column {plain(str(unknown[0]))[:80]}",
                where=str(self._files[0]),
                do=f"its columns: {', '.join(dataset.schema.names)}",
            )
        chosen = list(columns) if columns is not None else None
        return dataset.scanner(chosen, filter=self._condition(), batch_size=rows)

    def _dataset(self) -> Any:
        """The files. Raises RunError where one is missing or is no Parquet."""
        import pyarrow.dataset

        missing = next((file for file in self._files if not file.is_file()), None)
        if missing is not None or not self._files:
            raise RunError(
                f"the run has no table {self.name}",
                where=str(missing or self._holder.folder),
                do="see Run.tables for those that it has",
            )
        try:
            return pyarrow.dataset.dataset([str(file) for file in self._files], format="parquet")
        except (pa.ArrowException, OSError) as error:
            raise RunError(
                f"table {self.name} cannot be read as Parquet",
                where=str(self._files[0]),
                do="run `stillwatch detect … --out` again",
            ) from error

    def _condition(self) -> Any:
        if self._where is None:
            return None
        import pyarrow.dataset

        field: Any = pyarrow.dataset.field(self._where[0])
        return field == self._where[1]


def _need(package: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise MissingExtra(
            f"{package} is not installed", do=f"pip install 'stillwatch[{package}]', or use .arrow()"
        ) from error


def _cell(value: Any) -> str:
    if isinstance(value, float):
        text = f"{value:.4g}"
    elif isinstance(value, datetime):
        text = f"{value:%Y-%m-%d %H:%M}"
    else:
        text = "" if value is None else plain(str(value))
    return html.escape(text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…")
