"""The plan of a case: its steps, what is left out, what was taken, what comes back; and what may be done."""

from __future__ import annotations

from typing import Any

import msgspec

from stillwatch.cases.case import Case
from stillwatch.cases.remediation.dry import DryStep, sums
from stillwatch.cases.remediation.plan_words import ACT, PlanState, Stage, StepKind
from stillwatch.cases.remediation.remediation import Planned
from stillwatch.cases.remedy import Measure
from stillwatch.cases.states import Kind
from stillwatch.console.case_of_path import case_of_path
from stillwatch.console.long_work import Job
from stillwatch.console.page import Page
from stillwatch.console.plan_shown import STAGES, dry_row, stages_left, stands, step_row
from stillwatch.console.recent_reasons import recent_reasons
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.errors import CaseError

SHOWN, MOST = 25, 20_000
"""Rows of a table on the page, and of one that a program or a CSV gets."""
STEPS = (
    Column("step", "Step"),
    Column("stage", "Stage"),
    Column("does", "What it does"),
    Column("accounts", "Accounts", "count"),
    Column("left_out", "Left out", "count"),
    Column("state", "State"),
    Column("done", "Done", "time"),
    Column("until", "Ends by itself", "time"),
    Column("undone", "Taken back", "time"),
    Column("by", "Who"),
    Column("why", "Why"),
    Column("journal", "Entry of the journal"),
)
DRY = (
    Column("step", "Step"),
    Column("stage", "Stage"),
    Column("writes", "It would write"),
    Column("accounts", "Accounts", "count"),
    Column("touched", "Would meet it", "count"),
    Column("held_back", "Left alone", "words"),
    Column("until", "Until, UTC"),
)
LEFT_OUT = (Column("account", "Account", "code", link="/accounts/{account}"), Column("why", "Why"))
TEMPLATES = (
    Column("part", "Part"),
    Column("key", "Key", "code"),
    Column("accounts", "Accounts", "count"),
    Column("exchanges", "Exchanges", "count"),
    Column("distinct_prompts", "Different prompts", "count"),
)
MODELS = (Column("model", "Model"), Column("accounts", "Accounts", "count"))
MARKS = (Column("facet", "Facet"), Column("key", "Key", "code"))
MEASURES = (
    Column("made", "Measured", "time"),
    Column("run", "Later run", "code"),
    Column("back", "Marks that came back", "count"),
    Column("own", "of", "count"),
    Column("templates", "Templates among them", "count"),
    Column("hours", "First new account after, hours", "number"),
    Column("where", "Where", "words"),
)
BEFORE = (
    Column("version", "Version"),
    Column("made", "Made", "time"),
    Column("by", "Who decided last"),
    Column("state", "State"),
    Column("why", "Why"),
)


def plan(seen: Seen) -> Shown:
    """Return the newest plan of a case, or how one is made."""
    case, desk = case_of_path(seen), seen.doors.remedy
    plans = desk.door.plans(case.id)
    making = desk.jobs.of(f"plan {case.id}")
    parts = {
        "found": case,
        "reasons": recent_reasons(seen),
        "fault": desk.fault,
        "making": making if making is not None and making.ended is None else None,
        "victims": case.kind == Kind.VICTIM,
        "going": False,
        "done": False,
        "share": False,
    }
    if not plans:
        values: dict[str, Any] = {"case": case.document(seen.now), "plan": None}
        return Shown("case_plan.html", values, {}, parts, f"Plan of case {case.id}")
    return _with(seen, case, plans, parts)


def _with(seen: Seen, case: Case, plans: list[Planned], parts: dict[str, Any]) -> Shown:
    desk, newest = seen.doors.remedy, plans[-1]
    content, steps = newest.plan.content, list(newest.steps)
    rows = [step_row(one, desk.crowd_size) for one in steps]
    most = MOST if seen.first("format") else SHOWN
    job = last_dry_run(seen, newest)
    measures = desk.door.measures(case.id)
    refusal = desk.door.refusal(case.id)
    taint = content.get("taint", {})
    tables = {
        "steps": Rows(STEPS, rows, "Steps"),
        "left_out": _rows(LEFT_OUT, content.get("left_out", ()), "Left out, and why", most),
        "templates": _rows(TEMPLATES, taint.get("templates", ()), "Templates that were taken", most),
        "models": _rows(MODELS, taint.get("models", ()), "Models that were taken from", most),
        "marks": _rows(MARKS, content.get("watch", {}).get("marks", ()), "Marks that are watched for", most),
        "measures": Rows(MEASURES, [_measure(one) for one in measures], "What later runs show"),
        "plans": Rows(BEFORE, [_before(one) for one in reversed(plans[:-1])], "Plans before"),
    }
    dry = dry_of(job)
    if dry is not None:
        tables["dry_run"] = Rows(DRY, [dry_row(one) for one in dry], "Dry run")
    told = newest.plan.document()
    told.pop("content")
    values = {
        "case": case.document(seen.now),
        "plan": told,
        "stages_left": [one.shown for one in stages_left(newest.plan, steps)],
        "refusal": refusal,
        "dry_run": _dry_values(job, dry),
        "content": {
            name: value for name, value in content.items() if name not in ("left_out", "taint", "watch")
        },
        "taint": {name: value for name, value in taint.items() if not isinstance(value, list)}
        | {"purposes": list(taint.get("purposes", ()))},
        "watch": {"marks_in_all": content.get("watch", {}).get("marks_in_all", 0)},
    }
    parts |= _parts(seen, case, newest, rows)
    parts["stands"] = stands(newest.plan)
    parts["dry_rows"] = [dry_row(one) for one in dry] if dry is not None else []
    return Shown("case_plan.html", values, tables, parts, f"Plan of case {case.id}")


def _parts(seen: Seen, case: Case, newest: Planned, rows: list[dict[str, Any]]) -> dict[str, Any]:
    plan, steps = newest.plan, newest.steps
    restricted = [one for one in steps if one.kind == StepKind.RESTRICT and one.done is not None]
    since = min((one.done for one in restricted if one.done is not None), default=None)
    by_stage = [
        (*STAGES[stage], [row for row in rows if row["stage"] == stage.shown], stage.shown)
        for stage in Stage
        if any(row["stage"] == stage.shown for row in rows)
    ]
    going = plan.state in (PlanState.CARRYING, PlanState.UNDOING)
    return {
        "planned": plan,
        "stages": by_stage,
        "going": going or any(one.state == "undoing" for one in steps),
        "done": any(one.state == "done" for one in steps),
        "share": any(one.kind == StepKind.SHARE and one.state == "planned" for one in steps),
        "acts": plan.kind == ACT,
        "since": since,
        "runs": _later_runs(seen, plan.run) if since is not None else [],
    }


def last_dry_run(seen: Seen, newest: Planned) -> Job | None:
    """Return the last dry run of a plan that this process made, the one asked for in the URL first."""
    jobs = seen.doors.remedy.jobs
    wanted = [stage for stage in Stage if stage.shown == seen.first("dry")]
    for stage in (*wanted, *reversed(Stage)):
        job = jobs.of(dry_name(newest, stage))
        if job is not None:
            return job
    return None


def dry_name(newest: Planned, through: Stage) -> str:
    """Return the name of a dry run: another order, or another state of the plan, is another."""
    return f"dry {newest.plan.id} {newest.plan.state} {newest.plan.through} {through.shown}"


def dry_of(job: Job | None) -> list[DryStep] | None:
    """Return what a dry run found; None while it is under way, and where it failed."""
    return job.result if job is not None and isinstance(job.result, list) else None


def _dry_values(job: Job | None, dry: list[DryStep] | None) -> dict[str, Any] | None:
    if job is None:
        return None
    told: dict[str, Any] = {"by": job.by, "began": job.began, "ended": job.ended, "progress": job.progress}
    if job.error is not None:
        told["fault"] = f"{job.error.what}; {job.error.do}"
    return told | (sums(dry) if dry is not None else {})


def _later_runs(seen: Seen, own: str) -> list[tuple[str, str]]:
    """Runs that may be measured against: id, and when their traffic ends."""
    return [
        (str(about["id"]), str(about.get("last") or "")[:16].replace("T", " "))
        for _, about in seen.doors.runs.all()
        if about.get("id") and about["id"] != own
    ][:50]


def folder_of(seen: Seen, run: str) -> Any:
    """Return the folder of a run. Raises CaseError where the console has none of that id."""
    for folder, about in seen.doors.runs.all():
        if about.get("id") == run:
            return folder
    raise CaseError("the console has no such run", where=run[:80], do="choose one of the list")


def _rows(columns: tuple[Column, ...], rows: Any, caption: str, most: int) -> Rows:
    found = list(rows)
    return Rows(columns, found[:most], caption, len(found))


def _measure(measure: Measure) -> dict[str, Any]:
    told = measure.content
    marks = told.get("marks", {})
    where = [
        f"{one['campaign']} ({one['verdict']}): {one['other_accounts']} other accounts"
        for one in told.get("where", ())
    ]
    return {
        "made": measure.made,
        "run": told.get("run", ""),
        "back": marks.get("back") if marks.get("compared") else None,
        "own": marks.get("own"),
        "templates": told.get("templates_back"),
        "hours": told.get("first_after_hours"),
        "where": where or ["nowhere"],
    }


def _before(planned: Planned) -> dict[str, Any]:
    one = planned.plan
    return {"version": one.version, "made": one.made, "by": one.by, "state": one.state, "why": one.why}


class Filters(msgspec.Struct):
    """Up to which stage a dry run is shown; it stands in the URL."""

    dry: str = ""


PAGES = (Page("/cases/{number:int}/plan", "Plan", Role.VIEWER, plan, Filters),)
