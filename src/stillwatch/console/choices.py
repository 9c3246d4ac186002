"""Which decisions a person may make about a case now: each with its word, its key and what else it needs."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.cases.case import Case
from stillwatch.cases.states import CLOSES, MOVES, Outcome, State
from stillwatch.cases.words import folded
from stillwatch.console.role import Role
from stillwatch.console.seen import User
from stillwatch.report.sentences.clauses import joined

CLOSE = "close: "
"""How the word of a closure begins."""
REST = "snooze"
AGREE, DISAGREE = "agree", "disagree"
TITLES = {
    State.OPEN: ("Back to open", "b"),
    State.TRIAGE: ("Triage", "t"),
    State.INVESTIGATING: ("Investigate", "i"),
    State.SECOND_REVIEW: ("Propose acting", "p"),
    State.ACTING: ("Act", "x"),
    State.APPEALED: ("Appealed", "e"),
}
"""What a move is called on its button, and its key."""
CLOSING = {
    Outcome.CONFIRMED: "1",
    Outcome.NOT_DISTILLATION: "2",
    Outcome.LICENSED: "3",
    Outcome.VICTIM: "4",
    Outcome.DUPLICATE: "5",
    Outcome.INSUFFICIENT: "6",
}
"""The key of each outcome."""


@dataclass(frozen=True)
class Choice:
    """One decision."""

    word: str
    """What a form sends: a state, close: OUTCOME, snooze, agree or disagree."""
    title: str
    """What it is called."""
    key: str
    """The key that chooses it."""
    help: str = ""
    """What it means."""
    needs: str = ""
    """What else it asks for: case, permit or days; empty: nothing but a reason."""


@dataclass(frozen=True)
class Choices:
    """All decisions that a person may make about a case now."""

    act: str
    """The act that takes them: decision or review."""
    moves: tuple[Choice, ...]
    """Those that leave it open."""
    closes: tuple[Choice, ...]
    """Those that close it."""
    note: str = ""
    """Why something is not offered, in a sentence."""

    @property
    def every(self) -> tuple[Choice, ...]:
        """All of them."""
        return (*self.moves, *self.closes)


def choices(case: Case, user: User, second_person: int) -> Choices:
    """Return what a person may decide; nothing for a viewer. second_person: accounts up to which one person
    may act.
    """
    if not user.may(Role.ANALYST):
        return Choices("decision", (), (), "You may look, and not decide.")
    if case.state == State.SECOND_REVIEW:
        return _of_a_second_review(case, user)
    state = State(case.state)
    suffices = case.one_person_suffices(second_person)
    there = [one for one in MOVES[state] if suffices or one is not State.ACTING]
    if state is State.ACTING and suffices:
        there.remove(State.SECOND_REVIEW)
    moves = [Choice(str(one), *TITLES[one], help=_help(one, state)) for one in there]
    if state is not State.CLOSED:
        moves.append(Choice(REST, "Snooze", "z", "let it rest for some days", "days"))
    needs = {Outcome.DUPLICATE: "case", Outcome.LICENSED: "permit"}
    closes = tuple(
        Choice(f"{CLOSE}{one}", str(one).capitalize(), key, _means(one), needs.get(one, ""))
        for one, key in CLOSING.items()
        if state in CLOSES[one]
    )
    note = _missing(state)
    if state in (State.INVESTIGATING, State.ACTING, State.APPEALED) and not suffices:
        large = (
            f"{case.accounts:,} accounts are more than one person may act against ({second_person:,}): "
            "propose it, and a second person answers."
        )
        note = f"{large} {note}".strip()
    return Choices("decision", tuple(moves), closes, note)


def _of_a_second_review(case: Case, user: User) -> Choices:
    mine = folded(user.name) == folded(case.proposed_by)
    if user.may(Role.APPROVER) and not mine:
        return Choices(
            "review",
            (
                Choice(AGREE, "Agree", "y", f"act against {case.accounts:,} accounts"),
                Choice(DISAGREE, "Disagree", "n", "it goes back to investigating"),
            ),
            (),
            "It can be closed once the second review is answered.",
        )
    note = (
        "You proposed to act, so another person answers. You may withdraw it."
        if mine
        else "An approver answers the second review."
    )
    back = Choice(str(State.INVESTIGATING), "Withdraw" if mine else "Back to investigating", "i")
    return Choices("decision", (back,), (), note)


def _missing(state: State) -> str:
    """Why outcomes are not offered: which move each needs first; empty where all are offered."""
    if state is State.CLOSED:
        return "It is closed. To close it as something else, open it again."
    first: dict[State, list[str]] = {}
    for outcome, states in CLOSES.items():
        if state not in states:
            way = next(
                one for one in (State.TRIAGE, State.INVESTIGATING) if one in states and one in MOVES[state]
            )
            first.setdefault(way, []).append(str(outcome).capitalize())
    needs = [
        f"{joined(names)} {'needs' if len(names) == 1 else 'need'} {TITLES[way][0]} first"
        for way, names in first.items()
    ]
    return f"{'; '.join(needs)}." if needs else ""


def _help(state: State, here: State) -> str:
    if state is State.OPEN and here is State.CLOSED:
        return "open it again"
    return {
        State.OPEN: "nobody looks yet",
        State.TRIAGE: "decide whether it is worth a look",
        State.INVESTIGATING: "look into it",
        State.SECOND_REVIEW: "ask a second person",
        State.ACTING: "measures are carried out",
        State.APPEALED: "a customer objects",
    }[state]


def _means(outcome: Outcome) -> str:
    return {
        Outcome.CONFIRMED: "distillation without a licence",
        Outcome.NOT_DISTILLATION: "something else; the verdict was wrong",
        Outcome.LICENSED: "a licence that the search did not know",
        Outcome.VICTIM: "robbed customers' accounts",
        Outcome.DUPLICATE: "another case is about the same",
        Outcome.INSUFFICIENT: "nobody can tell",
    }[outcome]
