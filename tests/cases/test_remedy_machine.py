"""Any order of plans, carrying out, undoing, clearing and appeals: store, journal and gateway agree."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from case_runs import Group
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from remedy_stores import beside

from stillwatch.cases.remediation.left_out import left_out
from stillwatch.cases.remediation.plan_words import RESTORES, Stage
from stillwatch.cases.remedy import Step
from stillwatch.cases.store import Store
from stillwatch.errors import CaseError

GROUPS = (Group("camp-one", 3), Group("camp-two", 4), Group("camp-three", 2, role="victim"))
NUMBERS = st.integers(1, 3)
PEOPLE = st.sampled_from(["Anna", "Bela", "Chi"])
PLACES = st.integers(0, 3)


class Work(RuleBasedStateMachine):
    """People at cases, with a guard's state beside them."""

    place: Callable[[], str] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="stillwatch-remedy-"))
        place = self.place() if self.place else str(self.folder / "CASES.db")
        self.all = beside(place, self.folder, *GROUPS, second_person=3)
        self.door, self.cases = self.all.door, self.all.cases

    def attempt(self, call: Any, *words: Any, **more: Any) -> Any:
        """Do something; what is refused leaves nothing."""
        events, entries = len(self.cases.events()), len(self.all.entries())
        error = None
        try:
            return call(*words, reason="so", **more)
        except CaseError as refused:
            error = refused
        assert error.do
        assert (len(self.cases.events()), len(self.all.entries())) == (events, entries)
        return None

    @rule(
        number=NUMBERS,
        state=st.sampled_from(["open", "investigating", "acting", "awaiting second review"]),
        by=PEOPLE,
    )
    def move(self, number: int, state: str, by: str) -> None:
        self.attempt(self.cases.move, number, state, by=by)

    @rule(number=NUMBERS, by=PEOPLE)
    def review(self, number: int, by: str) -> None:
        self.attempt(self.cases.review, number, agree=True, by=by)

    @rule(number=NUMBERS, by=PEOPLE)
    def act(self, number: int, by: str) -> None:
        self.attempt(self.cases.move, number, "investigating", by=by)
        self.attempt(self.cases.move, number, "acting", by=by)
        self.attempt(self.door.plan, number, by=by)
        self.attempt(self.door.carry_out, number, Stage.BLOCK, by=by)

    @rule(number=NUMBERS, outcome=st.sampled_from(["confirmed", "not distillation", "victim"]), by=PEOPLE)
    def close(self, number: int, outcome: str, by: str) -> None:
        self.act(number, by)
        self.attempt(self.cases.close, number, outcome, by=by)

    @rule(number=NUMBERS, place=PLACES, label=st.sampled_from(["cleared", "confirmed"]), by=PEOPLE)
    def decide(self, number: int, place: int, label: str, by: str) -> None:
        accounts = GROUPS[number - 1].accounts()
        self.attempt(self.cases.decide, number, accounts[place % len(accounts)], label, by=by)

    @rule(number=NUMBERS, by=PEOPLE)
    def plan(self, number: int, by: str) -> None:
        self.attempt(self.door.plan, number, by=by)

    @rule(number=NUMBERS, stage=st.sampled_from([Stage.FIRST, Stage.SLOW, Stage.BLOCK]), by=PEOPLE)
    def carry_out(self, number: int, stage: Stage, by: str) -> None:
        if by == "Chi":
            self.attempt(self.cases.move, number, "acting", by=by)
        refused = ""
        if self.door.plans(number):
            refused = self.door.refusal(number)
        made = self.attempt(self.door.carry_out, number, stage, by=by)
        assert made is None or not refused

    @rule(number=NUMBERS, place=st.integers(-1, 9), by=PEOPLE)
    def undo(self, number: int, place: int, by: str) -> None:
        steps = [s.id for made in self.door.plans(number) for s in made.steps if s.state == "done"]
        self.attempt(self.door.undo, number, steps[place % len(steps)] if place >= 0 and steps else "", by=by)

    @rule(number=NUMBERS, by=PEOPLE)
    def send(self, number: int, by: str) -> None:
        for letter in self.door.letters(number):
            self.attempt(self.door.approve_letter, letter.id, by=by)
            self.attempt(self.door.send_letter, letter.id, by=by)

    @rule(
        number=NUMBERS,
        place=PLACES,
        answer=st.sampled_from(["overturn", "partly", "uphold"]),
        by=st.sampled_from(["Dora", "Eve", "Anna"]),
    )
    def appeal(self, number: int, place: int, answer: str, by: str) -> None:
        self.act(number, "Anna")
        self.send(number, "Bela")
        notices = [one for letter in self.door.letters(number) for one in self.door.notices(letter.id)]
        if not notices:
            return
        token = self.door.link(notices[place % len(notices)].id).rpartition("/")[2]
        with contextlib.suppress(CaseError):
            self.door.open_appeal(token, "no")
        for one in self.door.appeals(number):
            if one.state == "open":
                made = self.attempt(self.door.answer_appeal, one.id, answer, by=by)
                assert made is None or by not in one.original["by"]

    @rule()
    def resume(self) -> None:
        assert self.door.resume() == []

    @invariant()
    def the_store_holds(self) -> None:
        assert self.cases.verify().faults == ()
        assert self.cases.rebuild(check=True) == ()

    @invariant()
    def journal_and_store_tell_the_same(self) -> None:
        entries = self.all.entries()
        assert max(Counter(one.data["once"] for one in entries).values(), default=1) == 1
        with self.cases.database.reading() as session:
            steps = Store(session).remedies.all(Step)
        seqs = (
            {step.seq for step in steps}
            | {step.ended for step in steps}
            | {a.seq for a in self.door.appeals()}
        )
        assert seqs - {None} == {one.seq for one in entries}
        assert self.all.told.again == 0

    @invariant()
    def the_gateway_does_what_the_plans_say(self) -> None:
        with self.cases.database.reading() as session:
            store = Store(session)
            steps = store.remedies.all(Step)
            for number, group in enumerate(GROUPS, 1):
                mine = [one for one in steps if one.case_id == number]
                restricts = [one for one in mine if one.kind == "restrict" and one.state == "done"]
                held = any(one.kind == "hold" and one.state == "done" for one in mine)
                spared = {
                    name: why
                    for name, why in left_out(store, group.accounts(), time.time()).items()
                    if why.startswith("appeal ")
                }
                heard = {one.account for one in self.door.appeals(number) if one.answer == "overturn"}
                freed = {
                    name
                    for one in mine
                    if one.kind == "free" and one.state == "done"
                    for name in self.door.accounts(one.id)
                }
                for account in group.accounts():
                    met = self.all.meets(account)
                    acts = [one for one in restricts if account in self.door.accounts(one.id)]
                    if held or account in freed or account in spared or group.role == "victim":
                        assert not met
                    elif account not in heard:
                        assert met == {one.parameters["step"] for one in acts}

    @invariant()
    def what_was_dismissed_waits_for_its_restoration(self) -> None:
        waiting = self.door.pending().restore
        for case in self.cases.all():
            steps = [one for made in self.door.plans(case.id) for one in made.steps]
            acts = any(one.kind == "restrict" and one.state == "done" for one in steps)
            closed = case.state == "closed" and case.outcome in RESTORES
            assert (case.id in waiting) == (acts and closed)

    def teardown(self) -> None:
        self.all.close()
        shutil.rmtree(self.folder)


FEW = settings(max_examples=6, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck))
TestWork = Work.TestCase
TestWork.settings = FEW


@pytest.mark.slow
def test_the_same_in_postgresql(postgresql: Callable[[], str]) -> None:
    class There(Work):
        place = staticmethod(postgresql)

    run_state_machine_as_test(There, settings=settings(FEW, max_examples=3))
