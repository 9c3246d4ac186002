"""Runs of playbooks for one case: the list, and one as a checklist."""

from __future__ import annotations

from typing import Any

from stillwatch.cases.playbook_runs import RunState, Stands
from stillwatch.cases.words import MACHINE
from stillwatch.console.case_of_path import LARGEST, case_of_path
from stillwatch.console.not_there import NotThere
from stillwatch.console.page import Page
from stillwatch.console.pages.playbooks import RUNS, file_of, run_rows, settled_of
from stillwatch.console.playbook_desk import DESK
from stillwatch.console.playbook_flow import flow, told
from stillwatch.console.recent_reasons import recent_reasons
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.errors import PlaybookError
from stillwatch.playbooks.check import Holds
from stillwatch.playbooks.playbook import StepKind
from stillwatch.playbooks.progress import Progress, StepShown
from stillwatch.playbooks.walking import DECIDED, Position

STEPS = (
    Column("number", "Step", "count"),
    Column("name", "What"),
    Column("position", "On the way"),
    Column("stands", "Stands"),
    Column("choice", "Choice"),
    Column("by", "Who"),
    Column("marked", "When", "time"),
    Column("reason", "Why, or what was found"),
    Column("missing_since", "Missing since", "time"),
)
CHOICES = {"true": "Yes", "false": "No"}
SAYS = {Stands.DONE: "It is done", Stands.SKIPPED: "Skip it", Stands.FAILED: "It could not be done"}


def of_case(seen: Seen) -> Shown:
    """Return the runs for a case, and the playbooks that may be begun."""
    case = case_of_path(seen)
    playbooks = DESK.of(seen.doors)
    runs = playbooks.runs(case.id)
    values = {
        "number": case.id,
        "kind": str(case.kind),
        "state": str(case.state),
        "playbooks": [
            {
                "playbook": one.title,
                "name": one.name,
                "description": one.description,
                "steps": len(one.numbered()),
                "runs": [run.number for run in runs if run.playbook == one.id],
                "going": [
                    run.number for run in runs if run.playbook == one.id and run.state == RunState.OPEN
                ],
            }
            for one in playbooks.shipped()
        ],
    }
    columns = (RUNS[0], Column("state", "State"), *RUNS[2:])
    tables = {"runs": Rows(columns, run_rows(playbooks, runs), "Runs for this case", len(runs))}
    parts = {"reasons": recent_reasons(seen)}
    return Shown("case_playbooks.html", values, tables, parts, f"Playbooks for case {case.id}")


def run_of_path(seen: Seen) -> Progress:
    """Return the run that the path names, as it stands. Raises NotThere where there is none."""
    case, run = case_of_path(seen), int(seen.path["run"])
    try:
        if run < LARGEST:
            return DESK.of(seen.doors).progress(case.id, run, look=False)
    except PlaybookError as error:
        if error.where != "RUN":
            raise
    raise NotThere(
        f"case {case.id} has no run {run} of a playbook", where="the address", do="see its playbooks"
    )


def one(seen: Seen) -> Shown:
    """Return a run as a checklist."""
    progress = run_of_path(seen)
    run = progress.run
    by_number = {step.number: step for step in progress.steps}
    lines = [
        (line, step_told(by_number[line.number], run.case) if line.step is not None else None)
        for line in flow(progress.playbook)
    ]
    rows = [told_ for _, told_ in lines if told_ is not None]
    asked = [step.mark.since for step in progress.steps if step.mark and step.mark.actor == MACHINE]
    values = {
        "case": run.case,
        "number": run.number,
        "playbook": run.title,
        "state": str(run.state),
        "begun": run.begun,
        "begun_by": run.begun_by,
        "updated": run.updated,
        "found": max(asked, default=None),
        "settled": settled_of(progress),
        "newer": progress.newer,
        "sha256": run.sha256,
        "next": [step.number for step in progress.next],
    }
    missing = [row for row in rows if row["holds"] == Holds.MISSING and row["waits"]]
    tables = {"steps": Rows(STEPS, rows, "Steps")}
    parts = {
        "lines": lines,
        "missing": missing,
        "reasons": recent_reasons(seen),
        "then": f"/cases/{run.case}/playbooks/{run.number}",
        "open": run.state == RunState.OPEN,
    }
    title = f"{progress.playbook.name}, case {run.case}"
    file = file_of(progress.playbook, f"case-{run.case}-run-{run.number}")
    return Shown("playbook_run.html", values, tables, parts, title, file)


def step_told(shown: StepShown, case: int) -> dict[str, Any]:
    """Return a step of a run: what it says, where it stands, who said so, and what may be said of it."""
    mark, step = shown.mark, shown.step
    by_hand = mark is not None and mark.actor != MACHINE and mark.stands != Stands.OPEN
    ready = shown.position is Position.READY
    stands = str(mark.stands) if mark is not None and mark.stands != Stands.OPEN else ""
    return {
        **told(step, case),
        "number": shown.number,
        "position": str(shown.position),
        "ready": ready,
        "waits": shown.position in (Position.READY, Position.WAITING),
        "stands": stands,
        "choice": CHOICES.get(mark.choice, mark.choice) if mark is not None else "",
        "by": ("its check" if mark.actor == MACHINE else mark.actor) if mark is not None and stands else "",
        "by_hand": by_hand,
        "marked": mark.since if mark is not None and stands else None,
        "reason": mark.reason if mark is not None else "",
        "holds": str(shown.holds) if shown.holds is not None else "",
        "missing_since": shown.since,
        "may": [] if by_hand or not ready else _may(shown),
    }


def _may(shown: StepShown) -> list[dict[str, str]]:
    """What a person may say of a step that can be done now."""
    step = shown.step
    if step.kind in DECIDED:
        ways = {"true", "false"} if step.kind is StepKind.IF else set()
        ways |= {*step.branches}
        return [
            {"stands": str(Stands.CHOSEN), "choice": way, "says": CHOICES.get(way, way)}
            for way in sorted(ways, reverse=True)
        ]
    words = [Stands.SKIPPED] if shown.holds is Holds.MISSING else [Stands.DONE, Stands.SKIPPED]
    words += [Stands.FAILED] if step.on_failure else []
    return [{"stands": str(word), "choice": "", "says": SAYS[word]} for word in words]


PAGES = (
    Page("/cases/{number:int}/playbooks", "Playbooks of a case", Role.VIEWER, of_case),
    Page("/cases/{number:int}/playbooks/{run:int}", "Run of a playbook", Role.VIEWER, one),
)
