"""Cases and events within one session: an event is written with what it makes of its case, or not at all."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.case import Case, Label, Note, after, differences, labels_of
from stillwatch.cases.event import FIRST, Action, Event, canonical, hash_of
from stillwatch.cases.models import (
    CaseRow,
    EventRow,
    EvidenceRow,
    IdentityRow,
    LabelRow,
    LinkRow,
    NoteRow,
    TagRow,
)
from stillwatch.cases.remedy import REMEDY, Record
from stillwatch.cases.remedy_rows import Remedies
from stillwatch.errors import CaseError

SCALARS = tuple(name for name in CaseRow.__table__.columns.keys() if name not in ("found", "judged"))  # noqa: SIM118
AT_ONCE = 500
"""Rows that are read or named in one statement."""


class Store:
    """What is in a store of cases, through one session. Use it within that session only."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.remedies = Remedies(session)
        """What is done about cases."""
        self._head: tuple[int, str] | None = None

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last event; of an empty store 0 and FIRST."""
        if self._head is None:
            row = self.session.execute(
                sa.select(EventRow.seq, EventRow.hash).order_by(EventRow.seq.desc()).limit(1)
            ).first()
            self._head = (row[0], row[1]) if row else (0, FIRST)
        return self._head

    def case(self, number: int) -> Case:
        """Return a case. Raises CaseError where there is none of that number."""
        found = self.cases([number])
        if not found:
            raise CaseError(
                f"there is no case {number}",
                where="CASE",
                do="see `stillwatch case list` for those there are",
            )
        return found[0]

    def cases(self, numbers: Iterable[int] | None = None) -> list[Case]:
        """Return cases by number, in that order; None: all of them."""
        if numbers is None:
            return self._cases(None)
        wanted = sorted(set(numbers))
        parts = [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]
        return [case for part in parts for case in self._cases(part)]

    def _cases(self, numbers: list[int] | None) -> list[Case]:
        beside = {name: self._beside(name, numbers) for name in ("identities", "tags", "links", "notes")}
        query = sa.select(CaseRow).order_by(CaseRow.id)
        rows = self.session.scalars(query if numbers is None else query.where(CaseRow.id.in_(numbers)))
        return [
            Case(
                **{name: getattr(row, name) for name in SCALARS},
                found=read_json(row.found),
                judged=read_json(row.judged),
                identities=tuple(beside["identities"].get(row.id, ())),
                tags=tuple(beside["tags"].get(row.id, ())),
                links=tuple(beside["links"].get(row.id, ())),
                notes=tuple(beside["notes"].get(row.id, ())),
            )
            for row in rows
        ]

    def _beside(self, name: str, numbers: list[int] | None) -> dict[int, list[Any]]:
        """What stands in a table of its own, by case, in its order."""
        queries: dict[str, Any] = {
            "identities": sa.select(IdentityRow.case_id, IdentityRow.identity).order_by(IdentityRow.place),
            "tags": sa.select(TagRow.case_id, TagRow.tag),
            "links": sa.select(LinkRow.case_id, LinkRow.link, LinkRow.other_id),
            "notes": sa.select(
                NoteRow.case_id, NoteRow.seq, NoteRow.time, NoteRow.actor, NoteRow.text
            ).order_by(NoteRow.seq),
        }
        query = queries[name]
        if numbers is not None:
            query = query.where(query.selected_columns[0].in_(numbers))
        found: dict[int, list[Any]] = defaultdict(list)
        for case, *rest in self.session.execute(query):
            one = Note(*rest) if name == "notes" else rest[0] if len(rest) == 1 else tuple(rest)
            found[case].append(one)
        # The databases sort texts each in its own way.
        return {case: sorted(rows) if name in ("tags", "links") else rows for case, rows in found.items()}

    def by_identity(self) -> dict[str, int]:
        """Return the case of every identity that one follows."""
        return {
            row[0]: row[1]
            for row in self.session.execute(sa.select(IdentityRow.identity, IdentityRow.case_id))
        }

    def next_number(self) -> int:
        """Return the number of the next case."""
        return (self.session.scalar(sa.select(sa.func.max(CaseRow.id))) or 0) + 1

    def events(self, case: int | None = None, after: int = 0) -> Iterator[Event]:
        """Return events in order: of one case, or of all; those with a greater number than `after`."""
        query = sa.select(EventRow).where(EventRow.seq > after).order_by(EventRow.seq)
        if case is not None:
            query = query.where(EventRow.case_id == case)
        for row in self.session.scalars(query.execution_options(yield_per=AT_ONCE)):
            yield event_of(row)

    def record(
        self,
        case: Case | None,
        action: Action,
        actor: str,
        reason: str,
        wanted: Mapping[str, Any],
        *,
        added: Mapping[str, Any] | None = None,
        number: int = 0,
        evidence: bytes | None = None,
        remedy: Sequence[Record] = (),
    ) -> Case:
        """Write one event and what it makes of its case; return the case.

        wanted: fields as they are to be; case: None for a new one, of that number; evidence: the content that
        added["evidence"] tells of; remedy: what is done about the case, as it is to be.
        """
        was = case or Case(number)
        previous, new = differences(was, wanted)
        new |= added or {}
        if remedy:
            new[REMEDY] = self.remedies.changes(remedy)
        last, before = self.head()
        moment = round(time.time(), 6)
        fields = (last + 1, moment, was.id, str(action), actor, reason)
        digest = hash_of(*fields, previous, new, before)
        event = Event(last + 1, moment, was.id, action, actor, reason, previous, new, before, digest)
        now = after(case, event)
        self._write_case(now, new=case is None)
        self.session.add(
            EventRow(
                **dict(zip(("seq", "time", "case_id", "action", "actor", "reason"), fields, strict=True)),
                previous=canonical(previous),
                new=canonical(new),
                before=before,
                hash=digest,
            )
        )
        self.session.flush()
        self._write_beside(case, now)
        self._write_labels(labels_of(event))
        self.remedies.apply(new, now.id)
        if evidence is not None:
            sha256 = new["evidence"]["sha256"]
            self.session.add(EvidenceRow(case_id=now.id, sha256=sha256, seq=event.seq, content=evidence))
        self.session.flush()
        self.session.expunge_all()
        self._head = (event.seq, digest)
        return now

    def rewrite(self, case: Case, there: Case | None) -> None:
        """Write a case as its events make it, whatever its rows said. there: what they said."""
        self._write_case(case, new=there is None)
        self.session.flush()
        for table in (IdentityRow, TagRow, LinkRow, NoteRow):
            self.session.execute(sa.delete(table).where(table.case_id == case.id))
        self._write_beside(None, case)
        self.session.flush()

    def rewrite_labels(self, labels: Iterable[Label]) -> None:
        """Write all labels anew."""
        self.session.execute(sa.delete(LabelRow))
        self._write_labels(labels)
        self.session.flush()

    def labels(self) -> list[Label]:
        """Return every label, in the order of the events."""
        rows = self.session.scalars(sa.select(LabelRow).order_by(LabelRow.seq, LabelRow.place))
        return [
            Label(
                row.seq,
                row.place,
                row.case_id,
                row.scope,
                row.subject,
                row.label,
                row.outcome,
                row.expires,
                read_json(row.data),
            )
            for row in rows
        ]

    def _write_case(self, case: Case, *, new: bool) -> None:
        values = {name: getattr(case, name) for name in SCALARS} | {
            "found": canonical(case.found),
            "judged": canonical(case.judged),
        }
        if new:
            self.session.execute(sa.insert(CaseRow).values(values))
        else:
            self.session.execute(sa.update(CaseRow).where(CaseRow.id == case.id).values(values))

    def _write_beside(self, was: Case | None, now: Case) -> None:
        number = now.id
        if was is None or was.identities != now.identities:
            self.session.execute(sa.delete(IdentityRow).where(IdentityRow.case_id == number))
            self.session.add_all(
                IdentityRow(identity=name, case_id=number, place=place)
                for place, name in enumerate(now.identities)
            )
        if was is None or was.tags != now.tags:
            self.session.execute(sa.delete(TagRow).where(TagRow.case_id == number))
            self.session.add_all(TagRow(case_id=number, tag=tag) for tag in now.tags)
        if was is None or was.links != now.links:
            self.session.execute(sa.delete(LinkRow).where(LinkRow.case_id == number))
            self.session.add_all(
                LinkRow(case_id=number, link=link, other_id=other) for link, other in now.links
            )
        known = set(was.notes) if was else set()
        self.session.add_all(
            NoteRow(seq=note.seq, case_id=number, time=note.time, actor=note.actor, text=note.text)
            for note in now.notes
            if note not in known
        )

    def _write_labels(self, labels: Iterable[Label]) -> None:
        self.session.add_all(
            LabelRow(
                seq=one.seq,
                place=one.place,
                case_id=one.case,
                scope=one.scope,
                subject=one.subject,
                label=one.label,
                outcome=one.outcome,
                expires=one.expires,
                data=canonical(one.data),
            )
            for one in labels
        )


def event_of(row: EventRow) -> Event:
    """Return a row of table events as an event. Raises ValueError where it is none."""
    try:
        previous, new = json.loads(row.previous), json.loads(row.new)
    except (TypeError, RecursionError) as error:
        raise ValueError("its fields cannot be read") from error
    texts = (row.actor, row.reason, row.before, row.hash)
    # SQLite keeps whatever sort of value somebody writes into a column.
    if not all(isinstance(one, str) for one in texts) or not isinstance(row.time, float):
        raise ValueError("a column holds another sort of value")
    if not isinstance(previous, dict) or not isinstance(new, dict):
        raise ValueError("its fields are no object")
    return Event(
        row.seq, row.time, row.case_id, Action(row.action), row.actor, row.reason, previous, new, *texts[2:]
    )


def read_json(text: str) -> Any:
    """Canonical JSON as a value; a text that is none stands for itself, so that the audit can name it."""
    try:
        return json.loads(text)
    except ValueError:
        return {"no JSON": text}
