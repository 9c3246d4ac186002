"""Pages of cases, on both databases."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from case_runs import Group
from case_stores import stocked

from stillwatch.cases import Cases
from stillwatch.cases.listing import Order, Wanted

SIZES = (5, 30, 7, 12, 9)


@pytest.fixture
def cases(place: str, tmp_path: Path) -> Iterator[Cases]:
    """Five cases: the second Anna's, the third overdue, the fourth resting, the fifth closed."""
    groups = [Group(f"camp-{place}a_%", size) for place, size in enumerate(SIZES, 1)]
    with stocked(place, tmp_path / "run", *groups) as made:
        made.assign(2, "Anna  Berg", by="Anna Berg")
        made.tag(2, ["bank", "urgent"], by="Anna Berg")
        made.tag(1, ["bank"], by="Anna Berg")
        made.deadline(3, time.time() - 60, by="Bela")
        made.deadline(1, time.time() + 3_600, by="Bela")
        made.snooze(4, time.time() + 3_600, by="Bela", reason="the bank answers then")
        made.close(5, "not distillation", by="Bela", reason="a course")
        yield made


def numbers(cases: Cases, wanted: Wanted) -> list[int]:
    found = cases.listed(wanted)
    assert found.total == len(found.cases)
    return [case.id for case in found.cases]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), [1, 2, 3, 4, 5]),
        (Wanted(working=True), [1, 2, 3]),
        (Wanted(states=("CLOSED",)), [5]),
        (Wanted(kinds=("operator",), states=("open",)), [1, 2, 3, 4]),
        (Wanted(kinds=("victim",)), []),
        (Wanted(outcomes=("not distillation",)), [5]),
        (Wanted(assignee="ANNA berg"), [2]),
        (Wanted(assignee=""), [1, 3, 4, 5]),
        (Wanted(tags=("bank",)), [1, 2]),
        (Wanted(tags=("Bank", "urgent")), [2]),
        (Wanted(overdue=True), [3]),
        (Wanted(identity="camp-2a_%"), [2]),
        (Wanted(identity="camp-%"), []),
        (Wanted(identity="camp-2_"), []),
        (Wanted(order=Order.PRESSING), [3, 1, 2, 4, 5]),
        (Wanted(order=Order.NEWEST), [5, 4, 1, 3, 2]),
    ],
    ids=str,
)
def test_those_that_are_wanted_are_listed_in_order(cases: Cases, wanted: Wanted, found: list[int]) -> None:
    assert numbers(cases, wanted) == found


@pytest.mark.parametrize("order", list(Order))
def test_pages_hold_each_case_once(cases: Cases, order: Order) -> None:
    wanted = Wanted(order=order)
    pages = [cases.listed(wanted, first=at, most=2) for at in (0, 2, 4, 6)]
    assert {page.total for page in pages} == {5}
    assert [len(page.cases) for page in pages] == [2, 2, 1, 0]
    assert [case.id for page in pages for case in page.cases] == numbers(cases, wanted)


def test_what_changed_last_comes_first(cases: Cases) -> None:
    found = cases.listed(Wanted(order=Order.NEWEST)).cases
    assert all(one.updated >= other.updated for one, other in pairwise(found))


def test_cases_are_counted(cases: Cases) -> None:
    found = cases.counted()
    assert dict(found.by_state) == {
        **dict.fromkeys(("triage", "investigating", "awaiting second review", "acting", "appealed"), 0),
        "open": 4,
        "closed": 1,
    }
    assert found.open_by_kind["operator"] == 4
    assert dict(found.by_outcome) == {"not distillation": 1}
    assert (found.working, found.nobodys, found.overdue) == (3, 2, 1)
    assert found.oldest == min(cases.show(number).opened for number in (1, 2, 3))
