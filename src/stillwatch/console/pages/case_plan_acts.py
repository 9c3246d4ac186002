"""What people do with a plan: make it, try it, carry it out, take it back, share, measure."""

from __future__ import annotations

from functools import partial
from typing import Literal

import msgspec

from stillwatch.cases.remediation.plan_words import Stage
from stillwatch.console.act import Act
from stillwatch.console.case_of_path import case_of_path
from stillwatch.console.conflict import told
from stillwatch.console.done import Done
from stillwatch.console.long_work import Job
from stillwatch.console.pages.case_acts import Name, Reason, Version
from stillwatch.console.pages.case_plan import dry_name, folder_of
from stillwatch.console.plan_shown import stands
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.errors import CaseError

Through = Literal["first", "slow", "verify", "block"]
GOING = "It is under way; look again in a moment."


class PlanFields(msgspec.Struct):
    """Why a plan is made."""

    reason: Reason
    version: Version


class DryFields(msgspec.Struct):
    """Up to which stage."""

    through: Through = "block"


class OrderFields(msgspec.Struct):
    """Up to which stage, and why."""

    through: Through
    reason: Reason
    version: Version


class UndoFields(msgspec.Struct):
    """One step, or all that was done; and why."""

    reason: Reason
    version: Version
    step: Name = ""


class ReasonFields(msgspec.Struct):
    """Why."""

    reason: Reason


class MeasureFields(msgspec.Struct):
    """With which later run, and why."""

    run: Name
    reason: Reason


class NoFields(msgspec.Struct):
    """Nothing is asked for."""


def make(seen: Seen, fields: PlanFields) -> Done:
    """Make a plan, which takes the place of the one before."""
    case, desk = case_of_path(seen), seen.doors.remedy
    made = partial(desk.door.plan, case.id, by=seen.user.name, reason=fields.reason, version=fields.version)
    there = desk.jobs.of(f"plan {case.id}")
    if there is not None and there.ended is None:
        raise CaseError("a plan of this case is being made", where=f"by {there.by}", do="wait a moment")
    with told(seen.doors.cases, case.id):
        job = desk.jobs.begin(f"plan {case.id}", seen.user.name, lambda _said: made()).checked()
    return _done(seen, "The plan is made. Nothing of it is carried out.", job)


def dry(seen: Seen, fields: DryFields) -> Done:
    """Say what carrying out up to a stage would do. Nothing is written."""
    case, desk = case_of_path(seen), seen.doors.remedy
    through = Stage[fields.through.upper()]
    newest = desk.door.show(case.id)
    work = partial(desk.door.dry_run, case.id, through)
    job = desk.jobs.begin(dry_name(newest, through), seen.user.name, lambda said: work(said)).checked()
    path = f"/cases/{case.id}/plan?dry={fields.through}#dry-run"
    said = f"Dry run up to {fields.through}: nothing was written." if job.ended else f"The dry run: {GOING}"
    return Done(path, said, {"case": case.id, "through": fields.through, "ended": job.ended is not None})


def carry_out(seen: Seen, fields: OrderFields) -> Done:
    """Carry the plan out up to a stage."""
    case, desk = case_of_path(seen), seen.doors.remedy
    _needs_gateway(seen)
    with told(seen.doors.cases, case.id):
        desk.door.order(
            case.id,
            Stage[fields.through.upper()],
            by=seen.user.name,
            reason=fields.reason,
            version=fields.version,
        )
    return _done(seen, "", desk.go_on(case.id, seen.user.name).checked())


def undo(seen: Seen, fields: UndoFields) -> Done:
    """Take one step back, or all that was done about the case."""
    case, desk = case_of_path(seen), seen.doors.remedy
    with told(seen.doors.cases, case.id):
        desk.door.order_back(
            case.id, fields.step, by=seen.user.name, reason=fields.reason, version=fields.version
        )
    return _done(seen, "", desk.go_on(case.id, seen.user.name).checked())


def resume(seen: Seen, _fields: NoFields) -> Done:
    """End what was begun about this case."""
    case, desk = case_of_path(seen), seen.doors.remedy
    desk.door.show(case.id)
    return _done(seen, "", desk.go_on(case.id, seen.user.name).checked())


def share(seen: Seen, fields: ReasonFields) -> Done:
    """Offer marks of the campaign to be shared: a message to your own systems."""
    case = case_of_path(seen)
    step = seen.doors.remedy.door.share(case.id, by=seen.user.name, reason=fields.reason)
    said = (
        f"Step {step.id}: the offer is queued for your channels (topic plan.step), and written into the case."
    )
    return Done(f"/cases/{case.id}/plan", said, {"step": step.id})


def measure(seen: Seen, fields: MeasureFields) -> Done:
    """Measure from a later run whether the campaign's marks come back."""
    case, desk = case_of_path(seen), seen.doors.remedy
    later = folder_of(seen, fields.run)
    own = desk.door.show(case.id).plan.run
    earlier = next((folder for folder, about in seen.doors.runs.all() if about.get("id") == own), None)
    work = partial(
        desk.door.measure, case.id, later, earlier=earlier, by=seen.user.name, reason=fields.reason
    )
    job = desk.jobs.begin(f"measure {case.id} {fields.run}", seen.user.name, lambda _said: work()).checked()
    said = "It is measured." if job.ended else f"The measure: {GOING}"
    return Done(f"/cases/{case.id}/plan#comes-back", said, {"case": case.id, "ended": job.ended is not None})


def _needs_gateway(seen: Seen) -> None:
    fault = seen.doors.remedy.fault
    if fault:
        raise CaseError(
            f"nothing can be done at the gateway: {fault}",
            where="the guard's state",
            do="start `stillwatch serve --state STATE` with a state whose signing key can be read",
        )


def _done(seen: Seen, said: str, job: Job) -> Done:
    """Where the plan stands now."""
    case = case_of_path(seen)
    if job.ended is None:
        return Done(f"/cases/{case.id}/plan", GOING, {"case": case.id, "ended": False})
    plan = seen.doors.remedy.door.show(case.id).plan
    result = {"case": case.id, "version": case.version, "plan": plan.id, "state": plan.state, "ended": True}
    why = f": {plan.why}" if plan.state == "stopped" else ""
    return Done(f"/cases/{case.id}/plan", said or f"Plan {plan.id} is {stands(plan)}{why}.", result)


PLAN = "/cases/{number:int}/plan"
ACTS = (
    Act(PLAN, "Make a plan", Role.ANALYST, PlanFields, make),
    Act(f"{PLAN}/dry-run", "Try a plan without writing anything", Role.ANALYST, DryFields, dry),
    Act(f"{PLAN}/carry-out", "Carry a plan out", Role.APPROVER, OrderFields, carry_out),
    Act(f"{PLAN}/undo", "Take back what was done", Role.ANALYST, UndoFields, undo),
    Act(f"{PLAN}/resume", "End what was begun", Role.ANALYST, NoFields, resume),
    Act(f"{PLAN}/share", "Offer marks to be shared", Role.APPROVER, ReasonFields, share),
    Act(f"{PLAN}/measure", "Measure what comes back", Role.ANALYST, MeasureFields, measure),
)
