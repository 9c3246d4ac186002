"""Whole columns of a log as strings, counts and times."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from stillwatch.absent import ABSENT, LONGEST_ABSENT, MASKS
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.times import PLAIN, TimeRules
from stillwatch.ingest.values import (
    LARGEST,
    LONGEST_ID,
    MICRO,
    UNUSABLE,
    micro_dollars,
    moment,
    scrub_text,
    text,
    whole,
)

pc: Any = pyarrow.compute
_ABSENT = pa.array(sorted(ABSENT), pa.string())


def column_of(batch: pa.RecordBatch, name: str) -> Any:
    """Return a column by name, dictionaries decoded; nulls if the batch has none."""
    at = batch.schema.get_field_index(name)
    if at < 0:
        return pa.nulls(len(batch), pa.string())
    column: Any = batch.column(at)
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return pa.array(
            [None if v is None else v.decode("utf-8", "replace") for v in column.to_pylist()], pa.string()
        )
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def strings(column: Any, *, from_end: bool = False) -> Any:
    """Return any column as strings of at most LONGEST_ID characters; empty ones and placeholders are null.

    With `from_end`, the last characters are kept.
    """
    kind = column.type
    if pa.types.is_null(kind):
        return column.cast(pa.string())
    if not (pa.types.is_string(kind) or pa.types.is_integer(kind)):
        column = (
            pa.array(
                [text(scrub_text(v)) if isinstance(v, str) else text(v) for v in _python(column)], pa.string()
            )
            if not _texty(kind)
            else column
        )
    column = _present(whole_strings(column))
    longest = pc.max(pc.binary_length(column)).as_py() or 0
    if longest <= LONGEST_ID:
        return column
    return (
        pc.utf8_slice_codeunits(column, -LONGEST_ID)
        if from_end
        else pc.utf8_slice_codeunits(column, 0, LONGEST_ID)
    )


def _present(column: Any) -> Any:
    """Return a text column in which what stands for nothing is null, as `absent` has it."""
    short = pc.less_equal(pc.utf8_length(column), LONGEST_ABSENT)
    bare = pc.utf8_trim_whitespace(column)
    known = pc.is_in(pc.utf8_lower(bare), value_set=_ABSENT)
    holds_nothing = pc.or_(
        pc.and_(short, pc.or_(known, pc.equal(pc.utf8_trim(bare, MASKS), ""))), pc.equal(bare, "")
    )
    return (
        pc.if_else(holds_nothing, pa.scalar(None, pa.string()), column)
        if holds_nothing.true_count
        else column
    )


def whole_strings(column: Any) -> Any:
    """Return a text column of any length; empty ones are null."""
    column = column.cast(pa.string())
    empty = pc.equal(column, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), column) if empty.true_count else column


def _texty(kind: pa.DataType) -> bool:
    return bool(pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _python(column: Any) -> list[Any]:
    """Return values as Python objects; UUIDs and the like as their text."""
    return [
        str(v) if v is not None and not isinstance(v, str | int | float | bool | dict | list) else v
        for v in values_of(column)
    ]


def values_of(column: Any) -> list[Any]:
    """Return values as Python has them; None for a date or a time that Python cannot hold."""
    try:
        found: list[Any] = column.to_pylist()
    except (ValueError, OverflowError):
        found = [_value(item) for item in column]
    return found


def _value(item: Any) -> Any:
    try:
        return item.as_py()
    except (ValueError, OverflowError):
        return None


def counts(column: Any) -> Any:
    """Return a column as int64; an unusable number becomes -1, to be counted later."""
    kind = column.type
    if column.null_count == len(column):
        return pa.nulls(len(column), pa.int64())
    if pa.types.is_signed_integer(kind):
        return column.cast(pa.int64())
    if pa.types.is_decimal(kind):
        return counts(column.cast(pa.float64()))
    if pa.types.is_floating(kind):
        # Data frames turn counts with gaps into floats with NaN: NaN then means that there is no count.
        known = pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column)
        return pc.if_else(pc.less_equal(pc.abs(known), float(2**53)), known, -1.0).cast(
            pa.int64(), safe=False
        )
    return pa.array([whole(v) for v in values_of(column)], pa.int64())


def dollars(column: Any) -> Any:
    """Return a column of US dollars as int64 micro-dollars, as `micro_dollars` reads each value."""
    if column.null_count == len(column):
        return pa.nulls(len(column), pa.int64())
    if not pa.types.is_floating(column.type):
        return pa.array([micro_dollars(v) for v in values_of(column)], pa.int64())
    given = column.cast(pa.float64())
    known = pc.if_else(pc.is_nan(given), pa.scalar(None, pa.float64()), given)
    usable = pc.and_(pc.greater_equal(known, 0), pc.less(known, LARGEST / MICRO))
    amounts = pc.round(pc.multiply(pc.if_else(usable, known, 0.0), float(MICRO)), round_mode="half_to_even")
    return pc.if_else(usable, amounts.cast(pa.int64()), UNUSABLE)


def times(column: Any, unit: str = "", rules: TimeRules = PLAIN) -> Any:
    """Return a column as int64 microseconds since 1970, UTC; null if a value cannot be read as a time."""
    kind = column.type
    if pa.types.is_timestamp(kind) and not (rules.zone and kind.tz is None):
        return pc.cast(column, pa.timestamp("us", kind.tz), safe=False).cast(pa.int64())
    if pa.types.is_timestamp(kind):
        column = pc.cast(column, pa.timestamp("us"), safe=False)
    if pa.types.is_date(kind) and not rules.zone:
        return pc.cast(column, pa.timestamp("us"), safe=False).cast(pa.int64())
    if pa.types.is_date(kind):
        column = pc.cast(column, pa.timestamp("us"), safe=False)
    if (pa.types.is_string(kind) or pa.types.is_large_string(kind)) and unit in ("", "iso"):
        fast = None if rules.form else _iso_column(column, zoned=bool(rules.zone))
        if fast is not None:
            return fast
    return pa.array([_moment(value, unit, rules) for value in values_of(column)], pa.int64())


def _iso_column(column: Any, *, zoned: bool) -> Any:
    kinds = (pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.timestamp("ns"))
    for kind in kinds[1:2] if zoned else kinds:
        try:
            return column.cast(kind).cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.int64())
        except pa.ArrowInvalid:
            continue
    return None


def _moment(value: Any, unit: str, rules: TimeRules) -> int | None:
    try:
        return (
            None
            if value is None
            else min(moment(value, unit="" if unit in ("auto", "iso") else unit, rules=rules), LARGEST)
        )
    except BadRow:
        return None


def gaps_ms(start: Any, end: Any) -> Any:
    """Return milliseconds between two columns of microseconds; null if the end is before the start."""
    gap = pc.divide(pc.subtract(end, start), 1000)
    return pc.if_else(pc.less(gap, 0), pa.scalar(None, pa.int64()), gap)


def row_numbers(first: int, n: int) -> Any:
    """Return the numbers of the rows of a batch."""
    return np.arange(first, first + n, dtype=np.int64)
