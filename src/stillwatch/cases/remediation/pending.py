"""What waits for a person after cases were acted on or closed."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.cases.remediation.left_out import left_out
from stillwatch.cases.remediation.plan_words import RESTORES, PlanState, StepKind
from stillwatch.cases.remediation.planning import in_force
from stillwatch.cases.remediation.work import Work
from stillwatch.cases.remedy import Appeal, Letter, Plan, Step
from stillwatch.cases.states import State


@dataclass(frozen=True)
class Pending:
    """What waits."""

    restore: tuple[int, ...]
    """Cases that were closed as no distillation, licensed or a victim's while steps are in force: plan and
    carry out the restoration.
    """
    freed: tuple[tuple[int, str], ...]
    """Accounts that people cleared and that still meet a step: plan the case anew."""
    stopped: tuple[str, ...]
    """Plans that stopped on the way."""
    begun: tuple[str, ...]
    """Plans that are being carried out or taken back: `resume` ends what a killed server began."""
    letters: tuple[str, ...]
    """Letters that wait for approval, or to go out."""
    appeals: tuple[str, ...]
    """Open appeals, those that are due first come first."""
    breached: tuple[str, ...]
    """Open appeals whose deadline has passed."""
    unrestored: tuple[str, ...]
    """Appeals that were granted, with nothing done at the gateway yet."""


def pending(work: Work, now: float) -> Pending:
    """Return what waits at a time, POSIX seconds."""
    remedies = work.remedies
    steps: dict[int, list[Step]] = {}
    for number in {
        one.case_id for one in remedies.where(Step, state="done") if one.kind == StepKind.RESTRICT
    }:
        steps[number] = in_force(work, number, (StepKind.RESTRICT,))
    restore, freed = [], []
    for case in work.store.cases(number for number, some in steps.items() if some):
        if case.state == State.CLOSED and case.outcome in RESTORES:
            restore.append(case.id)
            continue
        free = in_force(work, case.id, (StepKind.FREE,))
        spared = set(work.accounts(step.crowd for step in free))
        lasting = [step for step in steps[case.id] if step.until is None or step.until > now]
        touched = set(work.accounts(one.crowd for one in lasting))
        touched -= {account for step in lasting for account in step.left_out}
        freed += [
            (case.id, account)
            for account, why in sorted(left_out(work.store, touched - spared, now).items())
            if not why.startswith("appeal ")
        ]
    plans = remedies.all(Plan)
    letters = remedies.where(Letter, state="draft") + remedies.where(Letter, state="approved")
    waiting = sorted(remedies.where(Appeal, state="open"), key=lambda one: (one.due, one.id))
    return Pending(
        tuple(restore),
        tuple(freed),
        tuple(one.id for one in plans if one.state == PlanState.STOPPED),
        tuple(one.id for one in plans if one.state in (PlanState.CARRYING, PlanState.UNDOING)),
        tuple(one.id for one in letters),
        tuple(one.id for one in waiting),
        tuple(one.id for one in waiting if one.due < now),
        tuple(one.id for one in remedies.where(Appeal, restoration="due")),
    )
