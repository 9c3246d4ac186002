"""Check a store of cases: the chain of events, what it makes of the cases, the evidence, the checkpoints."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields

import sqlalchemy as sa

from stillwatch.cases.case import Case, Label, after, labels_of
from stillwatch.cases.checkpoints import Checkpoint, kept_checkpoints
from stillwatch.cases.event import FIRST, Action, Event, canonical, whole
from stillwatch.cases.evidence import Frozen
from stillwatch.cases.models import (
    GROWING,
    AppealTextRow,
    EventRow,
    EvidenceRow,
    IdentityRow,
    LinkRow,
    NoteRow,
    TagRow,
)
from stillwatch.cases.playbook_runs import PlaybookRuns
from stillwatch.cases.remedy import REMEDY, Appeal, Record, folded
from stillwatch.cases.remedy_rows import Key, columns_of
from stillwatch.cases.store import AT_ONCE, Store, event_of

BESIDE = (IdentityRow, TagRow, LinkRow, NoteRow)
"""Tables that hold a part of each case."""


@dataclass(frozen=True)
class Fault:
    """Something that is not as it was written."""

    where: str
    """The row: event 17, case 3, evidence of case 3 …"""
    what: str
    """What is wrong with it."""


@dataclass(frozen=True)
class Audited:
    """A store, checked."""

    events: int
    """Events that are there."""
    cases: int
    """Cases that they make."""
    checkpoints: int
    """Checkpoints that hold."""
    head: str
    """Hash of the last event."""
    faults: tuple[Fault, ...] = ()
    """What is wrong; empty where everything holds."""


@dataclass
class Told:
    """What the events say, gathered in one pass."""

    cases: dict[int, Case] = field(default_factory=dict)
    """Each case as they make it."""
    labels: list[Label] = field(default_factory=list)
    """The labels that they give."""
    erased: set[str] = field(default_factory=set)
    """Appeals whose words were erased."""
    remedies: dict[Key, Record] = field(default_factory=dict)
    """What is done about cases, as they make it."""
    evidence: dict[tuple[int, str], int] = field(default_factory=dict)
    """The evidence that they tell of: case and hash, and the number of the event."""
    playbooks: PlaybookRuns = field(default_factory=PlaybookRuns)
    """The runs of playbooks that they make."""
    hashes: dict[int, str] = field(default_factory=dict)
    """The hash of each event."""
    head: tuple[int, str] = (0, FIRST)
    """The last event."""
    faults: list[Fault] = field(default_factory=list)
    """What is wrong with them."""


def told_by_events(store: Store) -> Told:
    """Read every event, check the chain, and gather what it says."""
    told = Told()
    query = sa.select(EventRow).order_by(EventRow.seq).execution_options(yield_per=AT_ONCE)
    for row in store.session.scalars(query):
        where = f"event {row.seq}"
        last, before = told.head
        if row.seq != last + 1:
            missing = f"event {last + 1}" if row.seq == last + 2 else f"events {last + 1} to {row.seq - 1}"
            told.faults.append(Fault(missing, "missing: deleted, or its number was changed"))
        try:
            event = event_of(row)
            if (canonical(event.previous), canonical(event.new)) != (row.previous, row.new):
                raise ValueError("it was written in another form")
        except ValueError as error:
            told.faults.append(Fault(where, f"edited: it is no event any more ({_short(error)})"))
            told.head = (row.seq, row.hash)
            told.hashes[row.seq] = row.hash
            continue
        if not whole(event):
            told.faults.append(Fault(where, "edited: its fields are not those that its hash was made of"))
        if row.seq == last + 1 and event.before != before:
            told.faults.append(
                Fault(where, f"it does not follow event {last}: inserted, reordered, or that one was edited")
            )
        told.head = (row.seq, row.hash)
        told.hashes[row.seq] = row.hash
        _gather(told, event, where)
    return told


def audited(store: Store, outside: Iterable[Checkpoint] = (), trusted: str = "") -> Audited:
    """Check everything. outside: checkpoints that were kept elsewhere; trusted: the public key, hexadecimal,
    that must have signed; empty: any one key may have.
    """
    told = told_by_events(store)
    faults = [*told.faults, *_of_rows(store, told), *_of_evidence(store, told), *_of_words(store, told)]
    faults += _of_triggers(store)
    holding = 0
    for checkpoint, where in [
        *((one, f"checkpoint {number}") for number, one in kept_checkpoints(store.session)),
        *((one, "the checkpoint that was given") for one in outside),
    ]:
        fault = _of_checkpoint(checkpoint, told, trusted)
        faults += [Fault(where, fault)] if fault else []
        holding += not fault
    return Audited(len(told.hashes), len(told.cases), holding, told.head[1], tuple(faults))


def rebuilt(store: Store, *, write: bool) -> tuple[Fault, ...]:
    """Compare the tables with what the events make of them; write: mend them, if the chain holds.

    Returns the faults of the chain where there are any, else those that were found in the tables.
    """
    told = told_by_events(store)
    if told.faults:
        return tuple(told.faults)
    faults = tuple(_of_rows(store, told))
    if write and faults:
        there = {case.id: case for case in store.cases()}
        for table in BESIDE:
            store.session.execute(sa.delete(table))
        told.playbooks.clear(store.session)
        for case in told.cases.values():
            if case.id not in there:  # links may lead to it before its turn comes
                store.rewrite(case.__class__(case.id), None)
        for case in told.cases.values():
            store.rewrite(case, case)
        store.remedies.rewrite(told.remedies.values())
        for number in there.keys() - told.cases.keys():
            store.session.execute(sa.text("DELETE FROM cases WHERE id = :id"), {"id": number})
        store.rewrite_labels(told.labels)
        told.playbooks.write(store.session)
    return faults


def _gather(told: Told, event: Event, where: str) -> None:
    case = told.cases.get(event.case)
    try:
        told.cases[event.case] = after(case, event)
        told.labels += labels_of(event)
        if event.action is Action.ERASED:
            told.erased.add(event.new["looked"])
        for change in event.new.get(REMEDY, ()):
            key = (change["what"], change["id"])
            told.remedies[key] = folded(told.remedies.get(key), change, event.case)
        if "evidence" in event.new:
            told.evidence[event.case, event.new["evidence"]["sha256"]] = event.seq
        told.playbooks.gather(event)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        told.faults.append(Fault(where, f"it does not fit case {event.case} as it was: {_short(error)}"))


def _of_rows(store: Store, told: Told) -> Iterator[Fault]:
    """Faults of the tables that show what events say."""
    there = {case.id: case for case in store.cases()}
    for number in sorted({*there, *told.cases}):
        kept, made = there.get(number), told.cases.get(number)
        if kept is None:
            yield Fault(f"case {number}", "deleted: events tell of it")
        elif made is None:
            yield Fault(f"case {number}", "inserted: no event tells of it")
        else:
            for one in fields(Case):
                is_now, should = getattr(kept, one.name), getattr(made, one.name)
                if _plain(is_now) != _plain(should):
                    yield Fault(
                        f"case {number}",
                        f"edited without an event: {one.name} is {_shown(is_now)}, and events make it "
                        f"{_shown(should)}",
                    )
    kept_labels = {(one.seq, one.place): one for one in store.labels()}
    made_labels = {(one.seq, one.place): one for one in told.labels}
    for place in sorted({*kept_labels, *made_labels}):
        is_kept, is_made = kept_labels.get(place), made_labels.get(place)
        if is_kept is None or is_made is None or asdict(is_kept) != asdict(is_made):
            how = "deleted" if is_kept is None else "inserted" if is_made is None else "edited"
            yield Fault(f"label {place[1]} of event {place[0]}", f"{how} without an event")
    for table in BESIDE:
        numbers = store.session.scalars(sa.select(table.case_id).distinct())
        for number in sorted(set(numbers) - there.keys() - told.cases.keys()):
            yield Fault(f"{table.__tablename__} of case {number}", "inserted: no event tells of such a case")
    yield from _of_remedies(store, told)
    yield from (Fault(*fault) for fault in told.playbooks.faults(store.session))


def _of_remedies(store: Store, told: Told) -> Iterator[Fault]:
    left = dict(told.remedies)
    for (what, name), row in store.remedies.stored():
        made = left.pop((what, name), None)
        if made is None:
            yield Fault(f"{what} {name}", "inserted without an event")
            continue
        for column, should in columns_of(made).items():
            if row[column] != should:
                yield Fault(f"{what} {name}", f"edited without an event: {column} is not what events make it")
    for what, name in left:
        yield Fault(f"{what} {name}", "deleted: an event tells of it")


def _of_words(store: Store, told: Told) -> Iterator[Fault]:
    """Faults of what customers wrote."""
    appeals = {name: one for (_, name), one in told.remedies.items() if isinstance(one, Appeal)}
    query = sa.select(AppealTextRow.appeal_id, AppealTextRow.text)
    rows = {str(row[0]): str(row[1]) for row in store.session.execute(query)}
    for name, text in sorted(rows.items()):
        appeal = appeals.get(name)
        if appeal is None or name in told.erased:
            yield Fault(f"words of appeal {name}", "inserted without an event")
        elif hashlib.sha256(text.encode("utf-8")).hexdigest() != appeal.sha256:
            yield Fault(f"words of appeal {name}", "edited: they are not what their hash says")
    for name in sorted(appeals.keys() - rows.keys() - told.erased):
        yield Fault(f"words of appeal {name}", "deleted without an event")


def _of_evidence(store: Store, told: Told) -> Iterator[Fault]:
    there = set()
    query = sa.select(EvidenceRow.case_id, EvidenceRow.sha256, EvidenceRow.seq, EvidenceRow.content)
    for case, sha256, seq, content in store.session.execute(query.execution_options(yield_per=8)):
        there.add((case, sha256))
        where = f"evidence {sha256[:12]} of case {case}"
        if (case, sha256) not in told.evidence:
            yield Fault(where, "inserted: no event tells of it")
        elif seq != told.evidence[case, sha256]:
            yield Fault(where, f"edited: it came with event {told.evidence[case, sha256]}, and says {seq}")
        if Frozen(content).sha256 != sha256:
            yield Fault(where, "edited: it is not what its hash says")
    for case, sha256 in sorted(told.evidence.keys() - there):
        yield Fault(f"evidence {sha256[:12]} of case {case}", "deleted: an event tells of it")


def _of_triggers(store: Store) -> Iterator[Fault]:
    """Tables that could be edited through SQL, since somebody took their triggers away or put them off."""
    sqlite = store.session.connection().dialect.name == "sqlite"
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if sqlite
        else "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')"
    )
    there = set(store.session.execute(sa.text(query)).scalars())
    for table in GROWING:
        if not {f"{table}_no_update", f"{table}_no_delete"} <= there:
            yield Fault(
                f"table {table}", "its rows can be changed: the trigger that refuses it is missing or off"
            )


def _of_checkpoint(checkpoint: Checkpoint, told: Told, trusted: str) -> str:
    """What is wrong with a checkpoint; empty if nothing is."""
    if not checkpoint.holds():
        return "its signature is not that of its key"
    if trusted and checkpoint.key != trusted:
        return "it was signed with another key than that beside the store"
    if checkpoint.seq == 0:
        return ""
    if checkpoint.seq not in told.hashes:
        return f"event {checkpoint.seq} was there when it was signed, and is missing now"
    if told.hashes[checkpoint.seq] != checkpoint.hash:
        return f"event {checkpoint.seq} or one before it was another when it was signed"
    return ""


def _plain(value: object) -> object:
    return str(value) if isinstance(value, str) else value


def _shown(value: object) -> str:
    text = repr(value) if not isinstance(value, str) else str(value) or "empty"
    return text if len(text) <= 120 else text[:119] + "…"


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
