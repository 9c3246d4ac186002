"""The door to a store of cases: what the commands, the console and Python may do."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stillwatch.campaigns.feedback_file import document_of, text_of
from stillwatch.case_settings import CaseSettings
from stillwatch.cases import deciding
from stillwatch.cases.audit import Audited, Fault, audited, rebuilt
from stillwatch.cases.case import Case
from stillwatch.cases.changing import Change, Editing, written
from stillwatch.cases.checkpoints import Checkpoint, checkpointed, key_path, public_key, signing_key
from stillwatch.cases.database import Database
from stillwatch.cases.event import Event
from stillwatch.cases.event_list import MOST as MOST_EVENTS
from stillwatch.cases.event_list import EventsWanted, events_found
from stillwatch.cases.evidence import Frozen
from stillwatch.cases.exports.exporting import exported
from stillwatch.cases.keeping import make
from stillwatch.cases.labels import evidence_at, feedback_of
from stillwatch.cases.listing import LONGEST_PAGE, Counted, Listed, Wanted, counted, listed
from stillwatch.cases.outbox.alarms import alarms_of, tell_alarms
from stillwatch.cases.outbox.outbox import Outbox
from stillwatch.cases.outbox.passes import made_now
from stillwatch.cases.outbox.telling import tell
from stillwatch.cases.precision import Precision, precision_in
from stillwatch.cases.schema import must_be_current
from stillwatch.cases.store import Store
from stillwatch.cases.sync import Synced, batch_of, sync
from stillwatch.run.durable import write_text
from stillwatch.settings import IdentitySettings


class Cases:
    """A store of cases. Use it as a context manager; threads may share it.

    Every change is one event, written with what it makes of its case or not at all. `version` is that of the
    case that the person looked at; None: whatever it is now. Methods raise CaseError for what cannot be done,
    CaseConflict where somebody else was first, and RunError for a run that cannot be used.
    """

    def __init__(
        self,
        place: str | Path,
        *,
        create: bool = False,
        settings: CaseSettings | None = None,
        signing: Path | None = None,
    ) -> None:
        """place: path of a SQLite file, or postgresql://…; create: make it where it is not there; signing:
        the key of checkpoints, beside a SQLite file unless told otherwise.
        """
        self.database = Database(place)
        self.settings = settings or CaseSettings()
        self.outbox = Outbox(self.database)
        """Messages about cases to the outside."""
        self._signing = signing
        try:
            if create:
                make(self.database)
            must_be_current(self.database)
        except BaseException:
            self.database.close()
            raise

    def __enter__(self) -> Cases:
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()

    # Reading

    def show(self, number: int) -> Case:
        """Return a case."""
        with self._reading() as store:
            return store.case(number)

    def all(self) -> list[Case]:
        """Return every case, by number."""
        with self._reading() as store:
            return store.cases()

    def listed(self, wanted: Wanted, *, first: int = 0, most: int = LONGEST_PAGE) -> Listed:
        """Return one page of the cases that are wanted. first: how many come before it."""
        with self.database.reading() as session:
            return listed(session, wanted, time.time(), first, most)

    def counted(self) -> Counted:
        """Return how many cases there are, by what matters to who looks at them first."""
        with self.database.reading() as session:
            return counted(session, time.time())

    def events(self, number: int | None = None, after: int = 0) -> list[Event]:
        """Return events in order: of one case or of all; those with a greater number than `after`."""
        with self._reading() as store:
            if number is not None:
                store.case(number)
            return list(store.events(number, after))

    def events_found(self, wanted: EventsWanted, *, most: int = MOST_EVENTS) -> list[Event]:
        """Return events that are wanted, the newest first."""
        with self.database.reading() as session:
            return events_found(session, wanted, most)

    def evidence(self, number: int) -> Frozen:
        """Return the newest frozen evidence of a case."""
        with self._reading() as store:
            store.case(number)
            return evidence_at(store, number)

    def precision(self) -> Precision:
        """Return how often verdicts were overturned."""
        with self.database.reading() as session:
            return precision_in(session)

    def export(self, numbers: Sequence[int], form: str, *, accounts: bool = False) -> list[dict[str, Any]]:
        """Return cases in a form that security products read: ocsf or ecs; accounts: name theirs too."""
        with self._reading() as store:
            return list(exported(store, numbers, form, accounts=accounts))

    def metrics(self, now: float) -> str:
        """Return figures for Prometheus, in its text form. now: POSIX seconds."""
        from stillwatch.cases.metrics import metrics_text

        with self._reading() as store:
            return metrics_text(store.session, now)

    # Runs

    def sync(
        self, run: Path, *, state: Path | None = None, identity: IdentitySettings | None = None
    ) -> tuple[list[Synced], bool]:
        """Let a run's campaigns become cases, or update them: all of them or none, however often.

        state: of a guard, whose journal becomes part of the evidence. Returns what became of each campaign,
        and whether the run was compared with an earlier one.
        """
        with self._reading() as store:
            known = store.by_identity()
        batch = batch_of(run, known, state)
        growth = (identity or IdentitySettings()).dismissed_growth
        alarms = alarms_of(run)
        with self.database.writing() as session:
            store = Store(session)
            since = store.head()[0]
            done = sync(store, batch, growth)
            tell(store, since, self.settings.told_growth)
            tell_alarms(session, batch.run, alarms, store.by_identity())
            made_now(session, "sync", time.time())
            return done, batch.compared

    # Working on a case

    def assign(self, number: int, to: str, *, by: str, reason: str = "", version: int | None = None) -> Case:
        """Give a case to somebody; an empty name gives it back. One that is another's needs `version`."""
        return self._change(number, version, lambda edit: deciding.assign(edit, to, by, reason))

    def note(self, number: int, text: str, *, by: str) -> Case:
        """Write something down."""
        return self._change(number, None, lambda edit: deciding.note(edit, text, by))

    def tag(self, number: int, add: Sequence[str] = (), remove: Sequence[str] = (), *, by: str) -> Case:
        """Put tags on it, or take them off."""
        return self._change(number, None, lambda edit: deciding.tag(edit, add, remove, by))

    def move(self, number: int, to: str, *, by: str, reason: str, version: int | None = None) -> Case:
        """Move it to another state: see `states.MOVES`."""
        return self._change(number, version, lambda edit: deciding.move(edit, to, by, reason, self.settings))

    def snooze(
        self, number: int, until: float | None, *, by: str, reason: str, version: int | None = None
    ) -> Case:
        """Let it rest until a time, POSIX seconds; None wakes it."""
        return self._change(number, version, lambda edit: deciding.snooze(edit, until, by, reason))

    def deadline(
        self, number: int, due: float | None, *, by: str, reason: str = "", version: int | None = None
    ) -> Case:
        """Say by when it must be decided, POSIX seconds; None: no such time."""
        return self._change(number, version, lambda edit: deciding.deadline(edit, due, by, reason))

    def link(
        self,
        number: int,
        link: str,
        other: int,
        *,
        by: str,
        reason: str = "",
        remove: bool = False,
        version: int | None = None,
    ) -> Case:
        """Link it to another case, or take the link away."""
        return self._change(
            number, version, lambda edit: deciding.link(edit, link, other, by, reason, remove=remove)
        )

    def review(self, number: int, *, agree: bool, by: str, reason: str, version: int | None = None) -> Case:
        """Agree as a second person that its accounts are acted against, or do not."""
        return self._change(number, version, lambda edit: deciding.review(edit, agree, by, reason))

    def close(
        self,
        number: int,
        outcome: str,
        *,
        by: str,
        reason: str,
        version: int | None = None,
        until: float | None = None,
        duplicate_of: int | None = None,
        permit: deciding.PermitFound | None = None,
    ) -> Case:
        """Close it. until: how long later searches are told, POSIX seconds; None: as the settings say."""
        told = deciding.Closing(outcome, until, duplicate_of, permit)
        return self._change(
            number, version, lambda edit: deciding.close(edit, told, by, reason, self.settings)
        )

    def decide(
        self,
        number: int,
        account: str | Sequence[str],
        label: str,
        *,
        by: str,
        reason: str,
        until: float | None = None,
        permit: deciding.PermitFound | None = None,
        version: int | None = None,
    ) -> Case:
        """Say what an account of it is, or several: confirmed, cleared, exempted, permit found."""
        accounts = (account,) if isinstance(account, str) else tuple(dict.fromkeys(account))
        told = deciding.AccountDecision(accounts, label, until, permit)
        return self._change(
            number, version, lambda edit: deciding.decide(edit, told, by, reason, self.settings)
        )

    # Feedback

    def labels(self, *, now: float | None = None) -> dict[str, Any]:
        """Return what decisions teach later searches, as the document of a feedback file."""
        moment = time.time() if now is None else now
        with self._reading() as store:
            feedback = feedback_of(store, moment)
        return document_of(feedback, datetime.fromtimestamp(moment, UTC).replace(microsecond=0))

    def write_labels(self, out: Path) -> dict[str, Any]:
        """Write that file, TOML or JSON by its name's end; return the document."""
        document = self.labels()
        write_text(out, text_of(document, toml=out.suffix.lower() != ".json"))
        return document

    # Audit

    def verify(self, checkpoints: Sequence[Checkpoint] = ()) -> Audited:
        """Check every row against the events, the events against each other, and checkpoints against them."""
        given = self.database.file is not None or self._signing is not None
        trusted = public_key(key_path(self.database, self._signing)) if given else ""
        with self._reading() as store:
            return audited(store, checkpoints, trusted)

    def checkpoint(self) -> Checkpoint:
        """Sign what the last event is; the key is made at the first use."""
        key = signing_key(key_path(self.database, self._signing))
        with self.database.writing() as session:
            return checkpointed(session, Store(session).head(), key)

    def rebuild(self, *, check: bool) -> tuple[Fault, ...]:
        """Compare all tables with what the events make of them; unless `check`, mend them."""
        if check:
            with self._reading() as store:
                return rebuilt(store, write=False)
        with self.database.writing() as session:
            return rebuilt(Store(session), write=True)

    def _change(self, number: int, version: int | None, change: Change) -> Case:
        with self.database.writing() as session:
            store = Store(session)
            since = store.head()[0]
            case = written(Editing.of(store, number, version), change)
            tell(store, since, self.settings.told_growth)
            return case

    @contextmanager
    def _reading(self) -> Iterator[Store]:
        with self.database.reading() as session:
            yield Store(session)
