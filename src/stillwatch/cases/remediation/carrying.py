"""Plans are carried out and taken back: first what people decided is an event, then each step with one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import sqlalchemy as sa

from stillwatch.cases.case import Case
from stillwatch.cases.event import Action
from stillwatch.cases.models import EventRow
from stillwatch.cases.remediation.doing import JOURNALS, done, undone, written_under
from stillwatch.cases.remediation.plan_words import ACT, PlanState, Stage, StepKind, StepState
from stillwatch.cases.remediation.work import Work
from stillwatch.cases.remedy import REMEDY, Plan, Record, Step
from stillwatch.cases.states import State
from stillwatch.cases.store import event_of
from stillwatch.errors import CaseError, StillwatchError

Open = Callable[[], AbstractContextManager[Work]]
"""Begins a session that writes."""


def plan_of(work: Work, case: Case) -> Plan:
    """Return the newest plan of a case. Raises CaseError where it has none."""
    plan = work.plan(case.id)
    if plan is None:
        raise CaseError(
            f"case {case.id} has no plan",
            where=f"case {case.id}",
            do=f"make one: `stillwatch case plan {case.id}`",
        )
    return plan


def refusal(work: Work, case: Case, plan: Plan) -> CaseError | None:
    """Return why a plan may not be carried out now; None if it may. What restores needs nobody else."""
    if plan.kind != ACT:
        return None if case.state == State.CLOSED else _open_again(case, plan)
    if case.state != State.ACTING:
        return CaseError(
            f"case {case.id} is {case.state}, and its plan is carried out only while it is {State.ACTING}",
            where=f"plan {plan.id}",
            do=f"move it: `stillwatch case move {case.id} acting`, or plan anew if it was closed",
        )
    touched = max(case.accounts, sum(plan.content.get("tiers", {}).values()))
    if not replace(case, accounts=touched).one_person_suffices(work.settings.second_person):
        agreed = f", and {case.approved_by} agreed to {case.approved_accounts:,}" if case.approved_by else ""
        return CaseError(
            f"the case has {case.accounts:,} accounts now, and its plan {touched:,}{agreed}; a second person "
            "must agree again"
            if touched > case.accounts
            else f"the case has {case.accounts:,} accounts now{agreed}; a second person must agree again",
            where=f"plan {plan.id}",
            do=f"make a new plan of the accounts that it has now: `stillwatch case plan {case.id}`"
            if touched > case.accounts
            else f'move case {case.id} to "{State.SECOND_REVIEW}", and let another person `case review` it',
        )
    return None


def _open_again(case: Case, plan: Plan) -> CaseError:
    return CaseError(
        f"case {case.id} is open again, and its plan was to take back what was done",
        where=f"plan {plan.id}",
        do="make a new plan; to take back single steps: `stillwatch case undo`",
    )


def order(work: Work, case: Case, through: Stage, by: str, why: str) -> Plan:
    """Decide that the newest plan is carried out up to a stage; writes it. Raises CaseError where it may not
    be, or where nothing is left.
    """
    plan = plan_of(work, case)
    if (refused := refusal(work, case, plan)) is not None:
        raise refused
    if plan.state in (PlanState.UNDOING, PlanState.UNDONE, PlanState.REPLACED, PlanState.CARRYING):
        raise CaseError(
            f"plan {plan.id} is {plan.state}",
            where=f"case {case.id}",
            do="`stillwatch case resume` ends what was begun; else make a new plan",
        )
    steps = [
        step
        for step in work.steps(plan)
        if step.stage <= through and step.state in (StepState.PLANNED, StepState.FAILED)
    ]
    if not steps:
        raise CaseError(
            f"no step of plan {plan.id} is left up to stage {through.shown}",
            where=f"case {case.id}",
            do="choose a later stage with --through, or make a new plan",
        )
    if any(step.kind in JOURNALS for step in steps):
        work.journal()
    again = [replace(step, state=str(StepState.PLANNED)) for step in steps if step.state == StepState.FAILED]
    agreed = {
        "proposed_by": case.proposed_by,
        "approved_by": case.approved_by,
        "accounts": case.approved_accounts,
    }
    plan = replace(
        plan,
        state=str(PlanState.CARRYING),
        through=max(plan.through, int(through)),
        by=by,
        why=why,
        agreed=agreed,
    )
    work.record(case, Action.ORDERED, by, why, [plan, *again])
    return plan


def share(work: Work, case: Case, by: str, why: str) -> Step:
    """Carry out the offer to share, which no stage has in it."""
    plan = plan_of(work, case)
    if (refused := refusal(work, case, plan)) is not None:
        raise refused
    step = next((one for one in work.steps(plan) if one.kind == StepKind.SHARE), None)
    if step is None or step.state != StepState.PLANNED:
        raise CaseError("there is no offer to share left", where=f"plan {plan.id}", do="make a new plan")
    made = done(work, replace(plan, by=by, why=why), step)
    work.record(case, Action.STEPPED, by, why, made)
    return work.remedies.one(Step, step.id) or step


def carry_on(open_work: Open, number: int) -> Plan:
    """Carry out what is left of a plan that people ordered, one step and event after the other."""
    while True:
        try:
            with open_work() as work:
                plan = plan_of(work, work.store.case(number))
                if plan.state != PlanState.CARRYING or not _one_more(work, plan):
                    return plan_of(work, work.store.case(number))
        except StillwatchError as error:
            with open_work() as work:
                return _stopped(work, number, error)


def _one_more(work: Work, plan: Plan) -> bool:
    """Carry out the next step; returns whether there may be more."""
    case = work.store.case(plan.case_id)
    step = _next(work, plan)
    if step is None:
        _end(work, case, plan, PlanState.CARRIED, "all steps of the stage are done")
        return False
    refused = refusal(work, case, plan)
    # What is in the journal already happened, and is written down whatever the case has become.
    if refused is not None and not _happened(work, step):
        _end(work, case, plan, PlanState.STOPPED, refused.what)
        return False
    made = done(work, plan, step)
    work.record(case, Action.STEPPED, plan.by, plan.why, made)
    return True


def _next(work: Work, plan: Plan) -> Step | None:
    left = (one for one in work.steps(plan) if one.stage <= plan.through and one.state == StepState.PLANNED)
    return next(left, None)


def _happened(work: Work, step: Step) -> bool:
    if step.kind not in JOURNALS or work.people is None:
        return False
    return work.people.written_once(written_under(work, step)) is not None


def _stopped(work: Work, number: int, error: StillwatchError) -> Plan:
    """Write that the step that was next failed."""
    case = work.store.case(number)
    plan = plan_of(work, case)
    step = _next(work, plan)
    if plan.state != PlanState.CARRYING or step is None:
        raise error
    failed = replace(step, state=str(StepState.FAILED), why=error.what)
    work.record(case, Action.STEPPED, plan.by, error.what, [failed])
    return _end(work, work.store.case(number), plan, PlanState.STOPPED, error.what)


def _end(work: Work, case: Case, plan: Plan, state: PlanState, why: str) -> Plan:
    ended = replace(plan, state=str(state), why=plan.why if state is PlanState.CARRIED else why)
    work.record(case, Action.STEPPED, plan.by, why, [ended])
    return ended


def order_back(work: Work, case: Case, step_id: str, by: str, why: str) -> list[Step]:
    """Decide that one step is taken back, or, without a name, all that was done about a case; writes it.

    Nobody else has to agree to that. Raises CaseError where nothing is to be taken back.
    """
    plan = plan_of(work, case)
    steps = work.remedies.of_case(Step, case.id)
    begun = plan.state in (PlanState.CARRYING, PlanState.STOPPED)
    if step_id:
        chosen = [one for one in steps if one.id == step_id and one.state == StepState.DONE]
    else:
        chosen = [one for one in steps if one.state == StepState.DONE or (begun and _left(one, plan))]
    if not chosen:
        raise CaseError(
            "nothing is to be taken back",
            where=f"step {step_id}" if step_id else f"case {case.id}",
            do=f"see `stillwatch case plan {case.id} --show` for what is done",
        )
    if any(one.kind in JOURNALS for one in chosen):
        work.journal()
    back = [replace(one, state=str(StepState.UNDOING)) for one in chosen]
    records: list[Record] = [*back]
    if not step_id:
        going = {one.id for one in chosen}
        records += [
            replace(one, state=str(StepState.SKIPPED), why="the plan was taken back")
            for one in work.steps(plan)
            if one.state in (StepState.PLANNED, StepState.FAILED) and one.id not in going
        ]
        records.append(replace(plan, state=str(PlanState.UNDOING), by=by, why=why))
    work.record(case, Action.ORDERED, by, why, records)
    return back


def _left(step: Step, plan: Plan) -> bool:
    """Whether a step may have been carried out by somebody who was killed before it was written down."""
    return (
        step.plan_id == plan.id
        and step.stage <= plan.through
        and step.state in (StepState.PLANNED, StepState.FAILED)
    )


def take_back(open_work: Open, number: int) -> Plan:
    """Take back what people ordered, one step and event after the other, the newest first."""
    while True:
        with open_work() as work:
            case = work.store.case(number)
            steps = [one for one in work.remedies.of_case(Step, number) if one.state == StepState.UNDOING]
            if not steps:
                plan = plan_of(work, case)
                if plan.state == PlanState.UNDOING:
                    plan = _end(work, case, plan, PlanState.UNDONE, plan.why)
                return plan
            by, why = _ordered(work, case, steps[-1])
            work.record(case, Action.STEPPED, by, why, undone(work, steps[-1], by, why))


def _ordered(work: Work, case: Case, step: Step) -> tuple[str, str]:
    """Who decided that a step is taken back, and why, by the last event that says so."""
    query = (
        sa.select(EventRow)
        .where(EventRow.case_id == case.id, EventRow.action == str(Action.ORDERED))
        .order_by(EventRow.seq.desc())
    )
    for row in work.store.session.scalars(query):
        event = event_of(row)
        if any(change["id"] == step.id for change in event.new.get(REMEDY, ())):
            return event.actor, event.reason
    return step.by, step.why or "taken back"
