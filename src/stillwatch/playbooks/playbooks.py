"""The door to playbooks: what the commands, the console and Python may do."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from pathlib import Path

from sqlalchemy.orm import Session

from stillwatch.cases.cases import Cases
from stillwatch.cases.event import Action
from stillwatch.cases.outbox.message import Message
from stillwatch.cases.playbook_runs import (
    PlaybookRun,
    RunState,
    kept_playbook,
    kept_runs,
    record_playbook,
)
from stillwatch.cases.store import Store
from stillwatch.cases.words import MACHINE, name_of, text_of
from stillwatch.errors import PlaybookError
from stillwatch.playbooks.cacao_file import playbook_of, read_playbook
from stillwatch.playbooks.check import CHECKS, Answer
from stillwatch.playbooks.failing import changes_anything, failing, keep_failing
from stillwatch.playbooks.marking import Said, by_checks, by_person, mark_of_check, step_of
from stillwatch.playbooks.places import Places
from stillwatch.playbooks.playbook import Playbook
from stillwatch.playbooks.progress import Progress, progress_of
from stillwatch.playbooks.readiness import Readiness, checks_wanted, readiness_of
from stillwatch.playbooks.sharing_seen import LookAtSharing
from stillwatch.playbooks.shipped import NAMES, shipped
from stillwatch.playbooks.walking import DECIDED, walked
from stillwatch.settings import Settings

Tell = Callable[[Session, Message], object]


class Playbooks:
    """Playbooks over a store of cases. Threads may share it.

    Every change of a run is one event of its case. Methods raise PlaybookError for what cannot be done,
    CaseError for a store or a case that cannot be used.
    """

    def __init__(
        self,
        cases: Cases | None,
        *,
        run: Path | None = None,
        state: Path | None = None,
        settings: Settings | None = None,
        tell: Tell | None = None,
        sharing: LookAtSharing | None = None,
    ) -> None:
        """cases: None only for reading playbooks and for readiness; run: the newest one; state: the guard's;
        what is not given, checks cannot tell. tell: queues messages, within the transaction of their event.
        sharing: looks at the state of sharing.
        """
        self._cases, self._run, self._state, self._tell = cases, run, state, tell
        self._settings = settings or Settings()
        self._sharing = sharing
        self._ready: Readiness | None = None

    # Playbooks

    def shipped(self) -> list[Playbook]:
        """Return the playbooks of the package."""
        return [shipped(name) for name in NAMES]

    def named(self, name: str) -> Playbook:
        """Return one of them by its short name."""
        return shipped(name)

    def read(self, file: Path) -> Playbook:
        """Read and check an operator's own CACAO file."""
        return read_playbook(file)

    # Runs of playbooks

    def runs(self, case: int | None = None) -> list[PlaybookRun]:
        """Return the runs for a case, or all."""
        with self._store.database.reading() as session:
            if case is not None:
                Store(session).case(case)
            return kept_runs(session, case)

    def begin(
        self, playbook: Playbook, case: int, *, by: str, reason: str = "", new: bool = False
    ) -> Progress:
        """Begin to go through a playbook for a case, and let checks fill themselves in. A run of it that is
        there already is gone on with, unless `new`.
        """
        actor, why = name_of(by), text_of(reason) if reason.strip() else ""
        with self._store.database.writing() as session:
            store = Store(session)
            found = store.case(case)
            runs = kept_runs(session, case)
            same = [run for run in runs if run.playbook == playbook.id]
            number = same[-1].number if same and not new else len(runs) + 1
            if number > len(runs):
                told = {
                    "number": number,
                    "id": playbook.id,
                    "title": playbook.title,
                    "sha256": playbook.sha256,
                }
                if kept_playbook(session, playbook.sha256) is None:
                    told["document"] = playbook.content
                _, run = record_playbook(store, found, None, Action.PLAYBOOK_BEGUN, actor, why, told)
                self._say(session, "playbook.begun", run)
        return self.refresh(case, number)

    def progress(self, case: int, number: int, *, look: bool = True) -> Progress:
        """Return a run as it stands; nothing is written. look: with what its checks find now, which reads all
        that they look at; else with what they found when they filled themselves in.
        """
        run, playbook = self._kept(case, number)
        looked = look and run.state == RunState.OPEN
        return self._shown(run, playbook, self._answers(_checks(playbook), case) if looked else {})

    def refresh(self, case: int, number: int) -> Progress:
        """Let the checks of a run fill themselves in, and keep since when they are not met."""
        run, playbook = self._kept(case, number)
        if run.state != RunState.OPEN:
            return self._shown(run, playbook, {})
        # Checks may take long, and others must be able to write meanwhile.
        answers = self._answers(_checks(playbook), case)
        with self._store.database.writing() as session:
            asked = {name: answers[name] for name in _checks(playbook, conditions=False)}
            keep_failing(session, asked, case, time.time())
            store = Store(session)
            run = _one(kept_runs(session, case, number), case, number)
            if run.state == RunState.OPEN:
                run = self._filled_in(store, run, playbook, answers)
        return self._shown(run, playbook, answers)

    def mark(self, case: int, number: int, step: int | str, said: Said) -> Progress:
        """Confirm, skip, decide or take back a step, as a person; then let checks fill themselves in."""
        run, playbook = self._kept(case, number)
        wanted = step_of(playbook, step)
        answers = self._answers({wanted.binding.check} - {""}, case)
        with self._store.database.writing() as session:
            store = Store(session)
            run = _one(kept_runs(session, case, number), case, number)
            mark = by_person(run, playbook, wanted.id, said, answers)
            if mark is not None:
                actor, reason = mark.pop("actor"), mark["reason"]
                told = {"number": number, "marks": [mark]}
                record_playbook(store, store.case(case), run, Action.PLAYBOOK_MARKED, actor, reason, told)
        return self.refresh(case, number)

    def end(self, case: int, number: int, *, by: str, reason: str) -> Progress:
        """End a run before all its steps are settled."""
        actor, why = name_of(by), text_of(reason)
        _, playbook = self._kept(case, number)
        with self._store.database.writing() as session:
            store = Store(session)
            run = _one(kept_runs(session, case, number), case, number)
            if run.state == RunState.DONE:
                raise PlaybookError(
                    "the run is done", where=f"run {number} for case {case}", do="nothing needs to be done"
                )
            if run.state == RunState.OPEN:
                told = {"number": number, "state": str(RunState.ENDED)}
                _, run = record_playbook(
                    store, store.case(case), run, Action.PLAYBOOK_ENDED, actor, why, told
                )
        return self._shown(run, playbook, {})

    def frozen(self, case: int, number: int) -> Playbook:
        """Return the playbook of a run as it was when the run began."""
        return self._kept(case, number)[1]

    # Checks

    def check(
        self, names: Collection[str] = (), case: int | None = None
    ) -> dict[str, tuple[Answer, float | None]]:
        """Return what checks find, each with since when it is not met, POSIX seconds.

        names: all where none are given; without a case those of cases are left out. Since when is kept, where
        there are cases.
        """
        known = CHECKS.all()
        wanted = set(names) or {name for name, one in known.items() if case is not None or not one.of_case}
        for name in wanted - known.keys():
            raise PlaybookError(f"there is no check {name[:80]!r}", where="CHECK", do="see docs/playbooks.md")
        answers = self._answers(wanted, case)
        since = self._since(answers, case)
        return {name: (answers[name], since.get(name)) for name in sorted(answers)}

    def readiness(self, *, within: float = 0.0) -> Readiness:
        """Return what the operator has, and has not, of what AA26-251A recommends. within: seconds for which
        what was found last is good enough.
        """
        now = time.time()
        if self._ready is None or now - self._ready.at >= within:
            self._ready = readiness_of(self.check(checks_wanted()), now)
        return self._ready

    @property
    def last(self) -> Readiness | None:
        """What `readiness` found last; None: nobody has asked."""
        return self._ready

    def _since(self, answers: Mapping[str, Answer], case: int | None) -> dict[str, float]:
        if self._cases is None:
            return {}
        database, now = self._cases.database, time.time()
        with database.reading() as session:
            kept = failing(session, case)
        if changes_anything({name: at for name, at in kept.items() if name in answers}, answers):
            with database.writing() as session:
                keep_failing(session, answers, case, now)
                kept = failing(session, case)
        return kept

    def _answers(self, names: Collection[str], case: int | None) -> dict[str, Answer]:
        known = CHECKS.all()
        with Places(
            run=self._run,
            state=self._state,
            cases=self._cases,
            settings=self._settings,
            case=case,
            sharing=self._sharing,
        ) as places:
            return {name: known[name].answer(places) for name in sorted(names)}

    @property
    def _store(self) -> Cases:
        if self._cases is None:
            raise PlaybookError("playbooks are run for cases", where="--db", do="give the file of cases")
        return self._cases

    def _kept(self, case: int, number: int) -> tuple[PlaybookRun, Playbook]:
        with self._store.database.reading() as session:
            Store(session).case(case)
            run = _one(kept_runs(session, case, number), case, number)
            content = kept_playbook(session, run.sha256)
        where = f"run {number} for case {case}"
        playbook = _read(content or "", run.title, where)
        if playbook.sha256 != run.sha256:
            raise PlaybookError(
                "the playbook that was kept is not what its hash says",
                where=where,
                do="`stillwatch case audit verify`, then `stillwatch case audit rebuild`",
            )
        return run, playbook

    def _filled_in(
        self, store: Store, run: PlaybookRun, playbook: Playbook, answers: Mapping[str, Answer]
    ) -> PlaybookRun:
        marks = by_checks(run, playbook, answers)
        told: dict[str, object] = {"number": run.number, "marks": marks}
        after = {**run.marks, **{one["step"]: mark_of_check(one) for one in marks}}
        done = walked(playbook, after).complete
        if not marks and not done:
            return run
        if done:
            told["state"] = str(RunState.DONE)
        case = store.case(run.case)
        _, now = record_playbook(store, case, run, Action.PLAYBOOK_MARKED, MACHINE, "", told)
        if done:
            self._say(store.session, "playbook.done", now)
        return now

    def _shown(self, run: PlaybookRun, playbook: Playbook, answers: Mapping[str, Answer]) -> Progress:
        with self._store.database.reading() as session:
            since = failing(session, run.case)
        ours = next((one for one in self.shipped() if one.id == playbook.id), None)
        newer = ours is not None and ours.sha256 != playbook.sha256
        return progress_of(run, playbook, answers, since, newer=newer)

    def _say(self, session: Session, topic: str, run: PlaybookRun) -> None:
        if self._tell is None:
            return
        body = {"case": run.case, "run": run.number, "playbook": run.title, "state": run.state}
        key = f"{topic}:{run.case}:{run.number}"
        self._tell(session, Message(topic, key, run.case, body))


@lru_cache(maxsize=64)
def _read(content: str, title: str, where: str) -> Playbook:
    """A playbook that was kept; to validate it takes longer than all else that is shown of a run."""
    return playbook_of(content.encode("utf-8", "replace"), title, where)


def _checks(playbook: Playbook, *, conditions: bool = True) -> set[str]:
    """The checks that a playbook names: a condition that does not hold is nothing that is missing."""
    steps = (step for step in playbook.steps.values() if conditions or step.kind not in DECIDED)
    return {step.binding.check for step in steps} - {""}


def _one(found: list[PlaybookRun], case: int, number: int) -> PlaybookRun:
    if not found:
        raise PlaybookError(
            f"case {case} has no run {number} of a playbook",
            where="RUN",
            do=f"see `stillwatch playbook status {case}`",
        )
    return found[0]
