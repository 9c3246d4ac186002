"""Times of the accounts file, judged by the whole column: order of day and month, bans without a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute

from stillwatch.errors import InputError
from stillwatch.ingest.mapping import Mapping
from stillwatch.ingest.quarantine import Quarantine
from stillwatch.ingest.table_use import TableUse
from stillwatch.ingest.times import DMY, TimeRules, order_of
from stillwatch.ingest.vectors import times
from stillwatch.schema.table import TIME

pc: Any = pyarrow.compute
YES = frozenset(("1", "true", "t", "yes", "y", "on", "banned", "blocked", "suspended", "disabled"))
NO = frozenset(("0", "false", "f", "no", "n", "off", "active", "ok"))
LATEST = 7_258_118_400_000_000
"""The year 2200, in microseconds since 1970."""
UNREAD = "no time that can be read: left out"
WITHOUT_TIME = "banned, but it does not say when: kept as banned at an unknown time"


class AccountTimes:
    """Reads the columns of one file."""

    def __init__(self, path: Path, rules: TimeRules, quarantine: Quarantine, mapping: Mapping | None) -> None:
        self._path = path
        self._rules = rules
        self._quarantine = quarantine
        self._unit = mapping.time_unit if mapping is not None else ""

    def column(self, name: str, parts: list[Any]) -> Any:
        """Return a column of times. Raises InputError where day and month of it can be exchanged."""
        rules = self._ordered(name, parts)
        read = [_believable(times(part, self._unit, rules)) for part in parts]
        given = sum(len(part) - part.null_count for part in parts)
        lost = given - sum(len(part) - part.null_count for part in read)
        if lost:
            self._quarantine.mend(name, UNREAD, lost)
            self._quarantine.use(self._path.name, TableUse(unread={name: (lost, given)}))
        whole: Any = pa.chunked_array(read, pa.int64())
        return whole.cast(TIME)

    def bans(self, parts: list[Any], flags: Any) -> tuple[Any, Any]:
        """Return when accounts were banned, and whether they were at a time that is not known."""
        words = [_words(part) for part in parts]
        said = pc.fill_null(pa.chunked_array([w for w, _ in words], pa.bool_()), False)
        banned = self.column("banned", [rest for _, rest in words])
        unknown = pc.and_(pc.or_(said, pc.fill_null(flags, False)), banned.is_null())
        self._quarantine.mend("banned_unknown", WITHOUT_TIME, pc.sum(unknown).as_py() or 0)
        told = pa.chunked_array([w for w, _ in words], pa.bool_())
        known = pc.or_(pc.or_(told.is_valid(), flags.is_valid()), banned.is_valid())
        return banned, pc.if_else(known, unknown, pa.scalar(None, pa.bool_()))

    def told(self) -> None:
        """Count the local times that a change of clocks made doubtful."""
        for what, count in self._rules.odd.items():
            self._quarantine.mend("created", what, count)

    def _ordered(self, name: str, parts: list[Any]) -> TimeRules:
        texts = [
            value for part in parts if pa.types.is_string(part.type) for value in part.to_pylist() if value
        ]
        order = "" if self._rules.form else order_of(texts)
        if order is None:
            raise InputError(
                f"day and month of the dates in column {name} can be exchanged",
                where=str(self._path),
                do="set ingest.time_format in the settings file, or [time] format in an --accounts-mapping "
                f'file, as "{DMY}"',
            )
        if order:
            first = "the day" if order == DMY else "the month"
            note = f"{name}: {first} is written first, as the numbers above 12 show"
            self._quarantine.use(self._path.name, TableUse(notes=(note,)))
        return replace(self._rules, order=order)


def _words(column: Any) -> tuple[Any, Any]:
    """Return the yes and no of a column, and the column without them."""
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return pa.nulls(len(column), pa.bool_()), column
    values = column.to_pylist()
    words = ["" if v is None else str(v).strip().lower().removesuffix(".0") for v in values]
    told = pa.array([True if w in YES else False if w in NO else None for w in words], pa.bool_())
    if pa.types.is_boolean(column.type):
        return told, pa.nulls(len(column), pa.string())
    return told, pc.if_else(told.is_valid(), pa.scalar(None, column.type), column)


def _believable(micros: Any) -> Any:
    """Keep times from 1970 to 2200; in many tools the years 1 and 9999 mean that there is no time."""
    return pc.if_else(
        pc.or_(pc.less(micros, 0), pc.greater(micros, LATEST)), pa.scalar(None, pa.int64()), micros
    )
