"""Which decisions are offered about a case, and why others are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stillwatch.cases.case import Case
from stillwatch.cases.states import State
from stillwatch.console.choices import choices
from stillwatch.console.role import Role
from stillwatch.console.seen import User

SMALL = Case(1, accounts=3)
ANALYST = User(1, "anna", Role.ANALYST)


@pytest.mark.parametrize("state", State)
def test_an_outcome_that_is_not_offered_is_explained(state: State) -> None:
    found = choices(replace(SMALL, state=state), ANALYST, 10)
    assert (len(found.closes) == 6) == (not found.note)


def test_it_says_which_move_comes_first() -> None:
    note = choices(replace(SMALL, state=State.OPEN), ANALYST, 10).note
    assert note == ("Confirmed needs Investigate first; Victim and Insufficient evidence need Triage first.")


def test_acting_is_not_proposed_again_where_one_person_suffices() -> None:
    acting = replace(SMALL, state=State.ACTING)
    assert "p" not in [one.key for one in choices(acting, ANALYST, 10).moves]
    assert "p" in [one.key for one in choices(acting, ANALYST, 2).moves]
