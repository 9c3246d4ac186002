"""Each check on a real small state, of cases: met where it is so, missing where it is not."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from case_runs import Group, Sealed, sealed
from case_stores import sql
from playbook_worlds import DAY, NOW, WHO, World, blind, world

from stillwatch.cases.deciding import PermitFound
from stillwatch.cases.keeping import backup
from stillwatch.guard.people import People
from stillwatch.guard.people import Said as Decided
from stillwatch.guard.publish import publish
from stillwatch.playbooks import Playbooks
from stillwatch.playbooks.check import CHECKS, Holds
from stillwatch.playbooks.marking import Said
from stillwatch.playbooks.places import Places, span
from stillwatch.playbooks.sharing_seen import SharingSeen
from stillwatch.playbooks.shipped import shipped

__all__ = ["world"]


def test_deadlines(world: World) -> None:
    assert world.holds("deadlines_set") is Holds.NOT_APPLICABLE
    assert world.holds("deadlines_kept") is Holds.NOT_APPLICABLE
    world.cases.sync(world.run)
    world.cases.deadline(1, NOW + DAY, by="Anna")
    assert world.ask("deadlines_set").evidence == "2 open cases, 1 without a deadline: 2"
    world.cases.deadline(2, NOW + 3 * DAY, by="Anna")
    assert world.holds("deadlines_set") is Holds.MET
    assert world.holds("deadlines_kept") is Holds.MET
    world.now = NOW + 2 * DAY
    assert world.ask("deadlines_kept").evidence == "2 open cases, 1 overdue: 1"


def test_second_persons(world: World) -> None:
    world.cases.sync(world.run)
    world.cases.move(1, "investigating", **WHO)
    assert "1 person has" in world.ask("second_person").evidence
    world.cases.move(2, "investigating", **WHO)
    world.cases.move(2, "awaiting second review", **WHO)
    world.cases.review(2, agree=True, by="Bela", reason="read it")
    assert world.holds("second_person") is Holds.MET
    world.cases.sync(
        sealed(world.folder / "later", Sealed("run-2", [Group("camp-a"), Group("camp-b", 60)], day=1))
    )
    answer = world.ask("second_person")
    assert (answer.holds, answer.evidence[-3:]) == (Holds.MISSING, ": 2")


def test_appeals_are_answered_in_time(world: World) -> None:
    world.cases.sync(world.run)
    assert world.holds("appeals_in_time") is Holds.NOT_APPLICABLE
    for state in ("investigating", "acting", "appealed"):
        world.cases.move(1, state, **WHO)
    world.now = time.time()
    assert world.holds("appeals_in_time") is Holds.MET
    world.now += 8 * DAY
    assert world.holds("appeals_in_time") is Holds.MISSING
    world.set(appeal_days=30.0)
    assert world.holds("appeals_in_time") is Holds.MET


def test_the_audit_and_its_checkpoints(world: World) -> None:
    world.cases.sync(world.run)
    world.now = time.time()
    assert world.holds("audit_holds") is Holds.MET
    assert world.holds("checkpoint_fresh") is Holds.MISSING
    world.cases.checkpoint()
    assert world.holds("checkpoint_fresh") is Holds.MET
    world.now += 3 * DAY
    assert world.holds("checkpoint_fresh") is Holds.MISSING
    sql(str(world.folder / "CASES.db"), "UPDATE cases SET assignee = 'Eve' WHERE id = 1")
    answer = world.ask("audit_holds")
    assert answer.holds is Holds.MISSING
    assert "case 1" in answer.evidence


def test_backups(world: World, tmp_path: Path) -> None:
    assert world.holds("backup_made") is Holds.CANNOT_TELL
    world.set(backups=str(tmp_path / "backups"))
    assert world.holds("backup_made") is Holds.CANNOT_TELL
    (tmp_path / "backups").mkdir()
    assert world.holds("backup_made") is Holds.MISSING
    made = backup(world.cases.database, tmp_path / "backups" / "cases.db")
    world.now = time.time()
    assert world.holds("backup_made") is Holds.MET
    os.utime(made, (world.now - 9 * DAY,) * 2)
    assert world.holds("backup_made") is Holds.MISSING


def test_the_public_statement(world: World) -> None:
    assert world.holds("restrictions_public") is Holds.MISSING
    world.set(restrictions_statement="https://example.com/restrictions")
    answer = world.ask("restrictions_public")
    assert answer.holds is Holds.MET
    assert "only a person can tell" in answer.evidence


def test_sharing_is_confirmed_by_people(world: World) -> None:
    world.cases.sync(world.run)
    playbooks = Playbooks(world.cases)
    assert world.holds("sharing_confirmed") is Holds.MISSING
    playbooks.begin(shipped("share"), 1, by="Anna")
    assert "1 runs" in world.ask("sharing_confirmed").evidence
    while playbooks.progress(1, 1).run.state == "open":
        first = playbooks.progress(1, 1).next[0]
        stands = "skipped" if first.step.binding.check else "done"
        playbooks.mark(1, 1, first.number, Said(stands, "Anna", "confirmed"))
    world.now = time.time()
    assert world.holds("sharing_confirmed") is Holds.MET


SEEN = SharingSeen(
    side=True,
    looked=NOW,
    members=3,
    evidence=0,
    store=True,
    waiting=0,
    left=2,
    last_left=NOW,
    to_correct=0,
    corrected=0,
)


@pytest.mark.parametrize(
    ("name", "changes", "holds"),
    [
        ("sharing_confirmed", {}, Holds.MET),
        ("hub_joined", {}, Holds.MET),
        ("hub_joined", {"side": False}, Holds.MISSING),
        ("hub_joined", {"side": None}, Holds.CANNOT_TELL),
        ("sharing_log_checked", {}, Holds.MET),
        ("sharing_log_checked", {"looked": None}, Holds.MISSING),
        ("sharing_log_checked", {"looked": NOW - 8 * DAY}, Holds.MISSING),
        ("sharing_log_checked", {"evidence": 1}, Holds.MISSING),
        ("sharing_log_checked", {"side": False}, Holds.NOT_APPLICABLE),
        ("shared_corrected", {"corrected": 1}, Holds.MET),
        ("shared_corrected", {"to_correct": 1}, Holds.MISSING),
        ("shared_corrected", {"left": 0}, Holds.NOT_APPLICABLE),
        ("shared_corrected", {"store": False}, Holds.CANNOT_TELL),
    ],
)
def test_what_is_seen_of_sharing(name: str, changes: dict[str, Any], holds: Holds) -> None:
    seen = replace(SEEN, **changes)
    with Places(sharing=lambda: seen, now=NOW) as places:
        answer = CHECKS.all()[name].answer(places)
    assert answer.holds is holds
    assert bool(answer.do) == (holds is not Holds.MET)


def test_a_case_that_nobody_has_touched(world: World) -> None:
    world.cases.sync(world.run)
    before = {
        "case_taken": Holds.MISSING,
        "case_deadline": Holds.MISSING,
        "case_decided": Holds.MISSING,
        "case_closed": Holds.MISSING,
        "case_linked": Holds.MISSING,
        "case_permit_found": Holds.MISSING,
        "case_is_victim": Holds.MISSING,
        "case_has_successor": Holds.MISSING,
        "case_agreed": Holds.MISSING,
        "case_needs_second": Holds.MET,
        "case_evidence_kept": Holds.MET,
        "case_from_newest_run": Holds.MET,
    }
    assert {name: world.holds(name, 2) for name in before} == before
    assert world.holds("case_agreed", 1) is Holds.NOT_APPLICABLE
    assert world.holds("case_needs_second", 1) is Holds.MISSING


def test_one_case_from_open_to_closed(world: World) -> None:
    world.cases.sync(world.run)
    world.cases.assign(2, "Anna", by="Anna")
    world.cases.deadline(2, NOW + DAY, by="Anna")
    world.cases.link(2, "related", 1, by="Anna")
    account = Group("camp-b", 30).accounts()[0]
    world.cases.decide(2, account, "permit found", permit=PermitFound("licence-1"), **WHO)
    world.cases.move(2, "investigating", **WHO)
    world.cases.move(2, "awaiting second review", **WHO)
    assert world.holds("case_decided", 2) is Holds.MISSING
    world.cases.review(2, agree=True, by="Bela", reason="read it")
    for name in (
        "case_taken",
        "case_deadline",
        "case_decided",
        "case_linked",
        "case_permit_found",
        "case_agreed",
    ):
        assert world.holds(name, 2) is Holds.MET, name
    assert world.holds("case_linked", 1) is Holds.MET
    world.now = NOW + 2 * DAY
    assert world.holds("case_deadline", 2) is Holds.MISSING
    world.cases.close(2, "victim", **WHO)
    assert world.holds("case_closed", 2) is Holds.MET
    assert world.holds("case_is_victim", 2) is Holds.MET
    assert world.holds("case_deadline", 2) is Holds.NOT_APPLICABLE
    world.table("blindness", blind("facet", "ja4", 0.5))
    assert world.holds("case_from_newest_run", 2) is Holds.MISSING


def test_a_successor_and_a_victim(tmp_path: Path) -> None:
    world = World(tmp_path, Group("camp-a"), Group("camp-v", role="victim"))
    world.cases.sync(world.run)
    assert world.holds("case_is_victim", 2) is Holds.MET
    world.cases.link(2, "successor of", 1, by="Anna")
    assert world.holds("case_has_successor", 1) is Holds.MET
    assert world.holds("case_has_successor", 2) is Holds.MISSING
    world.cases.database.close()


def test_a_hold_on_a_case(world: World) -> None:
    world.cases.sync(world.run)
    publish(world.run, world.state, now=NOW)
    assert world.holds("case_held", 1) is Holds.MISSING
    with People(world.state) as people:
        people.hold("camp-a", Decided("Anna", "victims", time.time() + DAY))
    world.now = time.time()
    assert world.holds("case_held", 1) is Holds.MET
    assert world.holds("case_held", 2) is Holds.MISSING
    world.now += 2 * DAY
    assert world.holds("case_held", 1) is Holds.MISSING


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 minutes"), (60, "1 minute"), (3_600, "60 minutes"), (7_200, "2 hours"), (9 * DAY, "9 days")],
)
def test_spans_in_words(seconds: float, words: str) -> None:
    assert span(seconds) == words
