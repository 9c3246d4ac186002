"""How playbooks, their runs and the readiness are printed."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import click

from stillwatch.plain import plain

if TYPE_CHECKING:
    from stillwatch.playbooks.playbook import Playbook
    from stillwatch.playbooks.progress import Progress, StepShown
    from stillwatch.playbooks.readiness import Readiness

WIDTH = 100
MARKS = {
    "done": "x",
    "met": "x",
    "chosen": "x",
    "skipped": "-",
    "not applicable": "-",
    "failed": "!",
}
"""What stands in the box of a step that is settled."""


def playbook_document(playbook: Playbook) -> dict[str, Any]:
    """A playbook for machines."""
    from stillwatch.playbooks.actions import ACTIONS

    numbers = playbook.numbered()
    return {
        "playbook": playbook.title,
        "id": playbook.id,
        "name": playbook.name,
        "description": playbook.description,
        "version": playbook.modified,
        "sha256": playbook.sha256,
        "references": [{"name": name, "where": where} for name, where in playbook.references],
        "steps": [
            {
                "number": numbers[step.id],
                "step": step.id,
                "kind": str(step.kind),
                "name": step.name,
                "description": step.description,
                "commands": list(step.commands),
                "check": step.binding.check,
                "action": step.binding.action,
                "command": ACTIONS[step.binding.action].command if step.binding.action else "",
                "place": step.binding.place,
                "unknown": list(step.binding.unknown),
            }
            for step in playbook.steps.values()
            if step.id in numbers
        ],
    }


def show_playbook(playbook: Playbook) -> None:
    """Print a playbook for a reader."""
    from stillwatch.playbooks.progress import says

    click.echo(f"{playbook.name}  (version {playbook.modified[:10]}, SHA-256 {playbook.sha256[:12]}…)")
    _paragraph(playbook.description, "")
    numbers = playbook.numbered()
    for step in playbook.steps.values():
        if step.id not in numbers:
            continue
        click.echo(f"\n{numbers[step.id]:>3}  {step.name}")
        _paragraph(step.description, "     ")
        for command in step.commands:
            click.echo(f"     {command}")
        if step.binding.check:
            click.echo(f"     checked: {says(step.binding.check)}")
        for name in step.binding.unknown:
            click.echo(f"     not known here, so a person does it: {name}")
    if playbook.references:
        click.echo("\nSources:")
        for name, where in playbook.references:
            _paragraph(f"{name}: {where}", "  ")


def show_progress(progress: Progress) -> None:
    """Print a run for a reader: what is settled on a line, what can be done now in full."""
    run = progress.run
    click.echo(
        plain(f"{run.title}, run {run.number} for case {run.case}: {run.state}; {progress.playbook.name}")
    )
    if progress.newer:
        click.echo("  another version of this playbook ships now; this run goes on with its own")
    for one in progress.steps:
        _show_step(one)
    missing = len(progress.missing)
    if run.state == "open":
        ready = ", ".join(str(one.number) for one in progress.next) or "none"
        click.echo(f"steps that can be done now: {ready}; missing by their checks: {missing}")


def _show_step(one: StepShown) -> None:
    stands = one.mark.stands if one.mark else ""
    box = "·" if one.position == "not on the way" else MARKS.get(stands, " ")
    click.echo(plain(f"[{box}] {one.number:>2}  {one.step.name}"))
    margin = "        "
    if one.mark is not None and one.mark.stands not in ("missing", "cannot tell", "met"):
        choice = f" ({one.mark.choice})" if one.mark.choice else ""
        _paragraph(f"{one.mark.stands}{choice} by {one.mark.actor}: {one.mark.reason}", margin)
    if one.position == "ready":
        _paragraph(one.step.description, margin)
        for command in one.step.commands:
            click.echo(plain(f"{margin}{command}"))
    if one.answer is not None and one.holds in ("missing", "cannot tell"):
        _paragraph(f"{one.answer.holds}{_since(one.since)}: {one.answer.evidence}", margin)
        if one.answer.do:
            _paragraph(f"what to do: {one.answer.do}", margin)


def show_readiness(found: Readiness) -> None:
    """Print the readiness as a table, and what is missing beneath it."""
    from rich.console import Console
    from rich.table import Table

    from stillwatch.playbooks.readiness import NOT_READ

    table = Table("", "recommended", "here", "since", "source")
    for one in found.points:
        since = _moment(one.since) if one.since is not None else ""
        table.add_row(str(one.point.number), one.point.title, str(one.holds), since, one.point.source)
    Console(highlight=False).print(table)
    for one in found.points:
        for name, (answer, since_s) in one.found.items():
            if answer.holds in ("missing", "cannot tell"):
                words = f"{answer.holds}{_since(since_s)}: {answer.evidence}"
                _paragraph(f"{one.point.number}  {name}: {words}", "", "    ")
                if answer.do:
                    _paragraph(f"what to do: {answer.do}", "    ")
    _paragraph(NOT_READ, "")


def _since(moment: float | None) -> str:
    return "" if moment is None else f" since {_moment(moment)}"


def _moment(moment: float) -> str:
    from stillwatch.guard.moments import told

    return f"{told(moment)[:16]}Z"


def _paragraph(text: str, margin: str, after: str | None = None) -> None:
    if text:
        later = margin if after is None else after
        click.echo(
            textwrap.fill(
                plain(text),
                WIDTH,
                initial_indent=margin,
                subsequent_indent=later,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
