"""Plans: what stands in them, who is left out, what a dry run says, what the gateway does after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from case_runs import Group, Sealed, sealed
from case_stores import sql
from remedy_stores import OPEN, ROBBED, SMALL, Beside, acting, beside, by

from stillwatch.cases import Cases
from stillwatch.cases.keeping import backup
from stillwatch.cases.outbox.message import Message
from stillwatch.cases.remediation import Remediation
from stillwatch.cases.remediation.doing import IN_A_MESSAGE, _parts
from stillwatch.cases.remediation.dry import DryStep, sums
from stillwatch.cases.remediation.plan_words import Stage
from stillwatch.errors import CaseError
from stillwatch.guard.journal_entry import Kind
from stillwatch.guard.people import People, Said

BLOCK, SLOW, FIRST = Stage.BLOCK, Stage.SLOW, Stage.FIRST
Small, Large, Robbed, Open, Hidden = 1, 2, 3, 4, 5


@pytest.fixture
def work(place: str, tmp_path: Path) -> Iterator[Beside]:
    made = beside(place, tmp_path)
    yield made
    assert made.cases.verify().faults == ()
    assert made.cases.rebuild(check=True) == ()
    made.close()


def kinds(work: Beside, number: int) -> list[tuple[str, int]]:
    return [(step.kind, step.stage) for step in work.door.show(number).steps]


def dry_slow(work: Beside) -> DryStep:
    """The step that would slow accounts down, in a dry run."""
    return next(one for one in work.door.dry_run(Small) if (one.kind, one.stage) == ("restrict", "slow"))


def test_a_plan_against_an_operator_is_in_stages(work: Beside) -> None:
    made = work.door.plan(Small, **by())
    assert kinds(work, Small) == [
        ("restrict", 1),
        ("letter", 1),
        ("restrict", 2),
        ("letter", 2),
        ("restrict", 3),
        ("letter", 3),
        ("taint", 0),
        ("share", 9),
    ]
    assert made.plan.content["tiers"] == {"named": 5, "present": 0}
    assert made.plan.content["taint"]["exchanges"] == 500
    assert made.plan.content["watch"]["marks_in_all"] == 2
    assert work.door.accounts(made.steps[0].id) == SMALL.accounts()
    assert len(work.door.taint(Small)["takers"]) == 5
    assert work.entries() == []


def test_victims_are_helped_and_never_restricted(work: Beside) -> None:
    acting(work, Robbed)
    work.door.plan(Robbed, **by())
    assert [kind for kind, _ in kinds(work, Robbed)] == ["hold", "rotate keys", "letter", "taint", "share"]
    work.door.carry_out(Robbed, BLOCK, **by())
    assert [(one.kind, one.subject) for one in work.entries()] == [(Kind.HOLD, "campaign:camp-robbed")]
    (message,) = [one for one in work.told.of("plan.step") if one.body.get("do") == "rotate-keys"]
    assert message.body["accounts"] == ROBBED.accounts()
    assert "new keys" in work.door.letters(Robbed)[0].text


@pytest.mark.parametrize(("number", "letters"), [(Open, ["review"]), (Hidden, [])])
def test_nobody_else_is_restricted(work: Beside, number: int, letters: list[str]) -> None:
    acting(work, number)
    work.door.plan(number, **by())
    assert "restrict" not in {kind for kind, _ in kinds(work, number)}
    work.door.carry_out(number, BLOCK, **by())
    assert work.entries() == []
    assert [one.kind for one in work.door.letters(number)] == letters


def test_stages_are_carried_out_one_after_the_other_and_taken_back(work: Beside) -> None:
    acting(work, Small)
    work.door.plan(Small, **by())
    name = SMALL.accounts()[0]
    assert work.meets(name) == set()
    made = work.door.carry_out(Small, SLOW, **by())
    assert made.plan.state == "carried out"
    assert work.meets(name) == {"slow"}
    budget = work.known(name).acts[0].action
    assert (budget.account_tokens, budget.campaign_tokens) == (2_000, 50_000)
    work.door.carry_out(Small, BLOCK, **by())
    assert work.meets(name) == {"slow", "verify", "block"}
    hardest = next(
        s for s in work.door.show(Small).steps if s.parameters.get("step") == "block" and s.kind == "restrict"
    )
    work.door.undo(Small, hardest.id, **by("Chi"))
    assert work.meets(name) == {"slow", "verify"}
    made = work.door.undo(Small, **by("Chi"))
    assert made.plan.state == "undone"
    assert work.meets(name) == set()
    assert {step.state for step in made.steps if step.kind == "restrict"} == {"undone"}
    assert {one.state for one in work.door.letters(Small)} == {"withdrawn"}
    with pytest.raises(CaseError, match="is undone"):
        work.door.carry_out(Small, BLOCK, **by())
    with pytest.raises(CaseError, match="nothing is to be taken back"):
        work.door.undo(Small, hardest.id, **by())
    assert len({one.data["once"] for one in work.entries()}) == len(work.entries()) == 6


def test_a_plan_waits_for_the_case_and_for_the_second_person(work: Beside, tmp_path: Path) -> None:
    work.door.plan(Large, **by())
    with pytest.raises(CaseError, match="only while it is acting"):
        work.door.carry_out(Large, SLOW, **by())
    acting(work, Large)
    work.door.carry_out(Large, SLOW, **by())
    grown = sealed(tmp_path / "grown", Sealed("run-2", [Group("camp-large", 45)], day=1))
    work.cases.sync(grown)
    assert "30" in work.door.refusal(Large)
    with pytest.raises(CaseError, match="a second person must agree again"):
        work.door.carry_out(Large, BLOCK, **by())
    work.cases.move(Large, "awaiting second review", by="Anna", reason="it grew")
    work.cases.review(Large, agree=True, by="Bela", reason="yes")
    assert work.door.carry_out(Large, BLOCK, **by()).plan.agreed["accounts"] == 45


def test_a_large_plan_waits_for_the_second_person_though_the_case_shrank(
    work: Beside, tmp_path: Path
) -> None:
    work.door.plan(Large, **by())
    shrunk = sealed(tmp_path / "shrunk", Sealed("run-2", [Group("camp-large", 6)], day=1))
    work.cases.sync(shrunk)
    acting(work, Large)
    assert work.cases.show(Large).approved_by == "", "six accounts need one person"
    with pytest.raises(CaseError, match="its plan 30"):
        work.door.carry_out(Large, BLOCK, **by())
    assert work.entries() == []
    work.door.plan(Large, **by())
    work.door.carry_out(Large, SLOW, **by())
    assert len(work.entries()[0].data["accounts"]) == 6


def test_an_agreement_ends_when_the_case_is_dismissed(work: Beside) -> None:
    acting(work, Large)
    work.cases.close(Large, "not distillation", **by())
    work.cases.move(Large, "appealed", **by())
    with pytest.raises(CaseError, match="more than one person may decide"):
        work.cases.move(Large, "acting", **by())


def test_who_was_cleared_is_left_out_and_the_plan_says_so(work: Beside) -> None:
    first, second, third = SMALL.accounts()[:3]
    work.cases.decide(Small, first, "cleared", **by())
    acting(work, Small)
    made = work.door.plan(Small, **by())
    assert made.plan.content["left_out"][0]["account"] == first
    assert first not in work.door.accounts(made.steps[0].id)
    work.cases.decide(Small, second, "exempted", **by())
    assert dry_slow(work).left_out.keys() == {second}
    work.door.carry_out(Small, SLOW, **by())
    assert [work.meets(name) for name in (first, second, third)] == [set(), set(), {"slow"}]
    assert work.door.show(Small).steps[0].left_out == (second,)
    work.cases.decide(Small, third, "cleared", **by())
    assert work.door.pending().freed == ((Small, third),)
    work.door.plan(Small, **by())
    work.door.carry_out(Small, FIRST, **by())
    assert work.meets(third) == set()
    assert work.door.pending().freed == ()


def test_a_dry_run_tells_whom_it_would_touch_and_writes_nothing(work: Beside, tmp_path: Path) -> None:
    names = SMALL.accounts()
    with People(tmp_path / "state") as people:
        people.exempt(names[0], "researcher", Said("Ann", "verified"))
        people.issue("licence", Said("Ann", "contract", 4_000_000_000.0), accounts=[names[1]])
    before = (len(work.cases.events()), len(work.entries()))
    work.door.plan(Small, **by())
    found = work.door.dry_run(Small, SLOW)
    restrict = next(one for one in found if one.kind == "restrict")
    assert restrict.held_back == {"exempt": 1, "permit": 1}
    assert restrict.named == {"exempt": [names[0]], "permit": [names[1]]}
    assert (restrict.accounts, restrict.touched, restrict.where) == (5, 3, "journal")
    told = sums(found)
    assert (told["entries"], told["letters"], told["touched"]) == (1, 1, 3)
    assert (len(work.cases.events()), len(work.entries())) == (before[0] + 1, before[1])


def test_a_dismissed_case_is_taken_back_by_steps_that_people_see(work: Beside, tmp_path: Path) -> None:
    acting(work, Small)
    work.door.plan(Small, **by())
    work.door.carry_out(Small, BLOCK, **by())
    name = SMALL.accounts()[0]
    work.cases.close(Small, "not distillation", by="Anna", reason="a class")
    assert work.door.pending().restore == (Small,)
    assert work.meets(name) == {"slow", "verify", "block"}
    made = work.door.plan(Small, **by())
    assert [step.kind for step in made.steps] == ["take back"] * 3 + ["hold", "letter"]
    work.door.carry_out(Small, FIRST, **by())
    found = work.known(name)
    assert found.acts == ()
    assert found.account.held
    assert work.door.pending().restore == ()
    with pytest.raises(CaseError, match="nothing to do"):
        work.door.plan(Small, **by())
    grown = sealed(tmp_path / "grown", Sealed("run-2", [Group("camp-small", 12)], day=1))
    work.cases.sync(grown)
    assert work.cases.show(Small).state == "open"
    acting(work, Small)
    assert work.door.plan(Small, **by()).steps[0].kind == "take back"
    work.door.carry_out(Small, SLOW, **by())
    assert work.meets(name) == {"slow"}


def test_a_dismissed_case_that_was_not_acted_on_keeps_the_rules_away_too(work: Beside) -> None:
    work.cases.close(Small, "not distillation", by="Anna", reason="a class")
    work.door.plan(Small, **by())
    work.door.carry_out(Small, FIRST, **by())
    assert work.known(SMALL.accounts()[0]).account.held


def test_what_is_confirmed_has_no_restoration(work: Beside) -> None:
    acting(work, Small)
    work.cases.close(Small, "confirmed", by="Anna", reason="sure")
    with pytest.raises(CaseError, match="nothing to plan"):
        work.door.plan(Small, **by())


def test_a_later_plan_takes_the_place_of_the_one_before(work: Beside) -> None:
    first = work.door.plan(Small, **by())
    second = work.door.plan(Small, **by())
    assert [one.plan.state for one in work.door.plans(Small)] == ["replaced", "planned"]
    assert (first.plan.version, second.plan.version) == (1, 2)
    assert {step.state for step in work.door.plans(Small)[0].steps} == {"skipped"}


def test_sharing_needs_an_order_of_its_own(work: Beside) -> None:
    acting(work, Open)
    work.door.plan(Open, **by())
    work.door.carry_out(Open, BLOCK, **by())
    assert not [one for one in work.told.of("plan.step") if one.body.get("do") == "share"]
    assert work.door.share(Open, **by()).state == "done"
    (message,) = [one for one in work.told.of("plan.step") if one.body.get("do") == "share"]
    assert message.body["marks"] == {"system": 2}
    assert not set(OPEN.accounts()) & set(str(message.body).split("'"))


def test_without_a_state_nothing_that_needs_it_begins(place: str, tmp_path: Path) -> None:
    work = beside(place, tmp_path)
    acting(work, Small)
    work.door.plan(Small, **by())
    work.door._people, people = None, work.door._people
    assert next(iter(dry_slow(work).held_back)) == "no state was given"
    with pytest.raises(CaseError, match="no state was given"):
        work.door.carry_out(Small, SLOW, **by())
    assert work.door.show(Small).plan.state == "planned"
    work.door._people = people
    work.close()


def test_marks_that_come_back_are_measured_from_a_later_run(work: Beside, tmp_path: Path) -> None:
    acting(work, Small)
    work.door.plan(Small, **by())
    later = sealed(
        tmp_path / "later",
        Sealed("run-9", [Group("camp-fresh", 7, keys=(12, 99)), Group("camp-else", 3, keys=(5,))], day=900),
    )
    with pytest.raises(CaseError, match="no step is in force"):
        work.door.measure(Small, later, **by())
    work.door.carry_out(Small, SLOW, **by())
    found = work.door.measure(Small, later, **by()).content
    assert found["marks"] == {"compared": True, "own": 2, "back": 1}
    assert [one["identity"] for one in found["where"]] == ["camp-fresh"]
    assert found["where"][0]["other_accounts"] == 7
    assert found["first_after_hours"] > 0
    assert work.door.measures(Small)[0].content == found


def test_an_edited_row_is_named_and_mended(place: str, tmp_path: Path) -> None:
    work = beside(place, tmp_path)
    work.door.plan(Small, **by())
    sql(
        place,
        "UPDATE steps SET state = 'done' WHERE number = 1",
        "DELETE FROM plans",
        "UPDATE crowds SET data = '{}'",
    )
    told = {fault.where for fault in work.cases.verify().faults}
    assert told == {"step 1.s1", "plan 1.p1", "crowd 1.c1"}
    work.cases.rebuild(check=False)
    assert work.cases.verify().faults == ()
    work.close()


def test_a_store_that_was_restored_acts_anew(tmp_path: Path) -> None:
    work = beside(str(tmp_path / "CASES.db"), tmp_path, SMALL)
    acting(work, Small)
    backup(work.cases.database, tmp_path / "copy.db")
    work.door.plan(Small, **by())
    work.door.carry_out(Small, SLOW, **by())
    work.door.undo(Small, **by())
    work.close()
    first = {message.key for message in work.told.messages.values()}
    with Cases(tmp_path / "copy.db") as cases, Remediation(cases, work.state, tell=work.told) as door:
        spared = SMALL.accounts()[0]
        cases.decide(Small, spared, "cleared", **by())
        door.plan(Small, **by())
        made = door.carry_out(Small, SLOW, **by())
        assert made.steps[0].seq == 3, "entries 1 and 2 are of the time that was lost"
        assert [work.meets(name) for name in SMALL.accounts()[:2]] == [set(), {"slow"}]
        assert {message.key for message in work.told.messages.values()} > first
        door.undo(Small, **by())
        assert work.meets(SMALL.accounts()[1]) == set()


def test_ids_of_any_length_find_room_in_messages() -> None:
    accounts = [f"{number:02}" + "\U0001f600" * 1_022 for number in range(20)] + ["short"] * 250
    parts = _parts(accounts)
    assert [one for part in parts for one in part] == accounts
    bodies = [Message("plan.step", "k", 1, {"do": "rotate-keys", "accounts": part}) for part in parts]
    assert len(bodies) == 20 + 2
    assert max(map(len, parts)) == IN_A_MESSAGE
