"""What checks find of plans, appeals and measures, over cases that were really carried out at a guard."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from case_runs import Group, Sealed, sealed
from remedy_stores import SMALL, Beside, acting, beside, by

from stillwatch.cases.remediation.plan_words import Stage
from stillwatch.playbooks.check import CHECKS, Answer, Holds
from stillwatch.playbooks.places import Places
from stillwatch.settings import Settings

DAY = 86_400.0


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Beside]:
    made = beside(str(tmp_path / "CASES.db"), tmp_path, SMALL, Group("camp-other"))
    yield made
    made.close()


def ask(work: Beside, name: str, case: int | None = None, ahead: float = 0.0) -> Answer:
    """What a check finds some days ahead."""
    settings = replace(Settings(), cases=work.cases.settings)
    now = time.time() + ahead * DAY
    with Places(cases=work.cases, settings=settings, case=case, now=now) as places:
        return CHECKS.all()[name].answer(places)


def restrict(work: Beside) -> None:
    number = next(case.id for case in work.cases.all() if case.identity == SMALL.identity)
    assert number == 1
    acting(work, 1)
    work.door.plan(1, **by())
    work.door.carry_out(1, Stage.BLOCK, **by())


def test_an_appeal_is_held_against_its_own_deadline(work: Beside) -> None:
    restrict(work)
    letter = work.door.letters(1)[-1].id
    work.door.approve_letter(letter, **by("Chi"))
    work.door.send_letter(letter, **by("Chi"))
    assert ask(work, "appeals_in_time").holds is Holds.NOT_APPLICABLE
    notice = work.door.notices(letter)[0]
    appeal = work.door.open_appeal(work.door.link(notice.id).rpartition("/")[2], "we are a class")
    days = (appeal.due - time.time()) / DAY
    assert days > 7, "longer than the setting of playbooks, so that only its own deadline tells"
    answer = ask(work, "appeals_in_time", ahead=days - 0.1)
    assert (answer.holds, answer.evidence) == (Holds.MET, "1 appeals wait, 0 past their deadline")
    answer = ask(work, "appeals_in_time", ahead=days + 0.1)
    assert (answer.holds, answer.evidence) == (
        Holds.MISSING,
        "1 appeals wait, 1 past their deadline in cases: 1",
    )
    work.door.answer_appeal(appeal.id, "uphold", **by("Dee"))
    assert ask(work, "appeals_in_time", ahead=days + 0.1).holds is Holds.NOT_APPLICABLE


def test_what_came_back_must_be_measured_within_the_setting(work: Beside, tmp_path: Path) -> None:
    assert ask(work, "displacement_measured").holds is Holds.NOT_APPLICABLE
    assert ask(work, "case_measured", 1).holds is Holds.NOT_APPLICABLE
    restrict(work)
    assert ask(work, "case_measured", 1).holds is Holds.MISSING
    assert ask(work, "case_measured", 2).holds is Holds.NOT_APPLICABLE
    assert ask(work, "displacement_measured", ahead=6).holds is Holds.MET
    late = ask(work, "displacement_measured", ahead=8)
    assert (late.holds, late.evidence[-3:]) == (Holds.MISSING, ": 1")
    later = sealed(tmp_path / "later", Sealed("run-2", (SMALL,), day=900))
    work.door.measure(1, later, **by())
    assert ask(work, "case_measured", 1).holds is Holds.MET
    assert "1 were measured" in ask(work, "displacement_measured", ahead=8).evidence
    assert ask(work, "displacement_measured", ahead=8).holds is Holds.MET
    work.door.undo(1, **by())
    assert ask(work, "displacement_measured", ahead=8).holds is Holds.NOT_APPLICABLE
