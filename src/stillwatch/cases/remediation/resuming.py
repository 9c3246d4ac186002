"""What was begun and not ended, as after a server was killed, and how it is ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stillwatch.cases.remediation import notices
from stillwatch.cases.remediation.plan_words import PlanState, StepState
from stillwatch.cases.remediation.work import Work
from stillwatch.cases.remedy import Appeal, Letter, Plan, Step
from stillwatch.errors import StillwatchError


@dataclass(frozen=True)
class Begun:
    """What was begun and not ended."""

    restorations: tuple[str, ...]
    """Appeals whose answer promises what is not done yet."""
    taken_back: tuple[int, ...]
    """Cases in which something is being taken back."""
    carried: tuple[int, ...]
    """Cases whose plan is being carried out."""
    letters: tuple[str, ...]
    """Letters of which some notices are queued."""


def begun(work: Work) -> Begun:
    """Return what was begun and not ended."""
    plans = work.remedies.all(Plan)
    back = {one.case_id for one in plans if one.state == PlanState.UNDOING}
    back |= {one.case_id for one in work.remedies.where(Step, state=str(StepState.UNDOING))}
    return Begun(
        tuple(one.id for one in work.remedies.where(Appeal, restoration="due")),
        tuple(sorted(back)),
        tuple(sorted({one.case_id for one in plans if one.state == PlanState.CARRYING})),
        tuple(one.id for one in work.remedies.where(Letter, state=notices.SENDING)),
    )


def ended(going: Sequence[tuple[str, Callable[[], object]]]) -> list[str]:
    """End what was begun, one after another, and return the names of what was ended. A fault of one stops no
    other; the first is raised when all were tried.
    """
    faults, done = [], []
    for name, go_on in going:
        try:
            go_on()
        except StillwatchError as fault:
            faults.append(fault)
        else:
            done.append(name)
    if faults:
        raise faults[0]
    return done
