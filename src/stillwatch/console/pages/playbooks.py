"""Playbooks: what each is for, the runs under way with what is missing, and what one says, step by step."""

from __future__ import annotations

import json
from typing import Any

from stillwatch.cases.playbook_runs import PlaybookRun, RunState
from stillwatch.console.not_there import NotThere
from stillwatch.console.page import Page
from stillwatch.console.playbook_desk import DESK
from stillwatch.console.playbook_flow import flow, told
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Download, Rows, Shown
from stillwatch.playbooks.playbook import Playbook
from stillwatch.playbooks.playbooks import Playbooks
from stillwatch.playbooks.progress import Progress, StepShown
from stillwatch.playbooks.shipped import NAMES

SHOWN_RUNS = 10
"""Runs under way that are shown, those that changed last first; each takes a few milliseconds. All runs of a
case stand on its own page.
"""
RUNS = (
    Column("title", "Playbook", link="/cases/{case}/playbooks/{number}"),
    Column("case", "Case", link="/cases/{case}"),
    Column("settled", "Steps settled"),
    Column("missing", "Missing", "words"),
    Column("since", "Since", "time"),
    Column("next", "Next"),
    Column("begun_by", "Begun by"),
    Column("updated", "Changed", "time"),
)
STEPS = (
    Column("number", "Step", "count"),
    Column("name", "What"),
    Column("kind", "Kind"),
    Column("checked", "Checked"),
    Column("action", "Action"),
    Column("commands", "Commands", "words"),
)


def listed(seen: Seen) -> Shown:
    """Return the playbooks that ship, and the runs that are under way."""
    playbooks = DESK.of(seen.doors)
    runs = playbooks.runs()
    going = [run for run in runs if run.state == RunState.OPEN]
    rows = run_rows(playbooks, going)
    values = {
        "playbooks": [
            _told(one, [run for run in runs if run.playbook == one.id]) for one in playbooks.shipped()
        ],
        "going": len(going),
    }
    return Shown("playbooks.html", values, {"runs": Rows(RUNS, rows, "Runs under way", len(going))})


def run_rows(playbooks: Playbooks, runs: list[PlaybookRun]) -> list[dict[str, Any]]:
    """Return runs as rows, those that changed last first, with what their checks found when last asked."""
    newest = sorted(runs, key=lambda run: run.updated, reverse=True)[:SHOWN_RUNS]
    return [_row(playbooks.progress(run.case, run.number, look=False)) for run in newest]


def _row(progress: Progress) -> dict[str, Any]:
    run, missing = progress.run, progress.missing
    return {
        "title": progress.playbook.name,
        "case": run.case,
        "number": run.number,
        "state": run.state,
        "settled": settled_of(progress),
        "missing": [one.step.name for one in missing],
        "since": min((one.since for one in missing if one.since is not None), default=None),
        "next": _next(progress.next),
        "begun_by": run.begun_by,
        "begun": run.begun,
        "updated": run.updated,
    }


def settled_of(progress: Progress) -> str:
    """Return how many steps on the way are settled."""
    positions = [str(one.position) for one in progress.steps]
    on_way = [one for one in positions if one != "not on the way"]
    return f"{on_way.count('settled')} of {len(on_way)}"


def _next(steps: tuple[StepShown, ...]) -> str:
    return "" if not steps else f"{steps[0].number} {steps[0].step.name}"


def _told(playbook: Playbook, runs: list[PlaybookRun]) -> dict[str, Any]:
    checked = [step for step in playbook.steps.values() if step.binding.check]
    return {
        "playbook": playbook.title,
        "name": playbook.name,
        "description": playbook.description,
        "steps": len(playbook.numbered()),
        "checked": len(checked),
        "going": sum(run.state == RunState.OPEN for run in runs),
        "done": sum(run.state == RunState.DONE for run in runs),
    }


def one(seen: Seen) -> Shown:
    """Return what one playbook says."""
    name = str(seen.path["name"])
    if name not in NAMES:
        raise NotThere("there is no such playbook", where=name[:80], do="see the list of playbooks")
    playbooks = DESK.of(seen.doors)
    playbook = playbooks.named(name)
    lines = flow(playbook)
    rows = [{"number": line.number, **told(line.step)} for line in lines if line.step is not None]
    values = {
        "playbook": name,
        "description": playbook.description,
        "modified": playbook.modified,
        "sha256": playbook.sha256,
        "references": [{"name": one, "where": where} for one, where in playbook.references],
        "steps": len(rows),
        "checked": sum(bool(row["checked"]) for row in rows),
    }
    parts = {"flow": [(line, told(line.step) if line.step is not None else None) for line in lines]}
    tables = {"steps": Rows(STEPS, rows, "Steps")}
    return Shown("playbook.html", values, tables, parts, playbook.name, file_of(playbook, name))


def file_of(playbook: Playbook, name: str) -> Download:
    """Return a playbook as a CACAO file, as `stillwatch playbook export` writes it."""
    text = json.dumps(json.loads(playbook.content), indent=1, ensure_ascii=False) + "\n"
    return Download(f"{name}.json", text)


PAGES = (
    Page("/playbooks", "Playbooks", Role.VIEWER, listed, menu=6),
    Page("/playbooks/{name}", "Playbook", Role.VIEWER, one),
)
