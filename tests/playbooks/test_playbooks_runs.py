"""Runs of playbooks are events: in order, once, by people and by checks; audited, rebuilt, and migrated."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from case_runs import Group, Sealed, sealed
from case_stores import sql, stocked
from playbook_files import action as step_of
from playbook_files import chain, condition, made, name
from sqlalchemy.orm import Session

from stillwatch.cases import Cases
from stillwatch.cases.database import Database
from stillwatch.cases.event import Action
from stillwatch.cases.keeping import upgrade
from stillwatch.cases.outbox.message import Message
from stillwatch.cases.schema import bring_to
from stillwatch.errors import CaseError, PlaybookError
from stillwatch.playbooks import Playbooks
from stillwatch.playbooks.marking import Said
from stillwatch.playbooks.progress import Progress

BRANCHED = made(
    name("if-condition", "q"),
    condition("q", name("action", "a"), name("action", "b"), check="case_needs_second"),
    step_of("a"),
    step_of("b"),
)


@pytest.fixture
def cases(place: str, tmp_path: Path) -> Iterator[Cases]:
    """Two cases: one with 5 accounts, one with 30."""
    with stocked(place, tmp_path / "run", signing=tmp_path / "signing.key") as made_cases:
        yield made_cases


@pytest.fixture
def playbooks(cases: Cases) -> Playbooks:
    return Playbooks(cases)


def done(reason: str = "seen") -> Said:
    return Said("done", "Anna", reason)


def marks(progress: Progress) -> dict[str, str]:
    return {one.step.name: one.mark.stands for one in progress.steps if one.mark is not None}


def positions(progress: Progress) -> list[str]:
    return [str(one.position) for one in progress.steps]


def test_people_confirm_step_by_step(playbooks: Playbooks, cases: Cases) -> None:
    begun = playbooks.begin(chain("a", "b"), 1, by="Anna", reason="an alarm rang")
    assert (begun.run.number, begun.run.state, positions(begun)) == (1, "open", ["ready", "waiting"])
    with pytest.raises(PlaybookError, match="comes later"):
        playbooks.mark(1, 1, 2, done())
    playbooks.mark(1, 1, 1, done("looked at the page"))
    with pytest.raises(CaseError, match="said in words"):
        playbooks.mark(1, 1, 2, Said("skipped", "Anna", " "))
    with pytest.raises(CaseError, match="a name must be given"):
        playbooks.mark(1, 1, 2, Said("skipped", "", "no"))
    with pytest.raises(CaseError, match="signed with"):
        playbooks.mark(1, 1, 2, Said("skipped", "Stillwatch", "no"))
    last = playbooks.mark(1, 1, 2, Said("skipped", "Bela", "not needed here"))
    assert (last.run.state, last.complete, marks(last)) == ("done", True, {"a": "done", "b": "skipped"})
    events = [event for event in cases.events(1) if "playbook" in event.new]
    assert [(event.action, event.actor) for event in events] == [
        (Action.PLAYBOOK_BEGUN, "Anna"),
        (Action.PLAYBOOK_MARKED, "Anna"),
        (Action.PLAYBOOK_MARKED, "Bela"),
        (Action.PLAYBOOK_MARKED, "stillwatch"),
    ]
    assert [event.reason for event in events] == [
        "an alarm rang",
        "looked at the page",
        "not needed here",
        "",
    ]
    with pytest.raises(PlaybookError, match="the run is done"):
        playbooks.mark(1, 1, 1, done())


def test_saying_it_twice_writes_nothing_and_saying_otherwise_is_refused(
    playbooks: Playbooks, cases: Cases
) -> None:
    playbooks.begin(chain("a", "b"), 1, by="Anna")
    first = playbooks.mark(1, 1, 1, done())
    count = len(cases.events())
    assert playbooks.mark(1, 1, 1, done()).run == first.run
    assert playbooks.begin(chain("a", "b"), 1, by="Bela").run == first.run
    assert playbooks.refresh(1, 1).run == first.run
    assert len(cases.events()) == count
    with pytest.raises(PlaybookError, match="Anna has said"):
        playbooks.mark(1, 1, 1, Said("skipped", "Bela", "no"))
    taken_back = playbooks.mark(1, 1, 1, Said("open", "Bela", "a mistake"))
    assert marks(taken_back) == {}
    with pytest.raises(PlaybookError, match="nobody has said"):
        playbooks.mark(1, 1, 1, Said("open", "Bela", "again"))


def test_checks_fill_themselves_in_and_fall_back(playbooks: Playbooks, cases: Cases) -> None:
    begun = playbooks.begin(chain("a", "b", a="case_taken", b="case_deadline"), 1, by="Anna")
    assert marks(begun) == {"a": "missing", "b": "missing"}
    assert [one.number for one in begun.missing] == [1, 2]
    cases.assign(1, "Anna", by="Anna")
    cases.deadline(1, 4e9, by="Anna")
    met = playbooks.refresh(1, 1)
    assert (marks(met), met.run.state) == ({"a": "met", "b": "met"}, "done")

    again = playbooks.begin(chain("a", "b", a="case_taken"), 1, by="Anna", new=True)
    assert (again.run.number, marks(again), positions(again)) == (2, {"a": "met"}, ["settled", "ready"])
    cases.assign(1, "", by="Anna")
    assert positions(playbooks.refresh(1, 2)) == ["ready", "waiting"]
    with pytest.raises(PlaybookError, match="comes later"):
        playbooks.mark(1, 2, 2, done())


def test_a_check_that_finds_something_missing_is_skipped_and_never_confirmed(playbooks: Playbooks) -> None:
    playbooks.begin(chain("a", "b", a="case_taken"), 1, by="Anna")
    with pytest.raises(PlaybookError, match="its check decides") as caught:
        playbooks.mark(1, 1, 1, done())
    assert "case assign" in caught.value.do
    found = playbooks.mark(1, 1, 1, Said("skipped", "Anna", "a drill"))
    assert positions(found) == ["settled", "ready"]
    assert positions(playbooks.refresh(1, 1)) == ["settled", "ready"]


def test_what_a_check_cannot_tell_a_person_confirms(playbooks: Playbooks) -> None:
    begun = playbooks.begin(chain("a", "b", a="state_fresh"), 1, by="Anna")
    assert marks(begun) == {"a": "cannot tell"}
    assert begun.missing == ()
    found = playbooks.mark(1, 1, 1, done("looked at the gateway"))
    assert positions(found) == ["settled", "ready"]


@pytest.mark.parametrize(("case", "way"), [(1, ["settled", "not on the way"]), (2, ["settled", "ready"])])
def test_a_check_decides_a_condition(playbooks: Playbooks, case: int, way: list[str]) -> None:
    begun = playbooks.begin(BRANCHED, case, by="Anna")
    assert positions(begun)[:2] == way
    assert begun.missing == ()
    with pytest.raises(PlaybookError):
        playbooks.mark(case, 1, 1, Said("chosen", "Anna", "I want", "true"))


def test_a_condition_without_a_check_is_a_persons(playbooks: Playbooks) -> None:
    free = made(
        name("if-condition", "q"),
        condition("q", name("action", "a"), name("action", "b")),
        step_of("a"),
        step_of("b"),
    )
    playbooks.begin(free, 1, by="Anna")
    for said in (done(), Said("chosen", "Anna", "so", "perhaps"), Said("skipped", "Anna", "so")):
        with pytest.raises(PlaybookError):
            playbooks.mark(1, 1, 1, said)
    with pytest.raises(PlaybookError, match="comes later"):
        playbooks.mark(1, 1, 2, done())
    found = playbooks.mark(1, 1, 1, Said("chosen", "Anna", "it is not", "false"))
    assert positions(found) == ["settled", "not on the way", "ready"]
    with pytest.raises(PlaybookError, match="not on the way"):
        playbooks.mark(1, 1, 2, done())


def test_the_playbook_of_a_run_stays_what_it_was(playbooks: Playbooks, cases: Cases) -> None:
    old, new = chain("a", "b"), chain("a", "b", "c")
    playbooks.begin(old, 1, by="Anna")
    assert len(playbooks.begin(new, 1, by="Anna").steps) == 2
    assert len(playbooks.begin(new, 1, by="Anna", new=True).steps) == 3
    assert playbooks.frozen(1, 1).sha256 == old.sha256
    assert playbooks.frozen(1, 2).sha256 == new.sha256
    playbooks.begin(old, 2, by="Anna")
    held = [event.case for event in cases.events() if "document" in event.new.get("playbook", {})]
    assert held == [1, 1]
    assert [(run.case, run.number) for run in playbooks.runs()] == [(1, 1), (1, 2), (2, 1)]
    assert not cases.verify().faults


def test_a_run_can_be_ended(playbooks: Playbooks) -> None:
    playbooks.begin(chain("a"), 1, by="Anna")
    for _ in range(2):
        assert playbooks.end(1, 1, by="Anna", reason="another way").run.state == "ended"
    with pytest.raises(PlaybookError, match="the run is ended"):
        playbooks.mark(1, 1, 1, done())


def test_what_there_is_not_is_told(playbooks: Playbooks) -> None:
    with pytest.raises(CaseError, match="no case 9"):
        playbooks.begin(chain("a"), 9, by="Anna")
    with pytest.raises(PlaybookError, match="has no run 3"):
        playbooks.progress(1, 3)
    playbooks.begin(chain("a"), 1, by="Anna")
    with pytest.raises(PlaybookError, match="no step 7"):
        playbooks.mark(1, 1, 7, done())
    with pytest.raises(PlaybookError, match="cannot be"):
        playbooks.mark(1, 1, 1, Said("met", "Anna", "so"))
    with pytest.raises(PlaybookError, match="says nothing of a failure"):
        playbooks.mark(1, 1, 1, Said("failed", "Anna", "so"))
    with pytest.raises(PlaybookError, match="no playbook 'identfy'"):
        playbooks.named("identfy")


def test_since_when_is_the_first_time_that_it_was_seen(playbooks: Playbooks, cases: Cases) -> None:
    begun = playbooks.begin(chain("a", a="case_taken"), 1, by="Anna")
    first = begun.steps[0].since
    assert first is not None
    assert playbooks.refresh(1, 1).steps[0].since == first
    answer, since = playbooks.check(["case_taken"], 1)["case_taken"]
    assert (str(answer.holds), since) == ("missing", first)
    assert playbooks.check(["case_taken"], 2)["case_taken"][1] != first
    assert playbooks.progress(1, 1, look=False).steps[0].since == first
    cases.assign(1, "Anna", by="Anna")
    playbooks.check(["case_taken"], 1)
    cases.assign(1, "", by="Anna")
    later = playbooks.check(["case_taken"], 1)["case_taken"][1]
    assert later is not None
    assert later > first


def test_reading_writes_nothing(playbooks: Playbooks, cases: Cases) -> None:
    playbooks.begin(chain("a", a="case_taken"), 1, by="Anna")
    cases.assign(1, "Anna", by="Anna")
    count = len(cases.events())
    looked, kept = playbooks.progress(1, 1), playbooks.progress(1, 1, look=False)
    assert (looked.missing, [one.number for one in kept.missing]) == ((), [1])
    assert len(cases.events()) == count


def test_messages_are_queued_within_the_transaction(cases: Cases) -> None:
    told: list[Message] = []

    def tell(_session: Session, message: Message) -> None:
        told.append(message)
        if message.topic == "playbook.done":
            raise CaseError("the queue is broken", where="here", do="mend it")

    playbooks = Playbooks(cases, tell=tell)
    playbooks.begin(chain("a"), 1, by="Anna")
    with pytest.raises(CaseError, match="queue is broken"):
        playbooks.mark(1, 1, 1, done())
    assert [message.topic for message in told] == ["playbook.begun", "playbook.done"]
    found = playbooks.progress(1, 1)
    assert (found.run.state, marks(found)) == ("open", {"a": "done"})
    assert Playbooks(cases).refresh(1, 1).run.state == "done"


def test_two_at_once_lose_nothing(playbooks: Playbooks, cases: Cases) -> None:
    begun = [
        threading.Thread(target=playbooks.begin, args=(chain("a"), 1), kwargs={"by": f"P{one}"})
        for one in range(4)
    ]
    for thread in begun:
        thread.start()
    for thread in begun:
        thread.join()
    assert len(playbooks.runs(1)) == 1
    said: list[str] = []

    def say(who: str) -> None:
        try:
            playbooks.mark(1, 1, 1, Said("done", who, f"by {who}"))
        except PlaybookError as error:
            said.append(error.what)

    people = [threading.Thread(target=say, args=(f"P{one}",)) for one in range(4)]
    for thread in people:
        thread.start()
    for thread in people:
        thread.join()
    by_people = [event for event in cases.events(1) if event.new.get("playbook", {}).get("marks")]
    assert len(by_people) == 1
    assert not cases.verify().faults


EDITS = {
    "UPDATE playbook_runs SET begun_by = 'Eve'": "run 1 of a playbook for case 1",
    "UPDATE playbook_runs SET state = 'done'": "run 1 of a playbook for case 1",
    "UPDATE playbook_steps SET stands = 'skipped'": "step ",
    "UPDATE playbook_steps SET reason = 'other'": "step ",
    "DELETE FROM playbook_steps": "step ",
    "DELETE FROM playbook_runs": "run 1 of a playbook for case 1",
    "UPDATE playbook_files SET content = '{}'": "playbook ",
    "DELETE FROM playbook_files": "playbook ",
    "INSERT INTO playbook_files VALUES ('00', 1, '{}')": "playbook 00",
    "INSERT INTO playbook_steps VALUES (2, 5, 'x', 'done', 1, 'Eve', '', '')": "steps of run 5",
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_row_is_found_named_and_mended(
    playbooks: Playbooks, cases: Cases, place: str, edit: str
) -> None:
    playbooks.begin(chain("a", "b"), 1, by="Anna")
    playbooks.mark(1, 1, 1, done())
    before = playbooks.progress(1, 1)
    assert not cases.verify().faults
    sql(place, edit)
    faults = cases.verify().faults
    assert [fault.where for fault in faults if fault.where.startswith(EDITS[edit])], faults
    cases.rebuild(check=False)
    assert not cases.verify().faults
    assert playbooks.progress(1, 1) == before


def test_a_playbook_that_was_changed_behind_its_back_is_not_gone_on_with(
    playbooks: Playbooks, place: str
) -> None:
    playbooks.begin(chain("a", "b"), 1, by="Anna")
    other = chain("a", "c").content
    with Database(place) as database, database.writing() as session:
        session.connection().exec_driver_sql(
            "UPDATE playbook_files SET content = " + ("?" if database.sqlite else "%s"), (other,)
        )
    with pytest.raises(PlaybookError, match="not what its hash says"):
        playbooks.refresh(1, 1)


def test_down_and_up_with_runs_in_it(cases: Cases, place: str) -> None:
    playbooks = Playbooks(cases)
    playbooks.begin(chain("a", "b", a="case_taken"), 1, by="Anna")
    playbooks.mark(1, 1, 1, Said("skipped", "Anna", "a drill"))
    before = playbooks.progress(1, 1)
    with Database(place) as database:
        with database.writing() as session:
            bring_to(session, "0004")
        with pytest.raises(CaseError, match="older version"):
            Cases(place)
        upgrade(database, backed_up=True)
    with Cases(place) as again:
        assert not again.verify().faults
        after = Playbooks(again).progress(1, 1)
    assert (after.run, after.playbook, positions(after)) == (before.run, before.playbook, positions(before))
    assert after.steps[0].since is None, "since when is measured, and no event tells of it"


def test_a_run_survives_what_a_sync_does_to_its_case(
    playbooks: Playbooks, cases: Cases, tmp_path: Path
) -> None:
    playbooks.begin(chain("a"), 1, by="Anna")
    cases.sync(
        sealed(tmp_path / "later", Sealed("run-2", [Group("camp-small", 9), Group("camp-large", 30)], day=1))
    )
    assert playbooks.mark(1, 1, 1, done()).run.state == "done"
    assert cases.show(1).version == len(cases.events(1))
    assert not cases.verify().faults
