"""Any order of what people and syncs do: the chain holds, and the tables are what the events make of them."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from case_runs import Group, Sealed, Tie, sealed
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from stillwatch.cases import Cases
from stillwatch.cases.case import Case
from stillwatch.cases.deciding import PermitFound
from stillwatch.cases.states import CLOSES, MOVES, Link, Outcome, State
from stillwatch.cases.words import folded
from stillwatch.errors import CaseConflict, CaseError

PEOPLE = st.sampled_from(["Anna", "anna", "Bela", " BELA ", "Chi", "\u00dcmit", "u\u0308mit"])
TEXTS = st.text(max_size=20)
NUMBERS = st.integers(1, 5)
MOST = 20


class Work(RuleBasedStateMachine):
    """Two or more people at one store."""

    place: Callable[[], str] | None = None
    """Makes a place for cases; None: a file."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="stillwatch-cases-"))
        place = self.place() if self.place else self.folder / "CASES.db"
        self.cases = Cases(place, create=True, signing=self.folder / "signing.key")
        self.day = 0
        self.sizes: dict[str, int] = {}
        self.seen: dict[int, int] = {}

    @initialize()
    def first_run(self) -> None:
        self.run_comes([5, 30, 3], link="")

    @rule(
        sizes=st.lists(st.integers(1, 40), min_size=1, max_size=3),
        link=st.sampled_from(["", "merged", "split"]),
    )
    def run_comes(self, sizes: list[int], link: str) -> None:
        self.day += 1
        groups = [Group(f"camp-{place}", size) for place, size in enumerate(sizes)]
        if link:
            groups[-1] = Group(f"camp-{self.day}x", 4, ties=[Tie(link, "camp-0"), Tie("successor", "camp-1")])
        run = sealed(self.folder / f"run-{self.day}", Sealed(f"run-{self.day}", groups, day=self.day))
        before = len(self.cases.events())
        done, _ = self.cases.sync(run)
        assert len(self.cases.events()) >= before + len(done)
        again, _ = self.cases.sync(run)
        assert {one.how for one in again} == {"unchanged"}
        shutil.rmtree(run)

    def attempt(self, number: int, action: Any, **wanted: Any) -> None:
        """Do something; it is done whole, as one event more, or refused and leaves nothing."""
        events, before = len(self.cases.events()), self.case(number)
        try:
            after = action(number, **wanted)
        except CaseError as error:
            assert error.do, error  # noqa: PT017 - what a refusal leaves is what is tested
            assert len(self.cases.events()) == events
            assert self.case(number) == before
        else:
            assert before is not None
            assert len(self.cases.events()) == events + 1
            assert after == self.cases.show(number)
            assert after.version == before.version + 1
            self.allowed(before, after)

    def case(self, number: int) -> Case | None:
        return next((case for case in self.cases.all() if case.id == number), None)

    def allowed(self, before: Case, after: Case) -> None:
        here, there = State(before.state), State(after.state)
        if here is there:
            return
        if there is State.CLOSED:
            assert here in CLOSES[Outcome(after.outcome)]
        elif here is State.SECOND_REVIEW and there is State.ACTING:
            assert after.approved_by
            assert folded(after.approved_by) != folded(before.proposed_by)
        else:
            assert there in MOVES[here]
        if there is State.ACTING and after.accounts > MOST:
            assert after.approved_by
            assert after.approved_accounts >= after.accounts

    @rule(number=NUMBERS, to=st.sampled_from(list(State)), by=PEOPLE, reason=TEXTS)
    def move(self, number: int, to: State, by: str, reason: str) -> None:
        self.attempt(number, self.cases.move, to=to, by=by, reason=reason)

    @rule(number=NUMBERS, by=PEOPLE)
    def advance(self, number: int, by: str) -> None:
        case = self.case(number)
        ways = {
            State.OPEN: State.INVESTIGATING,
            State.TRIAGE: State.INVESTIGATING,
            State.INVESTIGATING: State.SECOND_REVIEW,
            State.ACTING: State.APPEALED,
        }
        if case is not None and State(case.state) in ways:
            self.attempt(number, self.cases.move, to=ways[State(case.state)], by=by, reason="on")

    @rule(number=NUMBERS, agree=st.booleans(), by=PEOPLE)
    def review(self, number: int, agree: bool, by: str) -> None:
        self.attempt(number, self.cases.review, agree=agree, by=by, reason="looked")

    @rule(number=NUMBERS, outcome=st.sampled_from(list(Outcome)), by=PEOPLE, other=st.none() | NUMBERS)
    def close(self, number: int, outcome: Outcome, by: str, other: int | None) -> None:
        self.attempt(number, self.cases.close, outcome=outcome, by=by, reason="done", duplicate_of=other)

    @rule(number=NUMBERS, to=PEOPLE | st.just(""), by=PEOPLE, look=st.booleans())
    def assign(self, number: int, to: str, by: str, look: bool) -> None:
        case = self.case(number)
        version = case.version if case is not None and look else None
        self.attempt(number, self.cases.assign, to=to, by=by, version=version)

    @rule(number=NUMBERS)
    def look(self, number: int) -> None:
        case = self.case(number)
        if case is not None:
            self.seen[number] = case.version

    @precondition(lambda self: bool(self.seen))
    @rule(data=st.data(), by=PEOPLE)
    def decide_on_what_was_seen(self, data: st.DataObject, by: str) -> None:
        number = data.draw(st.sampled_from(sorted(self.seen)))
        version, case = self.seen[number], self.cases.show(number)
        try:
            self.cases.move(number, "triage", by=by, reason="as seen", version=version)
        except CaseConflict:
            assert case.version != version
        except CaseError:
            assert case.version == version
        else:
            assert case.version == version

    @rule(number=NUMBERS, text=TEXTS, by=PEOPLE)
    def note(self, number: int, text: str, by: str) -> None:
        if text.strip():
            self.attempt(number, self.cases.note, text=text, by=by)

    @rule(number=NUMBERS, add=st.lists(TEXTS, max_size=2), remove=st.lists(TEXTS, max_size=1), by=PEOPLE)
    def tag(self, number: int, add: list[str], remove: list[str], by: str) -> None:
        self.attempt(number, self.cases.tag, add=add, remove=remove, by=by)

    @rule(number=NUMBERS, other=NUMBERS, link=st.sampled_from(list(Link)), remove=st.booleans(), by=PEOPLE)
    def link(self, number: int, other: int, link: Link, remove: bool, by: str) -> None:
        self.attempt(number, self.cases.link, link=link, other=other, by=by, remove=remove)

    @rule(number=NUMBERS, hours=st.none() | st.integers(-1, 3), by=PEOPLE)
    def snooze(self, number: int, hours: int | None, by: str) -> None:
        until = None if hours is None else time.time() + 3_600 * hours
        self.attempt(number, self.cases.snooze, until=until, by=by, reason="waits")

    @rule(number=NUMBERS, due=st.none() | st.floats(), by=PEOPLE)
    def deadline(self, number: int, due: float | None, by: str) -> None:
        self.attempt(number, self.cases.deadline, due=due, by=by)

    @rule(
        number=NUMBERS,
        place=st.integers(0, 50),
        label=st.sampled_from(["cleared", "permit found"]),
        by=PEOPLE,
    )
    def decide(self, number: int, place: int, label: str, by: str) -> None:
        names = Group(f"camp-{number - 1}", 51).accounts()
        permit = PermitFound("licence") if label == "permit found" else None
        self.attempt(
            number, self.cases.decide, account=names[place], label=label, by=by, reason="asked", permit=permit
        )

    @rule()
    def sign(self) -> None:
        assert self.cases.checkpoint().holds()

    @invariant()
    def everything_holds(self) -> None:
        assert self.cases.verify().faults == ()

    @invariant()
    def labels_are_those_of_closed_cases(self) -> None:
        told = {row["identity"] for row in self.cases.labels()["campaign"]}
        closed = {case.identity for case in self.cases.all() if case.state == "closed"}
        assert told <= closed

    def teardown(self) -> None:
        self.cases.database.close()
        shutil.rmtree(self.folder)


FEW = settings(
    max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestWork = Work.TestCase
TestWork.settings = FEW


@pytest.mark.slow
def test_the_same_in_postgresql(postgresql: Callable[[], str]) -> None:
    class There(Work):
        place = staticmethod(postgresql)

    run_state_machine_as_test(There, settings=settings(FEW, max_examples=4))
