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
            f"{len(people):,} person has worked here so far",
            "let a second person have access, before a takedown that needs one",
        )
    return told(True, f"{len(people):,} persons work here; above {most:,} accounts a second one must agree")


@check(
    says="Appeals are answered in time.",
    do="answer them: uphold, overturn or partly, and tell the customer",
)
def appeals_in_time(places: Places) -> Answer:
    """No appeal has waited for longer than the settings allow."""
    appealed = [case for case in places.cases if case.state == State.APPEALED]
    if not appealed:
        return not_applicable("no appeal waits")
    most = places.settings.playbooks.appeal_days
    late = [case for case in appealed if places.now - _appealed(places, case) > most * DAY_S]
    return told(
        not late, f"{len(appealed):,} appeals wait, {len(late):,} for more than {most:g} days{_named(late)}"
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
