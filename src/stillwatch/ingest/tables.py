"""Side tables (accounts, edge log) as batches of named columns, from any kind of file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from stillwatch.absent import ABSENT
from stillwatch.errors import SettingError
from stillwatch.ingest.column_names import FoundColumns, header_of, is_headers, paths_of
from stillwatch.ingest.context import IngestContext
from stillwatch.ingest.edges.text_lines import text_rows
from stillwatch.ingest.files.binaries import refuse_binary, refuse_empty
from stillwatch.ingest.files.found import Found, Opener
from stillwatch.ingest.files.given import given
from stillwatch.ingest.files.parquet import batches, open_parquet
from stillwatch.ingest.files.place import Place
from stillwatch.ingest.files.regular import must_be_a_file
from stillwatch.ingest.files.rows import kind_of, rows_of
from stillwatch.ingest.files.scratch import Scratch
from stillwatch.ingest.files.streams import head_of, magic_of
from stillwatch.ingest.mapping import Mapping as ColumnMapping
from stillwatch.ingest.quarantine import BadRow, Quarantine
from stillwatch.ingest.request import Numbered, SteppedOver
from stillwatch.ingest.table_use import TableUse
from stillwatch.ingest.values import Row, absent, dig, scrub_text
from stillwatch.ingest.vectors import row_numbers, values_of

pc: Any = pyarrow.compute
Aliases = Mapping[str, tuple[str, ...]]
"""Our column to the names it may have in the file, the best first; `@name` is a header of that name."""
NONE_SAYS_SOMETHING = ("verification",)
"""Our columns that say by `none` that there is nothing, which is not the same as saying nothing."""
NUMBERS = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SideBatch:
    """Some rows of a side table."""

    rows: NUMBERS
    """Row numbers in the file."""
    columns: dict[str, list[tuple[str, Any]]]
    """Our column to the columns of the file that may hold it, the best first, each with its values."""
    default: Mapping[str, Any]
    """Our column to the value it has where the file has none."""

    def one(self, name: str) -> Any:
        """Return the first value of each row for one of our columns; None if the file has no such column."""
        found = [values for _, values in self.columns.get(name, ())]
        if name in self.default:
            found.append(pa.array([self.default[name]] * len(self.rows)))
        if not found:
            return None
        return found[0] if len(found) == 1 else pc.coalesce(*(as_text(values) for values in found))

    def has(self, name: str) -> bool:
        """Return whether the file or the mapping has one of our columns."""
        return name in self.columns or name in self.default


def side_batches(
    path: Path,
    ingest_context: IngestContext,
    quarantine: Quarantine,
    aliases: Aliases,
    mapping: ColumnMapping | None = None,
) -> Iterator[SideBatch]:
    """Return the rows of a file with its columns by our names; a column that the file lacks is left out.

    The names are compared without case, spaces and marks. Nested objects are searched. What was used goes to
    `quarantine.uses`. Raises InputError if the file cannot be read, and SettingError if the mapping names a
    column that the file lacks.
    """
    finder = FoundColumns(aliases, mapping)
    with Scratch() as scratch:
        before = 0
        for found in _files(path, ingest_context, quarantine, scratch):
            last = 0
            for batch in _of_file(found, path.name, ingest_context, quarantine, finder):
                last = int(batch.rows[-1]) if len(batch.rows) else last
                yield replace(batch, rows=batch.rows + before)
                used = {
                    ours: ", ".join(_shown(name) for name, _ in given)
                    for ours, given in batch.columns.items()
                }
                quarantine.use(path.name, TableUse(len(batch.rows), used, finder.ignored(used)))
            before += last
    if finder.missing:
        raise SettingError(
            f"the mapping names a column that the file lacks: {', '.join(finder.missing)}",
            where=str(path),
            do="mend the name in the mapping file; dots go into nested objects",
        )


def _files(
    path: Path, ingest_context: IngestContext, quarantine: Quarantine, scratch: Scratch
) -> Iterator[Found]:
    """Return the files of a table: one, or those of a folder or an archive, in the order of their names."""
    must_be_a_file(path, "file or folder", folder=True)
    if path.is_file() and path.stat().st_size == 0:
        quarantine.note(path.name, "the file is empty")
        return

    def say(told: str) -> None:
        quarantine.use(path.name, TableUse(notes=(told,)))

    opened = Opener(ingest_context.settings, scratch, say)
    for found in given([path], scratch, say):
        for one in opened(found):
            if one.place.stat().st_size:
                yield one


def _of_file(
    found: Found, name: str, ingest_context: IngestContext, quarantine: Quarantine, finder: FoundColumns
) -> Iterator[SideBatch]:
    place, compression = found.place, found.compression
    if not compression and magic_of(place).startswith(b"PAR1"):
        return _from_parquet(place, name, ingest_context, quarantine, finder)
    refuse_empty(head := head_of(place, compression, 4096), str(place))
    refuse_binary(head, str(place))
    return _from_rows(place, name, compression, ingest_context, quarantine, finder)


def _shown(name: str) -> str:
    return name.replace("\x1e", ".")


def _from_parquet(
    path: Place, table: str, ingest_context: IngestContext, quarantine: Quarantine, finder: FoundColumns
) -> Iterator[SideBatch]:
    file = open_parquet(path)
    here = [name for field in file.schema_arrow for name in _fields(field)]
    for name in here:
        finder.see(name)
    chosen = _there(finder.chosen(), here)
    wanted = sorted({_top(name, file.schema_arrow.names) for names in chosen.values() for name in names})
    if not file.metadata.num_rows:
        empty = {
            ours: [(name, pa.array([], pa.string())) for name in names] for ours, names in chosen.items()
        }
        yield SideBatch(np.zeros(0, np.int64), empty, finder.defaults)
        return
    settings = ingest_context.settings
    for first, batch in batches(path, wanted, settings.batch_rows * 4, settings.batch_bytes):
        if isinstance(batch, BadRow):
            batch.tell(quarantine, table, first)
            continue
        columns = {
            ours: [(name, _bare(ours, _plain(_inside(batch, name)))) for name in names]
            for ours, names in chosen.items()
        }
        yield SideBatch(row_numbers(first, len(batch)), columns, finder.defaults)


def _there(chosen: Mapping[str, list[str]], here: list[str]) -> dict[str, list[str]]:
    """Return those of the chosen columns that a file has: others of the folder may have more."""
    tops = {name.partition("\x1e")[0] for name in here}
    kept = {
        ours: [
            name
            for name in names
            if (bare := name.partition("\x1e")[0]) in tops
            or any(top.startswith(f"{bare}.") or bare.startswith(f"{top}.") for top in tops)
        ]
        for ours, names in chosen.items()
    }
    return {ours: names for ours, names in kept.items() if names}


def _fields(field: Any, depth: int = 0) -> Iterator[str]:
    if pa.types.is_struct(field.type) and depth < 4 and not is_headers(field.name):
        for inner in field.type:
            yield from (f"{field.name}.{name}" for name in _fields(inner, depth + 1))
    else:
        yield field.name


def _top(path: str, names: list[str]) -> str:
    plain = path.partition("\x1e")[0]
    while plain not in names and "." in plain:
        plain = plain.rpartition(".")[0]
    return plain


def _inside(batch: pa.RecordBatch, path: str) -> Any:
    """Return the column at a dotted path, or one header of a column that holds several."""
    plain, _, header = path.partition("\x1e")
    top = _top(plain, batch.schema.names)
    column: Any = batch.column(top)
    rest = plain[len(top) + 1 :]
    while rest:
        head = next((f.name for f in column.type if rest == f.name or rest.startswith(f.name + ".")), rest)
        column = pc.struct_field(column, head)
        rest = rest[len(head) + 1 :]
    if header:
        return _column([header_of(value, header) for value in column.to_pylist()])
    return column


def _plain(column: Any) -> Any:
    if pa.types.is_dictionary(column.type):
        return column.dictionary_decode()
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        texts = [None if v is None else v.decode("utf-8", "replace") for v in column.to_pylist()]
        return pa.array(texts, pa.string())
    return column


def _from_rows(
    path: Place,
    table: str,
    compression: str,
    ingest_context: IngestContext,
    quarantine: Quarantine,
    finder: FoundColumns,
) -> Iterator[SideBatch]:
    settings = ingest_context.settings
    lines = text_rows(path, compression, settings, finder.line)
    rows: Numbered = rows_of(path, compression, settings) if lines is None else lines
    first = next(rows, None)
    if first is None:
        # A header without rows: its names show whether the file is of the right kind.
        for name in kind_of(path, compression)[1]:
            finder.see(name)
        if kind_of(path, compression)[1]:
            chosen = finder.chosen()
            empty = {ours: [(names[0], pa.array([], pa.string()))] for ours, names in chosen.items()}
            yield SideBatch(np.zeros(0, np.int64), empty, finder.defaults)
        return
    rows = chain([first], rows)
    while chunk := list(islice(rows, settings.batch_rows)):
        good = [(number, row) for number, row in chunk if isinstance(row, dict)]
        for number, row in chunk:
            if isinstance(row, BadRow):
                row.tell(quarantine, table, number)
            elif isinstance(row, SteppedOver):
                quarantine.step_over(table, row.kind)
        for _, row in good:
            for name in paths_of(row):
                finder.see(name)
        if not good:
            continue
        numbers = np.array([number for number, _ in good], np.int64)
        columns = {
            ours: [
                (name, _bare(ours, _column([_value(ours, row, name) for _, row in good]))) for name in names
            ]
            for ours, names in finder.chosen().items()
        }
        columns = {
            ours: there
            for ours, given in columns.items()
            if (there := [(name, values) for name, values in given if values.null_count < len(values)])
        }
        yield SideBatch(numbers, columns, finder.defaults)


def _value(ours: str, row: Row, path: str) -> Any:
    plain, _, header = path.partition("\x1e")
    value = dig(row, plain)
    if header:
        value = header_of(value, header)
    if isinstance(value, list):
        texts = [item for item in value if isinstance(item, str)]
        return ", ".join(texts) or None
    if isinstance(value, dict) or value == "":
        return None
    return value if ours in NONE_SAYS_SOMETHING or not absent(value) else None


def _column(values: list[Any]) -> Any:
    """Return numbers if all values are numbers, else text."""
    if all(value is None or (type(value) is int and abs(value) < 2**62) for value in values):
        return pa.array(values, pa.int64())
    if all(value is None or isinstance(value, float) for value in values):
        return pa.array(values, pa.float64())
    return pa.array(
        [
            value if value is None else scrub_text(value if isinstance(value, str) else str(value))
            for value in values
        ],
        pa.string(),
    )


def _bare(ours: str, column: Any) -> Any:
    """Return a column as `bare` does; of a column in which `none` is a value, as it is."""
    return column if ours in NONE_SAYS_SOMETHING else bare(column)


def bare(column: Any) -> Any:
    """Return a column of texts without spaces around them and without placeholders; others as they are."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    trimmed = pc.utf8_trim_whitespace(column.cast(pa.string()))
    gone = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(sorted(ABSENT), pa.string()))
    return pc.if_else(gone, pa.scalar(None, pa.string()), trimmed)


def as_text(column: Any) -> Any:
    """Return a column as texts, so that it can stand in for another."""
    if pa.types.is_string(column.type):
        return column
    if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type) or pa.types.is_null(column.type):
        return column.cast(pa.string())
    return pa.array([None if v is None else str(v) for v in values_of(column)], pa.string())
