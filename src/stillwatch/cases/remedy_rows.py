"""The tables of what is done about cases: written with the event that tells of it, read, and compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.event import canonical
from stillwatch.cases.models import (
    AppealRow,
    Base,
    CrowdRow,
    LetterRow,
    MeasureRow,
    NoticeRow,
    PlanRow,
    StepRow,
)
from stillwatch.cases.remedy import KINDS, REMEDY, Record, change_of, document_of, folded, record_of

R = TypeVar("R", bound=Record)
ROWS: Mapping[str, type[Base]] = {
    "plan": PlanRow,
    "crowd": CrowdRow,
    "step": StepRow,
    "letter": LetterRow,
    "notice": NoticeRow,
    "appeal": AppealRow,
    "measure": MeasureRow,
}
AT_ONCE = 500
Key = tuple[str, str]
"""A record's sort and name."""


class Remedies:
    """What is done about cases, through one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def one(self, kind: type[R], name: str) -> R | None:
        """Return a record; None if there is none of that name."""
        return next(iter(self._read(kind, table_of(kind.what).c.id == name)), None)

    def of_case(self, kind: type[R], case: int) -> list[R]:
        """Return the records of a case, in the order in which they were made."""
        return self._read(kind, table_of(kind.what).c.case_id == case)

    def where(self, kind: type[R], **columns: Any) -> list[R]:
        """Return records by columns of their table, in the order in which they were made."""
        table = table_of(kind.what)
        return self._read(kind, sa.and_(*(table.c[name] == value for name, value in columns.items())))

    def all(self, kind: type[R]) -> list[R]:
        """Return all records of a sort."""
        return self._read(kind, sa.true())

    def _read(self, kind: type[R], wanted: sa.ColumnElement[bool]) -> list[R]:
        table = table_of(kind.what)
        query = sa.select(table.c.data).where(wanted).order_by(table.c.case_id, table.c.number)
        found = [record_of(kind.what, json.loads(data)) for data in self._session.scalars(query)]
        return [one for one in found if isinstance(one, kind)]

    def changes(self, records: Iterable[Record]) -> list[dict[str, Any]]:
        """Return what an event says of records as they are to be."""
        wanted = list(records)
        there: dict[Key, Record] = {}
        for kind in {type(record) for record in wanted}:
            names = [record.id for record in wanted if type(record) is kind]
            for start in range(0, len(names), AT_ONCE):
                part = table_of(kind.what).c.id.in_(names[start : start + AT_ONCE])
                there |= {(one.what, one.id): one for one in self._read(kind, part)}
        return [change_of(there.get((record.what, record.id)), record) for record in wanted]

    def apply(self, new: Mapping[str, Any], case: int) -> None:
        """Write what an event says."""
        fresh: dict[str, list[dict[str, Any]]] = {}
        for change in new.get(REMEDY, ()):
            kind = KINDS[change["what"]]
            was = self.one(kind, change["id"]) if change["from"] else None
            values = columns_of(folded(was, change, case))
            table = table_of(kind.what)
            if was is None:
                fresh.setdefault(kind.what, []).append(values)
            else:
                self._session.execute(sa.update(table).where(table.c.id == was.id).values(values))
        for what in (one for one in KINDS if one in fresh):
            self._session.execute(sa.insert(table_of(what)), fresh[what])

    def stored(self) -> Iterator[tuple[Key, dict[str, Any]]]:
        """Return every row as its table has it, by sort and name."""
        for what in ROWS:
            table = table_of(what)
            query = sa.select(table).execution_options(yield_per=AT_ONCE)
            for row in self._session.execute(query).mappings():
                yield (what, str(row["id"])), dict(row)

    def rewrite(self, records: Iterable[Record]) -> None:
        """Write all tables anew."""
        rows: dict[str, list[dict[str, Any]]] = {}
        for record in records:
            rows.setdefault(record.what, []).append(columns_of(record))
        for what in reversed([*KINDS]):
            self._session.execute(sa.delete(table_of(what)))
        for what in (one for one in KINDS if one in rows):
            self._session.execute(sa.insert(table_of(what)), rows[what])


def table_of(what: str) -> sa.Table:
    """Return the table of a sort of records."""
    return Base.metadata.tables[ROWS[what].__tablename__]


def columns_of(record: Record) -> dict[str, Any]:
    """Return a record as its table keeps it."""
    document = document_of(record)
    names = {one.name for one in table_of(record.what).columns} - {"data", "number"}
    number = int("".join(filter(str.isdecimal, record.id.rpartition(".")[2])) or 0)
    return {name: document[name] for name in names} | {"number": number, "data": canonical(document)}
