"""Whatever the shape of a playbook, its steps come in order, and a run of it ends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playbook_files import (
    END,
    START,
    Document,
    action,
    chain,
    condition,
    document,
    made,
    name,
    parallel,
    read,
)

from stillwatch.cases.playbook_runs import Mark, Stands
from stillwatch.errors import PlaybookError
from stillwatch.playbooks.cacao_file import MOST_STEPS
from stillwatch.playbooks.playbook import Playbook, StepKind
from stillwatch.playbooks.walking import Position, walked


def mark(stands: Stands, choice: str = "") -> Mark:
    return Mark(str(stands), 1.0, "Anna", "so", choice)


def stands(playbook: Playbook, **marks: Mark) -> dict[str, str]:
    """Where each step stands, by its name."""
    ids = {step.name: step.id for step in playbook.steps.values()}
    found = walked(playbook, {ids[word]: one for word, one in marks.items()})
    return {playbook.steps[step].name: str(position) for step, position in found.positions.items()}


DONE = mark(Stands.DONE)


def test_a_chain_is_gone_through_in_its_order() -> None:
    playbook = chain("a", "b", "c")
    assert stands(playbook) == {"a": "ready", "b": "waiting", "c": "waiting"}
    assert stands(playbook, a=DONE) == {"a": "settled", "b": "ready", "c": "waiting"}
    assert stands(playbook, a=mark(Stands.SKIPPED), b=mark(Stands.MISSING))["b"] == "ready"
    assert stands(playbook, b=DONE) == {"a": "ready", "b": "settled", "c": "waiting"}
    assert not walked(playbook, {}).complete
    assert walked(playbook, dict.fromkeys(playbook.steps, DONE)).complete


def test_a_condition_opens_one_way_and_closes_the_other() -> None:
    a, b, c = (name("action", word) for word in "abc")
    playbook = made(
        name("if-condition", "q"),
        condition("q", a, c, false=b),
        action("a"),
        action("b"),
        action("c"),
    )
    assert stands(playbook)["a"] == Position.DEPENDS
    chosen = stands(playbook, q=mark(Stands.CHOSEN, "true"))
    assert chosen == {"q": "settled", "a": "ready", "b": "not on the way", "c": "waiting"}
    assert stands(playbook, q=mark(Stands.CHOSEN, "false"), b=DONE)["c"] == "ready"


def test_without_a_way_for_false_it_goes_on() -> None:
    playbook = made(
        name("if-condition", "q"),
        condition("q", name("action", "a"), name("action", "c")),
        action("a"),
        action("c"),
    )
    assert stands(playbook, q=mark(Stands.CHOSEN, "false")) == {
        "q": "settled",
        "a": "not on the way",
        "c": "ready",
    }


def test_side_by_side_waits_for_all() -> None:
    a, b, c = (name("action", word) for word in "abc")
    playbook = made(name("parallel", "p"), parallel("p", [a, b], c), action("a"), action("b"), action("c"))
    assert stands(playbook) == {"a": "ready", "b": "ready", "c": "waiting"}
    assert stands(playbook, a=DONE) == {"a": "settled", "b": "ready", "c": "waiting"}
    assert stands(playbook, a=DONE, b=DONE)["c"] == "ready"


def test_a_step_that_failed_goes_its_own_way() -> None:
    other = name("action", "other")
    playbook = made(
        name("action", "a"),
        action("a", on_success=name("action", "b"), on_failure=other),
        action("b"),
        action("other"),
    )
    assert stands(playbook, a=mark(Stands.FAILED)) == {
        "a": "settled",
        "b": "not on the way",
        "other": "ready",
    }
    assert stands(playbook, a=DONE) == {"a": "settled", "b": "ready", "other": "not on the way"}


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        (document(name("action", "gone")), "is not there"),
        (document(name("action", "a"), action("a", name("action", "a"))), "leads back to itself"),
        (
            document(name("action", "a"), action("a", name("action", "b")), action("b", name("action", "a"))),
            "leads back to itself",
        ),
        (document(END, action("lost")), "no step leads to it"),
        (document(END) | {"workflow_start": END}, "must name a start"),
        (document(name("action", "a"), action("a", on_success="")), "nothing comes after"),
        (
            document(
                name("while-condition", "w"),
                (
                    name("while-condition", "w"),
                    {
                        "type": "while-condition",
                        "condition": "a",
                        "on_true": END,
                        "on_completion": END,
                    },
                ),
            ),
            "a checklist has none",
        ),
    ],
)
def test_a_workflow_without_a_shape_is_refused(told: Document, fault: str) -> None:
    for step in told["workflow"].values():
        for key in [key for key, value in step.items() if value == ""]:
            del step[key]
    with pytest.raises(PlaybookError, match="cannot be gone through") as caught:
        read(told)
    assert fault in caught.value.where


def test_a_second_start_and_a_wrong_kind_are_told() -> None:
    told = document(name("action", "a"), action("a", name("start", "again")))
    told["workflow"][name("start", "again")] = {"type": "start", "on_completion": END}
    with pytest.raises(PlaybookError) as caught:
        read(told)
    assert "a second start" in caught.value.where


def test_too_many_steps_are_refused() -> None:
    words = [f"s{number}" for number in range(MOST_STEPS)]
    with pytest.raises(PlaybookError, match="may have"):
        chain(*words)


def test_conditions_within_conditions_are_walked_through_from_deep_within_a_program() -> None:
    ids = [name("if-condition", f"q{number}") for number in range(MOST_STEPS - 2)]
    steps = [condition(f"q{n}", to, END) for n, to in enumerate([*ids[1:], END])]
    playbook = made(ids[0], *steps)

    def deep(left: int) -> bool:
        return deep(left - 1) if left else walked(playbook, {}).complete

    assert not deep(250)


class Drawn:
    """A playbook that is drawn: steps of all kinds, nested, with ways that come together again."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.steps: dict[str, Document] = {}

    def branch(self, depth: int) -> str:
        """The first step of a branch."""
        to = END
        for _ in range(self.draw(st.integers(0 if depth < 3 else 1, 3))):
            to = self.step(to, depth)
        return to

    def step(self, to: str, depth: int) -> str:
        word = str(len(self.steps))
        kind = self.draw(st.sampled_from(["action", "if", "parallel", "failing"])) if depth else "action"
        self.steps[word] = {}  # its number is taken
        if kind == "if":
            false = self.branch(depth - 1) if self.draw(st.booleans()) else ""
            step, told = condition(word, self.branch(depth - 1), to, false=false)
        elif kind == "parallel":
            ways = [self.branch(depth - 1) for _ in range(self.draw(st.integers(2, 3)))]
            step, told = parallel(word, ways, to)
        elif kind == "failing":
            step, told = action(word, on_success=to, on_failure=self.branch(depth - 1))
        else:
            step, told = action(word, to)
        del self.steps[word]
        self.steps[step] = told
        self.steps[word + "taken"] = {}
        return step


@st.composite
def playbooks(draw: Any) -> Playbook:
    drawn = Drawn(draw)
    first = drawn.branch(3)
    return read(document(first, *((step, told) for step, told in drawn.steps.items() if told)))


@given(playbooks(), st.data())
@settings(max_examples=150, deadline=None)
def test_every_run_of_every_playbook_ends(playbook: Playbook, data: st.DataObject) -> None:
    """Whoever does what is ready, whatever is chosen and fails, comes to the end, and never waits for ever."""
    marks: dict[str, Mark] = {}
    for _ in range(len(playbook.steps) + 1):
        found = walked(playbook, marks)
        ready = [step for step, position in found.positions.items() if position is Position.READY]
        if found.complete:
            assert ready == []
            left = set(found.positions) - set(marks)
            assert {found.positions[step] for step in left} <= {Position.OFF}
            return
        assert ready, "nothing can be done, and it is not complete"
        step = playbook.steps[data.draw(st.sampled_from(ready))]
        if step.kind is StepKind.IF:
            marks[step.id] = mark(Stands.CHOSEN, data.draw(st.sampled_from(["true", "false"])))
        elif step.on_failure and data.draw(st.booleans()):
            marks[step.id] = mark(Stands.FAILED)
        else:
            marks[step.id] = mark(data.draw(st.sampled_from([Stands.DONE, Stands.SKIPPED])))
    raise AssertionError("it never ends")


@given(
    st.dictionaries(
        st.integers(0, 8),
        st.tuples(st.integers(0, 9), st.one_of(st.none(), st.integers(0, 9))),
        min_size=1,
        max_size=9,
    )
)
@settings(max_examples=200, deadline=None)
def test_any_graph_is_refused_or_ends(edges: dict[int, tuple[int, int | None]]) -> None:
    """Edges at random: the reader refuses what is lost or goes round, and what it takes can be gone through."""

    def to(number: int) -> str:
        return END if number == 9 else name("action", str(number))

    steps = [
        action(
            str(number), on_success=to(ends[0]), **({} if ends[1] is None else {"on_failure": to(ends[1])})
        )
        for number, ends in edges.items()
    ]
    try:
        playbook = read(document(name("action", str(min(edges))), *steps))
    except PlaybookError:
        return
    assert walked(playbook, dict.fromkeys(playbook.steps, DONE)).complete
    assert next(iter(playbook.steps)) == START


def test_ways_that_come_together_do_not_multiply() -> None:
    """A hundred conditions, each with three ways to the next: 3 to the 100th ways in all."""
    ids = [name("if-condition", str(number)) for number in range(100)]
    steps = [condition(str(number), to, to, false=to) for number, to in enumerate([*ids[1:], END])]
    playbook = made(ids[0], *steps)
    assert not walked(playbook, {}).complete
    assert walked(playbook, dict.fromkeys(ids, mark(Stands.CHOSEN, "true"))).complete
