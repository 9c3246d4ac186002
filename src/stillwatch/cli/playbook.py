"""`stillwatch playbook`: what to do about distillation, step by step, checked against the real state."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli._case_store import DB, FILE, JSON, NUMBER, REASON, WHY, changes
from stillwatch.cli._group import Whole
from stillwatch.cli._json import print_json
from stillwatch.cli._playbook_options import opened_playbooks, places
from stillwatch.cli._playbook_shown import playbook_document, show_playbook, show_progress
from stillwatch.errors import EXIT_MISSING, PlaybookError
from stillwatch.plain import plain

if TYPE_CHECKING:
    from stillwatch.playbooks.playbook import Playbook
    from stillwatch.playbooks.playbooks import Playbooks
    from stillwatch.playbooks.progress import Progress

OWN = click.option("--file", "file", type=FILE, help="A CACAO 2.0 file of your own, in place of a name.")
NAME = click.argument("name", metavar="[PLAYBOOK]", required=False)
RUN = click.option(
    "--run-number",
    type=click.IntRange(min=1),
    metavar="N",
    help="Which of the case's runs.  [default: the last]",
)


@click.group(cls=Whole)
def command() -> None:
    """Go through playbooks for cases: identify, mitigate, remediate, and others.

    They are CACAO Security Playbooks 2.0. Stillwatch runs no command of a playbook: people do, and checks
    look whether it is so.
    """


@command.command("list")
@JSON
def list_(as_json: bool) -> None:
    """List the playbooks that ship with Stillwatch."""
    from stillwatch.playbooks import Playbooks

    found = Playbooks(None).shipped()
    if as_json:
        print_json([playbook_document(one) for one in found])
        return
    for one in found:
        click.echo(f"{one.title:<16} {len(one.numbered()):>2} steps  {one.name}")


@command.command()
@NAME
@OWN
@JSON
def show(name: str | None, file: Path | None, as_json: bool) -> None:
    """Show PLAYBOOK, or a file: each step, the command or place, and what is checked."""
    from stillwatch.playbooks import Playbooks

    found = _chosen(Playbooks(None), name, file)
    if as_json:
        print_json(playbook_document(found))
    else:
        show_playbook(found)


@command.command()
@click.argument("file", type=FILE)
@JSON
def validate(file: Path, as_json: bool) -> None:
    """Check FILE against OASIS's schemas of CACAO 2.0, and that its steps can be gone through.

    The exit code is 2 where it is not valid.
    """
    from stillwatch.playbooks import Playbooks

    found = Playbooks(None).read(file)
    unknown = sorted({name for step in found.steps.values() for name in step.binding.unknown})
    if as_json:
        print_json({**playbook_document(found), "valid": True, "unknown": unknown})
        return
    click.echo(plain(f"valid: {found.name}, {len(found.numbered())} steps, SHA-256 {found.sha256}"))
    for one in unknown:
        click.echo(plain(f"  bound to {one}, which is not known here: a person does that step"))


@command.command()
@NAME
@click.option("--case", "number", type=click.IntRange(min=1), required=True, metavar="CASE", help="The case.")
@OWN
@click.option("--new", is_flag=True, help="Begin another run, though the case has one of this playbook.")
@WHY
@places
@changes
def run(
    name: str | None,
    number: int,
    file: Path | None,
    new: bool,
    reason: str,
    run_folder: Path | None,
    state: Path | None,
    sharing: str | None,
    side: Path | None,
    settings_file: Path | None,
    db: str,
    by: str,
    as_json: bool,
) -> None:
    """Begin PLAYBOOK for a case, or go on with it: checks fill themselves in, and people confirm the rest."""
    with opened_playbooks(db, run_folder, state, settings_file, sharing, side) as playbooks:
        chosen = _chosen(playbooks, name, file)
        _show(playbooks.begin(chosen, number, by=by, reason=reason, new=new), as_json)


@command.command()
@NUMBER
@click.option(
    "--run-number", type=click.IntRange(min=1), metavar="N", help="One of the case's runs.  [default: all]"
)
@places
@DB
@JSON
@click.pass_context
def status(
    context: click.Context,
    number: int,
    run_number: int | None,
    run_folder: Path | None,
    state: Path | None,
    sharing: str | None,
    side: Path | None,
    settings_file: Path | None,
    db: str,
    as_json: bool,
) -> None:
    """Say where the playbooks of CASE stand: what is missing, and since when.

    The exit code is 7 where a check finds something missing.
    """
    with opened_playbooks(db, run_folder, state, settings_file, sharing, side) as playbooks:
        there = [one.number for one in playbooks.runs(number)]
        found = [playbooks.refresh(number, one) for one in ([run_number] if run_number else there)]
    if as_json:
        print_json([one.document() for one in found])
    else:
        for one in found:
            show_progress(one)
        if not found:
            click.echo(f"no playbook was begun for case {number}")
    context.exit(EXIT_MISSING if any(one.missing for one in found) else 0)


@command.command()
@NUMBER
@click.argument("step", metavar="STEP")
@click.argument("stands", type=click.Choice(["done", "skipped", "failed", "chosen", "open"]))
@click.option("--choice", default="", metavar="WAY", help="Of a condition: true, false or another way.")
@RUN
@REASON
@places
@changes
def step(
    number: int,
    step: str,
    stands: str,
    choice: str,
    run_number: int | None,
    reason: str,
    run_folder: Path | None,
    state: Path | None,
    sharing: str | None,
    side: Path | None,
    settings_file: Path | None,
    db: str,
    by: str,
    as_json: bool,
) -> None:
    """Say of STEP of CASE, by its number, that it is done, skipped, failed, or chosen (a condition, with
    --choice); open takes that back.
    """
    from stillwatch.playbooks.marking import Said

    with opened_playbooks(db, run_folder, state, settings_file, sharing, side) as playbooks:
        wanted = run_number or _last(playbooks, number)
        _show(playbooks.mark(number, wanted, step, Said(stands, by, reason, choice)), as_json)


@command.command()
@NUMBER
@RUN
@REASON
@changes
def end(number: int, run_number: int | None, reason: str, db: str, by: str, as_json: bool) -> None:
    """End a run of a playbook for CASE before all its steps are settled."""
    with opened_playbooks(db, None, None, None) as playbooks:
        wanted = run_number or _last(playbooks, number)
        _show(playbooks.end(number, wanted, by=by, reason=reason), as_json)


@command.command()
@NAME
@OWN
@click.option("--case", "number", type=click.IntRange(min=1), metavar="CASE", help="As a run of it began.")
@RUN
@click.option("--out", type=FILE, required=True, help="Where to write it.")
@DB
def export(
    name: str | None, file: Path | None, number: int | None, run_number: int | None, out: Path, db: str
) -> None:
    """Write PLAYBOOK as CACAO 2.0 JSON: as it ships, or with --case as it was when the run began."""
    import json

    from stillwatch.run.durable import write_text

    with opened_playbooks(None if number is None else db, None, None, None) as playbooks:
        if number is None:
            found = _chosen(playbooks, name, file)
        else:
            found = playbooks.frozen(number, run_number or _last(playbooks, number))
    write_text(out, json.dumps(json.loads(found.content), indent=1, ensure_ascii=False) + "\n")
    click.echo(plain(f"{found.name} written to {out}, SHA-256 of its canonical form {found.sha256}"))


def _chosen(playbooks: Playbooks, name: str | None, file: Path | None) -> Playbook:
    if (name is None) == (file is None):
        raise PlaybookError(
            "one playbook must be named", where="PLAYBOOK", do="give its short name, or --file FILE"
        )
    return playbooks.read(file) if file is not None else playbooks.named(name or "")


def _last(playbooks: Playbooks, number: int) -> int:
    """The number of a case's last run."""
    runs = playbooks.runs(number)
    if not runs:
        raise PlaybookError(
            f"no playbook was begun for case {number}",
            where="CASE",
            do=f"begin one: `stillwatch playbook run PLAYBOOK --case {number}`",
        )
    return runs[-1].number


def _show(found: Progress, as_json: bool) -> None:
    if as_json:
        print_json(found.document())
    else:
        show_progress(found)
