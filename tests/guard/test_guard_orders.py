"""Steps that people take themselves: they act within the limits, and undo, appeals and permits win."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from guard_parts import NOW, FixedPolicy, fired, guard, known
from guard_runs import Found, Licence, Member, World
from guard_states import Clocks, journal, published, reader
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import SettingError
from stillwatch.guard.decide import Failure, Guard
from stillwatch.guard.embedded_budgets import EmbeddedBudgets
from stillwatch.guard.journal_entry import Entry, Kind
from stillwatch.guard.overlay import overlay_of
from stillwatch.guard.people import Order, People, Said
from stillwatch.guard.published import PublishedState
from stillwatch.guard.records import DecisionRecords
from stillwatch.guard.request import Answer, Decision, Request
from stillwatch.guard.shadow import shadowed
from stillwatch.response.inputs import RequestFacts
from stillwatch.response.ladder import Step
from stillwatch.response.limits import HeldBack

LATER = time.time() + 1_000_000
BLOCK = Order("block", "terms_automated_collection")
WORLD = World(
    ["a", "b", "c", "p", "v"],
    [
        Found("camp-a", [Member("a"), Member("b", "present"), Member("p")]),
        Found("camp-v", [Member("v")], verdict="coordinated", role="victim"),
    ],
    [Licence("licence", ["p"])],
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    published(tmp_path, WORLD, now=time.time())
    return tmp_path


@pytest.fixture
def people(place: Path) -> Iterator[People]:
    with People(place / "state") as found:
        yield found


def said(once: str = "", until: float | None = LATER) -> Said:
    return Said("Ann", "case 1, agreed by Bela", until, once)


def decided(place: Path, account: str, now: float | None = None) -> Decision:
    moment = time.time() + 1 if now is None else now
    state = reader(place, Clocks(moment))
    records = DecisionRecords(place / "records", lambda name: name)
    made = Guard(state, FixedPolicy, EmbeddedBudgets(), records, Failure.CLOSED, lambda: moment)
    try:
        return made.decide(Request(account, RequestFacts(), "r"))
    finally:
        records.close()


def test_a_named_account_of_an_operator_meets_the_step_and_no_other_does(place: Path, people: People) -> None:
    entry = people.act("camp-a", ["a", "b", "p", "c"], BLOCK, said())
    people.act("camp-v", ["v"], BLOCK, said())
    found = decided(place, "a")
    assert (found.answer, found.reason) == (Answer.DENY, "terms_automated_collection")
    assert found.fired[0].rule == f"journal-{entry.seq}"
    assert decided(place, "b").held_back is HeldBack.NOT_NAMED
    assert decided(place, "v").held_back is HeldBack.NOT_OPERATOR
    assert decided(place, "p").held_back is HeldBack.PERMIT
    assert {decided(place, name).answer for name in "bvpc"} == {Answer.ALLOW}


def test_it_ends_by_itself(place: Path, people: People) -> None:
    people.act("camp-a", ["a"], BLOCK, said(until=time.time() + 60))
    assert decided(place, "a").answer is Answer.DENY
    assert decided(place, "a", time.time() + 61).answer is Answer.ALLOW


@pytest.mark.parametrize("how", ["end", "undo", "hold", "appeal", "exempt"])
def test_whatever_clears_the_account_wins(place: Path, people: People, how: str) -> None:
    entry = people.act("camp-a", ["a"], BLOCK, said())
    if how == "end":
        people.end(entry.seq, said(until=None))
    elif how == "undo":
        people.undo("camp-a", said(until=None))
    elif how == "hold":
        people.hold("a", said())
    elif how == "appeal":
        people.uphold("a", said())
    else:
        people.exempt("a", "researcher", said())
    assert decided(place, "a").answer is Answer.ALLOW


@pytest.mark.parametrize("how", ["undo", "appeal"])
def test_what_was_ended_does_not_come_back_when_that_has_ended(place: Path, people: People, how: str) -> None:
    people.act("camp-a", ["a"], BLOCK, said())
    short = said(until=time.time() + 60)
    if how == "undo":
        people.undo("camp-a", short)
    else:
        people.uphold("a", short)
    assert decided(place, "a", time.time() + 61).answer is Answer.ALLOW
    people.act("camp-a", ["a"], BLOCK, said())
    assert decided(place, "a", time.time() + 61).answer is Answer.DENY


def test_a_step_is_written_once_under_its_key(place: Path, people: People) -> None:
    first = people.act("camp-a", ["a"], BLOCK, said("case-1/step-1"))
    assert people.act("camp-a", ["a"], BLOCK, said("case-1/step-1", until=1.0)) == first
    assert people.written_once("case-1/step-1") == first
    assert people.written_once("case-1/step-2") is None
    with journal(place) as opened:
        assert len(opened.entries()) == 1
        assert opened.verify().fault == ""


@pytest.mark.parametrize(
    ("order", "accounts", "ends"),
    [
        (Order("mark", "code"), ["a"], True),
        (Order("route", "code"), ["a"], True),
        (Order("block", "We saw you!"), ["a"], True),
        (Order("slow", "code"), ["a"], True),
        (Order("block", "code", account_tokens=5), ["a"], True),
        (BLOCK, [], True),
        (BLOCK, ["a"], False),
    ],
)
def test_what_no_person_may_order(people: People, order: Order, accounts: list[str], ends: bool) -> None:
    with pytest.raises(SettingError):
        people.act("camp-a", accounts, order, said(until=LATER if ends else None))


def test_a_guard_in_shadow_only_records_it(tmp_path: Path) -> None:
    state = known()
    made = guard(tmp_path, {"ada": replace(state, acts=(fired(Step.BLOCK),))})
    assert made.decide(Request("ada", RequestFacts(), "r")).answer is Answer.DENY
    found = shadowed(made).decide(Request("ada", RequestFacts(), "r"))
    assert (found.answer, len(found.shadow)) == (Answer.ALLOW, 1)
    assert isinstance(made.records, DecisionRecords)
    made.records.close()


ENTRIES = st.lists(
    st.tuples(
        st.sampled_from(["act", "act-campaign", "undo", "appeal", "hold", "end"]),
        st.integers(1, 3),
        st.integers(0, 8),
    ),
    max_size=12,
)


@given(ENTRIES)
def test_no_order_of_entries_acts_on_an_account_that_was_freed_after(
    steps: list[tuple[str, int, int]],
) -> None:
    entries: list[Entry] = []
    ended: set[int] = set()
    expected: dict[int, set[int]] = {1: set(), 2: set(), 3: set()}
    for kind, key, ends in steps:
        seq, name = len(entries) + 1, f"{key:016x}"
        data: dict[str, Any] = {"step": "block", "reason": "code"}
        if kind == "act":
            entries.append(entry(seq, Kind.ACT, f"account:{name}", data))
        elif kind == "act-campaign":
            entries.append(entry(seq, Kind.ACT, "campaign:c", data | {"accounts": [name]}))
        elif kind == "end" and 0 < ends < seq and entries[ends - 1].kind is not Kind.END:
            entries.append(entry(seq, Kind.END, f"entry:{ends}", {}))
            ended.add(ends)
        elif kind == "appeal":
            entries.append(entry(seq, Kind.APPEAL, f"account:{name}", {}))
        elif kind == "undo":
            entries.append(entry(seq, Kind.UNDO, "campaign:c", {}))
        else:
            entries.append(entry(seq, Kind.HOLD, f"account:{name}", {}))
    for one in entries:
        if one.seq in ended:
            continue
        thing, name = one.about
        if one.kind is Kind.ACT:
            for hexed in [name] if thing == "account" else one.data["accounts"]:
                expected[int(hexed, 16)].add(one.seq)
        elif one.kind is Kind.APPEAL:
            expected[int(name, 16)].clear()
        elif one.kind is Kind.UNDO:
            campaign = {e.seq for e in entries if e.subject == "campaign:c"}
            expected = {key: seqs - campaign for key, seqs in expected.items()}
    overlay = overlay_of(entries)
    for key, seqs in expected.items():
        assert {one.rule for one in overlay.steps(key, NOW)} == {f"journal-{seq}" for seq in seqs}


def entry(seq: int, kind: Kind, subject: str, data: dict[str, Any]) -> Entry:
    return Entry(seq, NOW - 50, kind, subject, data, "Ann", "so", NOW + 50, "", "0" * 64, "")


def test_the_state_tells_it_only_of_accounts_in_a_campaign(place: Path, people: People) -> None:
    people.act("camp-a", ["a", "c"], BLOCK, said())
    state: PublishedState = reader(place, Clocks(time.time()))
    inside, outside = (state.known(name, "", time.time() + 1) for name in "ac")
    assert inside is not None
    assert len(inside.acts) == 1
    assert outside is not None
    assert outside.acts == ()
