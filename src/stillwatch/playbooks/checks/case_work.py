"""How cases are worked on: deadlines, second persons, appeals."""

from __future__ import annotations

from stillwatch.cases.case import Case
from stillwatch.cases.event import Action
from stillwatch.cases.states import State
from stillwatch.cases.words import MACHINE, folded
from stillwatch.playbooks.check import Answer, check, missing, not_applicable, told
from stillwatch.playbooks.places import Places

DAY_S = 86_400.0
SHOWN = 20
"""Cases that are named."""


@check(
    says="Every open case has a deadline.",
    do="`stillwatch case deadline CASE DATE`",
)
def deadlines_set(places: Places) -> Answer:
    """No case that is not closed lacks one."""
    going = _open(places)
    if not going:
        return not_applicable("no case is open")
    without = [case for case in going if case.deadline is None]
    return told(
        not without, f"{len(going):,} open cases, {len(without):,} without a deadline{_named(without)}"
    )


@check(
    says="No deadline of a case is breached.",
    do="decide the cases that are named, or say why they need longer",
)
def deadlines_kept(places: Places) -> Answer:
    """No open case is overdue."""
    going = _open(places)
    if not going:
        return not_applicable("no case is open")
    late = [case for case in going if case.overdue(places.now)]
    return told(not late, f"{len(going):,} open cases, {len(late):,} overdue{_named(late)}")


@check(
    says="Large takedowns were agreed to by a second person.",
    do="`stillwatch case review CASE --agree` by another person, or move the case back to investigating",
)
def second_person(places: Places) -> Answer:
    """No large case is being acted on by one person alone, and more than one person works here."""
    most = places.settings.cases.second_person
    alone = [
        case
        for case in places.cases
        if case.state in (State.ACTING, State.APPEALED) and not case.one_person_suffices(most)
    ]
    if alone:
        return missing(f"more than {most:,} accounts, and nobody else agreed{_named(alone)}")
    people = {folded(event.actor) for event in places.store.events()} - {folded(MACHINE)}
    if len(people) < 2:
        return missing(
            "1 person has worked here so far" if people else "nobody has worked here so far",
            "let a second person have access, before a takedown that needs one",
        )
    return told(True, f"{len(people):,} persons work here; above {most:,} accounts a second one must agree")


@check(
    says="Appeals are answered in time.",
    do="`stillwatch case appeals --open`, then answer them: uphold, partly or overturn",
)
def appeals_in_time(places: Places) -> Answer:
    """No appeal is open past its own deadline; of cases moved to appealed by hand, the setting's."""
    waiting = places.open_appeals
    by_hand = {case.id for case in places.cases if case.state == State.APPEALED}
    by_hand -= {appeal.case_id for appeal in waiting}
    if not waiting and not by_hand:
        return not_applicable("no appeal waits")
    most = places.settings.playbooks.appeal_days * DAY_S
    late = {appeal.case_id for appeal in waiting if appeal.due < places.now}
    late_by_hand = {
        case.id for case in places.cases if case.id in by_hand and places.now - _appealed(places, case) > most
    }
    count = sum(appeal.due < places.now for appeal in waiting) + len(late_by_hand)
    cases = [case for case in places.cases if case.id in late | late_by_hand]
    return told(
        not count,
        f"{len(waiting) + len(by_hand):,} appeals wait, {count:,} past their deadline"
        f"{' in cases' if cases else ''}{_named(cases)}",
    )


@check(
    says="What came back after a step was measured.",
    do="`stillwatch case measure CASE LATER`, with a run from after the step",
)
def displacement_measured(places: Places) -> Answer:
    """Each case whose accounts were restricted long enough ago was measured after that."""
    if not places.restricted:
        return not_applicable("no account is restricted by a plan, so nobody had to move")
    most = places.settings.playbooks.measure_days
    without = {
        case
        for case, since in places.restricted.items()
        if places.now - since > most * DAY_S and places.measured.get(case, 0.0) < since
    }
    left = [case for case in places.cases if case.id in without]
    measured = sum(places.measured.get(case, 0.0) >= since for case, since in places.restricted.items())
    return told(
        not left,
        f"{len(places.restricted):,} cases have steps in force, {measured:,} were measured, "
        f"{len(left):,} not within {most:g} days{_named(left)}",
    )


def _open(places: Places) -> list[Case]:
    return [case for case in places.cases if case.state != State.CLOSED]


def _appealed(places: Places, case: Case) -> float:
    """When the customer appealed, POSIX seconds."""
    moves = [
        event.time
        for event in places.events(case.id)
        if event.action is Action.MOVED and event.new.get("state") == State.APPEALED
    ]
    return moves[-1] if moves else case.updated


def _named(cases: list[Case]) -> str:
    numbers = ", ".join(str(case.id) for case in cases[:SHOWN])
    return f": {numbers}{' …' if len(cases) > SHOWN else ''}" if cases else ""
