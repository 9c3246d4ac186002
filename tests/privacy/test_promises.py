"""Every column that is written to disk has a promise, and keeps it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from village import Ran
from village_planted import Planted

import reference
from stillwatch.schema.promises import PROMISES, Promise, promise_of
from stillwatch.schema.stored import EXCHANGES
from stillwatch.schema.table import KEY, TIME, Column

ROOT = Path(__file__).resolve().parents[2]
STORED = {table.name: table for table in reference.all_tables() if not table.text and table.name != "rates"}
TEXTS = {Promise.PASSED, Promise.DIGEST, Promise.SHOWN, Promise.WORDED, Promise.SHARED}
COLUMNS = [(table.name, column) for table in STORED.values() for column in table.columns]


def test_no_column_is_without_a_promise_and_no_promise_without_a_column() -> None:
    promised = Counter(
        (name, column)
        for name, table in PROMISES.items()
        for columns in table.values()
        for column in columns.split()
    )
    assert set(promised) == {(name, column.name) for name, column in COLUMNS}
    assert max(promised.values()) == 1
    with pytest.raises(KeyError, match="no promise"):
        promise_of("exchanges", "diary")


def holds_text(kind: pa.DataType) -> bool:
    """Whether a value of this type has room for text, however deep in lists and records."""
    if pa.types.is_list(kind):
        return holds_text(kind.value_type)
    if pa.types.is_struct(kind):
        return any(holds_text(kind.field(place).type) for place in range(kind.num_fields))
    return pa.types.is_string(kind) or pa.types.is_binary(kind)


@pytest.mark.parametrize(
    ("table", "column"), COLUMNS, ids=lambda value: value.name if isinstance(value, Column) else value
)
def test_the_type_fits_the_promise(table: str, column: Column) -> None:
    """A key has room for a key and nothing more; text is only where text is promised."""
    kind = column.type.value_type if pa.types.is_list(column.type) else column.type
    promise = promise_of(table, column.name)
    if pa.types.is_struct(kind):
        assert promise is Promise.WORDED, "records hold codes and values of this project only"
        return
    if promise in (Promise.KEYED, Promise.MARKED):
        assert kind == KEY
    if promise is Promise.COUNTED:
        assert (
            pa.types.is_integer(kind)
            or pa.types.is_floating(kind)
            or pa.types.is_boolean(kind)
            or kind == TIME
        )
    if holds_text(kind):
        assert promise in TEXTS or column.name in (
            "language",
            "script",
        )
    else:
        assert promise not in TEXTS - {Promise.PASSED}


def test_tables_with_words_are_never_among_the_files(village_run: Ran) -> None:
    files = {path.stem for path in village_run.folder.glob("*.parquet")}
    assert files
    assert {table.name for table in reference.all_tables() if table.text} & files == set()
    assert files <= set(PROMISES)


def values_of(folder: Path, table: str, column: str) -> set[Any]:
    paths = (
        sorted(folder.rglob("day=*/*.parquet")) if table == EXCHANGES.name else [folder / f"{table}.parquet"]
    )
    found: set[Any] = set()
    for path in paths:
        if column in pq.read_schema(path).names:
            flat: Any = pq.ParquetFile(path).read([column]).column(0).combine_chunks()
            flat = flat.flatten() if pa.types.is_list(flat.type) else flat
            found |= set(flat.unique().drop_null().to_pylist())
    return found


def test_nothing_that_is_keyed_is_the_same_under_another_key(village_run: Ran, planted: Planted) -> None:
    """One world, two keys: not one value of a keyed column is in both, and the keys look like chance."""
    seen = 0
    for table, column in COLUMNS:
        if promise_of(table, column.name) in (Promise.KEYED, Promise.DIGEST) and (
            village_run.folder / f"{table}.parquet"
        ).exists() | (table == EXCHANGES.name):
            ours, theirs = (
                values_of(folder, table, column.name) for folder in (village_run.folder, planted.ran.folder)
            )
            assert ours & theirs == set(), (table, column.name)
            if len(ours) > 1_000:
                seen += 1
                ones = sum((value & (2**64 - 1)).bit_count() for value in ours) / len(ours)
                assert abs(ones - 32) < 4 * (64 / 4 / len(ours)) ** 0.5, (table, column.name, ones)
    assert seen >= 5


def test_the_page_names_every_promise_and_the_reference_every_columns() -> None:
    page = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    assert [promise.value for promise in Promise if f"**{promise.value}**" not in page] == []
    tables = reference.pages()["tables.md"]
    assert [name for name, column in COLUMNS if f"| `{column.name}` | `{column.type}` |" not in tables] == []
    assert [promise.value for promise in Promise if f"| {promise.value} |" not in tables] == []
