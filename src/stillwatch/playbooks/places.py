"""The real state that checks look at: a run, a state of the guard, cases, settings; each read when needed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import pyarrow.compute

from stillwatch.cases.audit import Audited
from stillwatch.cases.case import Case
from stillwatch.cases.cases import Cases
from stillwatch.cases.checkpoints import Checkpoint, kept_checkpoints
from stillwatch.cases.event import Event
from stillwatch.cases.playbook_runs import PlaybookRun, kept_runs
from stillwatch.cases.remediation.plan_words import StepKind, StepState
from stillwatch.cases.remedy import Appeal, Measure, Step
from stillwatch.cases.remedy_rows import Remedies
from stillwatch.guard.published import PublishedState
from stillwatch.guard.snapshot import Snapshot
from stillwatch.guard.state_folder import StateFolder, state_at
from stillwatch.playbooks.sharing_seen import LookAtSharing, SharingSeen
from stillwatch.response.compiled import Standing
from stillwatch.response.policy_store import PolicyStore
from stillwatch.run.reading import Row, Run
from stillwatch.settings import Settings

count_of = pyarrow.compute.count


class NotGiven(Exception):
    """What a check looks at was not given."""

    def __init__(self, what: str, do: str) -> None:
        super().__init__(what)
        self.do = do


class Places:
    """What checks look at. Use it as a context manager, for one round of checks: it keeps what it read."""

    def __init__(
        self,
        *,
        run: Path | None = None,
        state: Path | None = None,
        cases: Cases | None = None,
        settings: Settings | None = None,
        case: int | None = None,
        now: float | None = None,
        sharing: LookAtSharing | None = None,
    ) -> None:
        """case: the number of the case that checks of a case are about. now: POSIX seconds; None: the
        clock's. sharing: looks at the state of sharing.
        """
        self._run, self._state, self._cases, self._case = run, state, cases, case
        self._sharing = sharing
        self.settings = settings or Settings()
        """Settings to hold it against."""
        self.now = time.time() if now is None else now
        """The time, POSIX seconds."""
        self._stack = ExitStack()

    def __enter__(self) -> Places:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # A run

    @cached_property
    def run(self) -> Run:
        """The newest run. Raises NotGiven and RunError."""
        if self._run is None:
            raise NotGiven("no run was given", "give the newest one: --run RUN")
        return Run(self._run)

    @property
    def has_run(self) -> bool:
        """Whether one was given."""
        return self._run is not None

    def rows(self, table: str) -> list[Row]:
        """The rows of a table of the run."""
        return self.run.rows(table)

    def given(self, option: str) -> bool:
        """Whether the run was made with an option of `detect`."""
        return bool(self.run.about.get("given", {}).get(option))

    def filled(self, table: str, column: str) -> tuple[int, int]:
        """Rows of a table in which a column has a value, and all of them."""
        values = self.run.table(table).column(column)
        return count_of(values).as_py(), len(values)

    @cached_property
    def last(self) -> float:
        """The last exchange of the run, POSIX seconds."""
        text = str(self.run.about.get("last") or self.run.about.get("made") or "")
        try:
            return datetime.fromisoformat(text).astimezone(UTC).timestamp()
        except ValueError as error:
            raise NotGiven("the run does not say when its last exchange was", "run `detect` again") from error

    # A state of the guard

    @cached_property
    def state(self) -> StateFolder:
        """The guard's state. Raises NotGiven and RunError."""
        if self._state is None:
            raise NotGiven("no state of a guard was given", "give it: --state STATE")
        return state_at(self._state)

    @property
    def has_state(self) -> bool:
        """Whether one was given."""
        return self._state is not None

    @cached_property
    def published(self) -> PublishedState:
        """What the guard uses of it."""
        made = PublishedState(self.state.path, watch=False, clock=lambda: self.now)
        self._stack.callback(made.close)
        return made

    @property
    def snapshot(self) -> Snapshot | None:
        """The snapshot in use; None where there is none."""
        return self.published.snapshot

    @cached_property
    def standings(self) -> list[Standing]:
        """Where each version of a rule stands. Raises PolicyError."""
        return [standing for _, standing in PolicyStore(self.state.path).standings()]

    # Cases

    @property
    def store(self) -> Cases:
        """The cases. Raises NotGiven."""
        if self._cases is None:
            raise NotGiven("no cases were given", "give them: --db FILE")
        return self._cases

    @cached_property
    def cases(self) -> list[Case]:
        """Every case."""
        return self.store.all()

    @cached_property
    def case(self) -> Case:
        """The case that checks of a case are about. Raises NotGiven and CaseError."""
        if self._case is None:
            raise NotGiven("this is about one case, and none was given", "give it: --case CASE")
        return self.store.show(self._case)

    @cached_property
    def case_events(self) -> Sequence[Event]:
        """Its events."""
        return self.store.events(self.case.id)

    def events(self, case: int) -> Sequence[Event]:
        """The events of a case."""
        return self.store.events(case)

    @cached_property
    def audited(self) -> Audited:
        """The audit of the store."""
        return self.store.verify()

    @cached_property
    def checkpoints(self) -> list[Checkpoint]:
        """The checkpoints that the store holds, the oldest first."""
        with self.store.database.reading() as session:
            return [one for _, one in kept_checkpoints(session)]

    @cached_property
    def playbook_runs(self) -> list[PlaybookRun]:
        """Every run of a playbook."""
        with self.store.database.reading() as session:
            return kept_runs(session)

    @cached_property
    def open_appeals(self) -> list[Appeal]:
        """The appeals that nobody has answered, those that are due first come first."""
        with self.store.database.reading() as session:
            found = Remedies(session).where(Appeal, state="open")
        return sorted(found, key=lambda one: (one.due, one.id))

    @cached_property
    def restricted(self) -> dict[int, float]:
        """When the first step against accounts that is in force was carried out, POSIX seconds, by case."""
        with self.store.database.reading() as session:
            steps = Remedies(session).where(Step, state=str(StepState.DONE))
        found: dict[int, float] = {}
        for step in steps:
            if step.kind == StepKind.RESTRICT and step.done is not None and step.seq is not None:
                found[step.case_id] = min(step.done, found.get(step.case_id, step.done))
        return found

    @cached_property
    def measured(self) -> dict[int, float]:
        """When it was last measured what of a campaign came back, POSIX seconds, by case."""
        with self.store.database.reading() as session:
            return {one.case_id: one.made for one in Remedies(session).all(Measure)}

    # Sharing

    @cached_property
    def sharing(self) -> SharingSeen:
        """The state of sharing. Raises NotGiven and StillwatchError."""
        if self._sharing is None:
            raise NotGiven(
                "no sharing was given",
                "give the store, --sharing FILE, and your side of the hub, --side FOLDER",
            )
        return self._sharing()

    # Words

    def ago(self, moment: float) -> str:
        """How long ago a time was, in words."""
        return span(max(self.now - moment, 0.0))


def span(seconds: float) -> str:
    """A span of time in words: 3 days, 5 hours, 10 minutes."""
    for name, size in (("day", 86_400.0), ("hour", 3_600.0), ("minute", 60.0)):
        if seconds >= 2 * size or name == "minute":
            number = int(timedelta(seconds=seconds) / timedelta(seconds=size))
            return f"{number:,} {name}{'' if number == 1 else 's'}"
    raise AssertionError("BUG: no unit")
