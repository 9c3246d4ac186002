"""Runs of playbooks as their events make them: the one definition that is written and audited."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.case import Case
from stillwatch.cases.event import Action, Event
from stillwatch.cases.playbook_models import PlaybookFileRow, PlaybookRunRow, PlaybookStepRow
from stillwatch.cases.store import Store

ACTIONS = (Action.PLAYBOOK_BEGUN, Action.PLAYBOOK_MARKED, Action.PLAYBOOK_ENDED)
"""Events that are about a run of a playbook; what they say stands under `playbook` of their new values."""
NOTHING: Mapping[str, Mark] = MappingProxyType({})


class Stands(StrEnum):
    """Where a step of a run stands; a step without a mark is open."""

    OPEN = "open"
    """Taken back: nobody has done it."""
    DONE = "done"
    """A person says that it is done."""
    SKIPPED = "skipped"
    """A person says that it is left out, and why."""
    FAILED = "failed"
    """A person says that it could not be done, and why; the way for that case is taken."""
    CHOSEN = "chosen"
    """Of conditions: the branch is decided."""
    MET = "met"
    """Its check is met."""
    MISSING = "missing"
    """Its check is not met."""
    NOT_APPLICABLE = "not applicable"
    """What its check asks about does not arise."""
    CANNOT_TELL = "cannot tell"
    """Its check cannot tell; a person must."""


class RunState(StrEnum):
    """Where a run of a playbook stands."""

    OPEN = "open"
    DONE = "done"
    """Every step on its way is settled."""
    ENDED = "ended"
    """A person ended it before that."""


@dataclass(frozen=True)
class Mark:
    """Where one step stands."""

    stands: str
    """One of Stands."""
    since: float
    """Since when, POSIX seconds."""
    actor: str
    """Who said so; `stillwatch` for a check."""
    reason: str = ""
    """Why, or what the check found."""
    choice: str = ""
    """Of conditions: the branch."""


@dataclass(frozen=True)
class PlaybookRun:
    """One run of a playbook for a case."""

    case: int
    """Number of the case."""
    number: int
    """Its number within the case, from 1."""
    playbook: str
    """Id of the playbook."""
    title: str
    """What the playbook is called in commands."""
    sha256: str
    """Hash of the playbook as it was when the run began."""
    begun: float
    """When, POSIX seconds."""
    begun_by: str
    """Who began it."""
    state: str = RunState.OPEN
    """One of RunState."""
    updated: float = 0.0
    """When it last changed, POSIX seconds."""
    marks: Mapping[str, Mark] = field(default_factory=dict)
    """Where steps stand, by their ids."""


def after_playbook(run: PlaybookRun | None, event: Event) -> PlaybookRun:
    """Return a run after an event. Raises ValueError, KeyError or TypeError for one that does not fit."""
    told: Mapping[str, Any] = event.new["playbook"]
    if event.action is Action.PLAYBOOK_BEGUN:
        if run is not None:
            raise ValueError("the run has begun already")
        return PlaybookRun(
            event.case,
            int(told["number"]),
            str(told["id"]),
            str(told["title"]),
            str(told["sha256"]),
            event.time,
            event.actor,
            updated=event.time,
        )
    if run is None:
        raise ValueError("no such run has begun")
    if run.state != RunState.OPEN:
        raise ValueError("the run is over")
    marks = dict(run.marks)
    for one in told.get("marks", ()):
        stands = Stands(one["stands"])
        if stands is Stands.OPEN:
            marks.pop(one["step"], None)
            continue
        reason, choice = str(one.get("reason", "")), str(one.get("choice", ""))
        marks[one["step"]] = Mark(str(stands), event.time, event.actor, reason, choice)
    state = RunState(told.get("state", RunState.OPEN))
    return replace(run, marks=marks, state=str(state), updated=event.time)


def number_of(event: Event) -> tuple[int, int]:
    """Return case and number of the run that an event is about."""
    return event.case, int(event.new["playbook"]["number"])


def kept_runs(session: Session, case: int | None = None, number: int | None = None) -> list[PlaybookRun]:
    """Return the runs of a case or of all, in the order of case and number."""
    runs = sa.select(PlaybookRunRow).order_by(PlaybookRunRow.case_id, PlaybookRunRow.number)
    steps = sa.select(PlaybookStepRow)
    for name, value in (("case_id", case), ("number", number)):
        if value is not None:
            runs = runs.where(getattr(PlaybookRunRow, name) == value)
            steps = steps.where(getattr(PlaybookStepRow, name) == value)
    marks: dict[tuple[int, int], dict[str, Mark]] = {}
    for row in session.scalars(steps):
        mark = Mark(row.stands, row.since, row.actor, row.reason, row.choice)
        marks.setdefault((row.case_id, row.number), {})[row.step] = mark
    return [
        PlaybookRun(
            row.case_id,
            row.number,
            row.playbook,
            row.title,
            row.sha256,
            row.begun,
            row.begun_by,
            row.state,
            row.updated,
            marks.get((row.case_id, row.number), {}),
        )
        for row in session.scalars(runs)
    ]


def record_playbook(
    store: Store,
    case: Case,
    run: PlaybookRun | None,
    action: Action,
    actor: str,
    reason: str,
    told: Mapping[str, Any],
) -> tuple[Case, PlaybookRun]:
    """Write one event about a run with what it makes of the run. told: what stands under `playbook`: number;
    of a run that begins id, title and sha256, and document where the store does not have that version yet.
    """
    case = store.record(case, action, actor, reason, {}, added={"playbook": dict(told)})
    event = list(store.events(case.id, store.head()[0] - 1))[-1]
    now = after_playbook(run, event)
    session = store.session
    if "document" in told:
        session.add(PlaybookFileRow(sha256=now.sha256, seq=event.seq, content=told["document"]))
    write_run(session, now, run)
    session.flush()
    session.expunge_all()
    return case, now


def write_run(session: Session, now: PlaybookRun, was: PlaybookRun | None) -> None:
    """Write a run and those of its marks that changed."""
    values = {
        "playbook": now.playbook,
        "title": now.title,
        "sha256": now.sha256,
        "state": now.state,
        "begun": now.begun,
        "begun_by": now.begun_by,
        "updated": now.updated,
    }
    key = {"case_id": now.case, "number": now.number}
    if was is None:
        session.execute(sa.insert(PlaybookRunRow).values(**key, **values))
    else:
        session.execute(sa.update(PlaybookRunRow).filter_by(**key).values(values))
    before = was.marks if was is not None else NOTHING
    for step in before.keys() | now.marks.keys():
        if before.get(step) == now.marks.get(step):
            continue
        session.execute(sa.delete(PlaybookStepRow).filter_by(**key, step=step))
        if step in now.marks:
            mark = now.marks[step]
            session.add(
                PlaybookStepRow(
                    **key,
                    step=step,
                    stands=mark.stands,
                    since=mark.since,
                    actor=mark.actor,
                    reason=mark.reason,
                    choice=mark.choice,
                )
            )


def kept_playbook(session: Session, sha256: str) -> str | None:
    """Return the content of a version of a playbook; None where the store does not have it."""
    return session.scalar(sa.select(PlaybookFileRow.content).where(PlaybookFileRow.sha256 == sha256))


class PlaybookRuns:
    """What the events say of runs of playbooks, gathered by the audit, and held against the tables."""

    def __init__(self) -> None:
        self._runs: dict[tuple[int, int], PlaybookRun] = {}
        self._files: dict[str, tuple[int, str]] = {}

    def gather(self, event: Event) -> None:
        """Take up one event. Raises ValueError, KeyError or TypeError for one that does not fit."""
        if event.action not in ACTIONS:
            return
        key = number_of(event)
        run = self._runs[key] = after_playbook(self._runs.get(key), event)
        if event.action is not Action.PLAYBOOK_BEGUN:
            return
        if "document" in event.new["playbook"]:
            content = str(event.new["playbook"]["document"])
            if hashlib.sha256(content.encode("ascii")).hexdigest() != run.sha256:
                raise ValueError("its playbook is not what its hash says")
            self._files.setdefault(run.sha256, (event.seq, content))
        elif run.sha256 not in self._files:
            raise ValueError("no event before it holds its playbook")

    def faults(self, session: Session) -> Iterator[tuple[str, str]]:
        """Rows that are not as the events make them: where, and what is wrong."""
        kept = {(run.case, run.number): run for run in kept_runs(session)}
        for key in sorted({*kept, *self._runs}):
            where = f"run {key[1]} of a playbook for case {key[0]}"
            is_now, should = kept.get(key), self._runs.get(key)
            if is_now is None or should is None:
                yield where, f"{'deleted' if is_now is None else 'inserted'} without an event"
            elif replace(is_now, marks=NOTHING) != replace(should, marks=NOTHING):
                yield where, "edited without an event"
            else:
                for step in sorted(is_now.marks.keys() | should.marks.keys()):
                    if is_now.marks.get(step) != should.marks.get(step):
                        yield f"step {step} of {where}", "edited without an event"
        steps = sa.select(PlaybookStepRow.case_id, PlaybookStepRow.number).distinct()
        for case, number in sorted((row[0], row[1]) for row in session.execute(steps)):
            if (case, number) not in kept:
                yield f"steps of run {number} for case {case}", "inserted without an event"
        yield from self._file_faults(session)

    def _file_faults(self, session: Session) -> Iterator[tuple[str, str]]:
        rows = session.execute(
            sa.select(PlaybookFileRow.sha256, PlaybookFileRow.seq, PlaybookFileRow.content)
        )
        there = {row[0]: (row[1], row[2]) for row in rows}
        for sha256 in sorted(there.keys() | self._files.keys()):
            if there.get(sha256) != self._files.get(sha256):
                how = "deleted" if sha256 not in there else "edited" if sha256 in self._files else "inserted"
                yield f"playbook {sha256[:12]}", f"{how} without an event"

    def clear(self, session: Session) -> None:
        """Delete all rows."""
        for table in (PlaybookStepRow, PlaybookRunRow, PlaybookFileRow):
            session.execute(sa.delete(table))

    def write(self, session: Session) -> None:
        """Write all rows anew."""
        for sha256, (seq, content) in self._files.items():
            session.add(PlaybookFileRow(sha256=sha256, seq=seq, content=content))
        for run in self._runs.values():
            write_run(session, run, None)
        session.flush()
