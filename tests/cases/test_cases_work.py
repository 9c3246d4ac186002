"""What people do with a case, on both databases."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from case_stores import stocked

from stillwatch.case_settings import CaseSettings
from stillwatch.cases import Cases
from stillwatch.cases.states import CLOSES, MOVES, Outcome, State
from stillwatch.errors import CaseConflict, CaseError

SMALL, LARGE = 1, 2


@pytest.fixture
def cases(place: str, tmp_path: Path) -> Iterator[Cases]:
    with stocked(place, tmp_path / "run") as made:
        yield made


def to_investigating(cases: Cases, number: int) -> None:
    cases.move(number, "investigating", by="Anna", reason="looks odd")


def test_a_case_goes_from_found_to_closed_and_every_step_is_an_event(cases: Cases) -> None:
    to_investigating(cases, SMALL)
    cases.move(SMALL, "acting", by="Anna", reason="five accounts, all named")
    cases.move(SMALL, "appealed", by="Bela", reason="a customer objects")
    closed = cases.close(SMALL, "confirmed", by="Bela", reason="the appeal was answered")
    assert (closed.state, closed.outcome, closed.version) == ("closed", "confirmed", 5)
    told = [(str(event.action), event.actor, event.reason) for event in cases.events(SMALL)]
    assert told[1:] == [
        ("moved", "Anna", "looks odd"),
        ("moved", "Anna", "five accounts, all named"),
        ("moved", "Bela", "a customer objects"),
        ("closed", "Bela", "the appeal was answered"),
    ]
    last = cases.events(SMALL)[-1]
    assert last.previous["state"] == "appealed"
    assert last.new["state"] == "closed"
    assert not cases.verify().faults


@pytest.mark.parametrize("state", list(State))
def test_only_the_moves_of_the_table_are_made(tmp_path: Path, state: State) -> None:
    cases = stocked(str(tmp_path / "CASES.db"), tmp_path / "run")
    bring(cases, state)
    before = cases.show(SMALL)
    assert before.state == state
    for wanted in State:
        if wanted in MOVES[state]:
            continue
        with pytest.raises(CaseError):
            cases.move(SMALL, wanted, by="Anna", reason="try")
    assert cases.show(SMALL) == before
    for wanted in MOVES[state]:
        cases.move(SMALL, wanted, by="Anna", reason="go")
        assert cases.show(SMALL).state == wanted
        bring(cases, state)
    for outcome in Outcome:
        if state not in CLOSES[outcome]:
            with pytest.raises(CaseError, match="cannot be closed"):
                cases.close(SMALL, outcome, by="Anna", reason="try")


def bring(cases: Cases, state: State) -> None:
    """Bring the small case to a state, from wherever it is, by allowed steps."""
    here = State(cases.show(SMALL).state)
    if here is state:
        return
    if here is State.CLOSED:
        cases.move(SMALL, State.OPEN, by="Anna", reason="again")
    elif here is State.APPEALED or here in (State.ACTING, State.SECOND_REVIEW):
        cases.move(SMALL, State.INVESTIGATING, by="Anna", reason="again")
    elif here is State.INVESTIGATING and state in (State.OPEN, State.TRIAGE):
        cases.move(SMALL, State.TRIAGE, by="Anna", reason="again")
    elif here is State.TRIAGE and state is State.OPEN:
        cases.move(SMALL, State.OPEN, by="Anna", reason="again")
    elif here is State.OPEN and state is State.TRIAGE:
        cases.move(SMALL, State.TRIAGE, by="Anna", reason="on")
    elif here in (State.OPEN, State.TRIAGE):
        cases.move(SMALL, State.INVESTIGATING, by="Anna", reason="on")
    elif state is State.CLOSED:
        cases.close(SMALL, Outcome.INSUFFICIENT, by="Anna", reason="on")
    elif state is State.APPEALED:
        cases.move(SMALL, State.ACTING, by="Anna", reason="on")
        cases.move(SMALL, State.APPEALED, by="Anna", reason="on")
    else:
        cases.move(SMALL, state, by="Anna", reason="on")
    bring(cases, state)


def test_a_large_takedown_needs_two_persons(cases: Cases) -> None:
    to_investigating(cases, LARGE)
    with pytest.raises(CaseError, match="more than one person may decide"):
        cases.move(LARGE, "acting", by="Anna", reason="go")
    cases.move(LARGE, "awaiting second review", by="Anna  Berg", reason="thirty accounts")
    for same in ("anna berg", "ANNA BERG", " AnnaBerg ", "\uff21nna Berg", "anna\u00a0berg"):
        with pytest.raises(CaseError, match="asked for the second review"):
            cases.review(LARGE, agree=True, by=same, reason="yes")
        with pytest.raises(CaseError, match="asked for the second review"):
            cases.review(LARGE, agree=False, by=same, reason="no")
    with pytest.raises(CaseError, match="cannot go from"):
        cases.move(LARGE, "acting", by="Bela", reason="go")
    acting = cases.review(LARGE, agree=True, by="Bela", reason="I looked at all thirty")
    assert (acting.state, acting.proposed_by, acting.approved_by) == ("acting", "Anna Berg", "Bela")
    assert acting.approved_accounts == 30
    back = cases.move(LARGE, "investigating", by="Anna", reason="one more look")
    assert (back.approved_by, back.approved_accounts) == ("", 0)
    with pytest.raises(CaseError, match="more than one person may decide"):
        cases.move(LARGE, "acting", by="Anna", reason="go")


def test_a_second_person_may_refuse(cases: Cases) -> None:
    to_investigating(cases, LARGE)
    cases.move(LARGE, "awaiting second review", by="Anna", reason="thirty accounts")
    refused = cases.review(LARGE, agree=False, by="Bela", reason="half of them are a class")
    assert (refused.state, refused.proposed_by) == ("investigating", "")
    with pytest.raises(CaseError, match="awaits no second review"):
        cases.review(LARGE, agree=True, by="Bela", reason="yes")


def test_the_size_that_needs_two_is_a_setting(tmp_path: Path) -> None:
    cases = stocked(
        str(tmp_path / "CASES.db"), tmp_path / "run", settings=CaseSettings(second_person=4, label_days=1.0)
    )
    to_investigating(cases, SMALL)
    with pytest.raises(CaseError, match="5 accounts are more"):
        cases.move(SMALL, "acting", by="Anna", reason="go")
    closed = cases.close(SMALL, "confirmed", by="Anna", reason="sure")
    expires = cases.labels()["campaign"][0]["expires"]
    assert closed.outcome == "confirmed"
    assert expires[:10] in {
        time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86_400 + slack)) for slack in (-5, 0)
    }


def test_who_comes_second_is_told_who_changed_what(cases: Cases) -> None:
    seen = cases.show(SMALL).version
    cases.assign(SMALL, "Anna", by="Anna", version=seen)
    with pytest.raises(CaseConflict) as caught:
        cases.assign(SMALL, "Bela", by="Bela", version=seen)
    said = str(caught.value)
    assert "changed meanwhile" in said
    assert "Anna," in said
    assert "assignee" in said
    assert caught.value.exit_code == 6
    with pytest.raises(CaseConflict, match="Anna works on case 1 already"):
        cases.assign(SMALL, "Bela", by="Bela")
    assert cases.assign(SMALL, "Bela", by="Bela", version=seen + 1).assignee == "Bela"
    assert cases.assign(SMALL, "", by="Bela").assignee == ""


def test_notes_tags_rest_deadline_links(cases: Cases) -> None:
    now = time.time()
    cases.note(SMALL, "  two lines\nof <b>text</b>\u2028 ", by="Anna")
    cases.tag(SMALL, ["Relay", "q4"], by="Anna")
    cases.tag(SMALL, ["vip"], ["relay"], by="Bela")
    cases.snooze(SMALL, now + 3600, by="Anna", reason="waits for the bank")
    cases.deadline(SMALL, now - 10, by="Anna")
    case = cases.link(SMALL, "related", LARGE, by="Anna", reason="same card")
    assert [note.text for note in case.notes] == ["two lines\nof <b>text</b>"]
    assert case.tags == ("q4", "vip")
    assert case.links == (("related", LARGE),)
    assert case.snoozed(now)
    assert not case.snoozed(now + 3601)
    assert case.overdue(now)
    woken = cases.snooze(SMALL, None, by="Anna", reason="they answered")
    assert woken.snoozed_until is None
    assert cases.link(SMALL, "related", LARGE, by="Anna", remove=True).links == ()
    assert cases.deadline(SMALL, None, by="Anna").deadline is None
    assert cases.show(SMALL) == cases.all()[0]
    assert not cases.verify().faults


@pytest.mark.parametrize(
    "wrong",
    [
        lambda cases: cases.move(SMALL, "triage", by="Anna", reason="  "),
        lambda cases: cases.move(SMALL, "triage", by=" ", reason="x"),
        lambda cases: cases.move(SMALL, "triage", by="stillwatch", reason="x"),
        lambda cases: cases.move(SMALL, "nowhere", by="Anna", reason="x"),
        lambda cases: cases.move(99, "triage", by="Anna", reason="x"),
        lambda cases: cases.note(SMALL, "a\0b", by="Anna"),
        lambda cases: cases.note(SMALL, "half \ud800", by="Anna"),
        lambda cases: cases.tag(SMALL, ["two words"], by="Anna"),
        lambda cases: cases.tag(SMALL, [], by="Anna"),
        lambda cases: cases.snooze(SMALL, 5.0, by="Anna", reason="x"),
        lambda cases: cases.snooze(SMALL, float("nan"), by="Anna", reason="x"),
        lambda cases: cases.snooze(SMALL, None, by="Anna", reason="x"),
        lambda cases: cases.deadline(SMALL, float("inf"), by="Anna"),
        lambda cases: cases.link(SMALL, "related", SMALL, by="Anna"),
        lambda cases: cases.link(SMALL, "related", 77, by="Anna"),
        lambda cases: cases.link(SMALL, "twin", LARGE, by="Anna"),
        lambda cases: cases.close(SMALL, "duplicate", by="Anna", reason="x"),
        lambda cases: cases.close(SMALL, "not distillation", by="Anna", reason="x", duplicate_of=LARGE),
        lambda cases: cases.close(SMALL, "not distillation", by="Anna", reason="x", until=1.0),
        lambda cases: cases.decide(SMALL, "nobody", "cleared", by="Anna", reason="x"),
        lambda cases: cases.decide(SMALL, "acct-1", "permit found", by="Anna", reason="x"),
    ],
)
def test_what_says_too_little_or_means_nothing_is_refused_and_leaves_nothing(
    cases: Cases, wrong: object
) -> None:
    before = (cases.all(), cases.events())
    with pytest.raises(CaseError):
        wrong(cases)  # type: ignore[operator]
    assert (cases.all(), cases.events()) == before


def test_a_duplicate_is_linked_and_teaches_nothing(cases: Cases) -> None:
    closed = cases.close(SMALL, "duplicate", by="Anna", reason="the same card", duplicate_of=LARGE)
    assert closed.links == (("duplicate of", LARGE),)
    assert cases.labels()["campaign"] == []
