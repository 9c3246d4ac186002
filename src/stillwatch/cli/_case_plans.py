"""The commands of `stillwatch case` about plans: make them, carry them out, take them back."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli._case_door import decides, reads, the_door
from stillwatch.cli._case_store import NUMBER, VERSION
from stillwatch.cli._json import print_json
from stillwatch.errors import EXIT_USER
from stillwatch.plain import plain

if TYPE_CHECKING:
    from stillwatch.cases.remediation.plan_words import Stage
    from stillwatch.cases.remediation.remediation import Planned

STAGES = ("first", "slow", "verify", "block")
THROUGH = click.option(
    "--through",
    type=click.Choice(STAGES),
    default="first",
    show_default=True,
    help="The last stage; first restricts nobody.",
)


@click.command()
@NUMBER
@VERSION
@decides
def plan(number: int, version: int | None, by: str, reason: str, as_json: bool, **where: Any) -> None:
    """Plan what follows CASE: accounts to restrict in stages, keys to rotate, letters, what was taken.

    Of a case that was dismissed, or turned out licensed or a victim's: a plan that takes back what was done.
    Nothing is carried out.
    """
    with the_door(**where) as door:
        _print(door.plan(number, by=by, reason=reason, version=version), as_json)


@click.command("plan-show")
@NUMBER
@click.option("--all", "every", is_flag=True, help="Earlier plans too.")
@reads
def plan_show(number: int, every: bool, as_json: bool, **where: Any) -> None:
    """Show the plan of CASE: its steps, where they stand, who is left out and why."""
    with the_door(**where) as door:
        found = door.plans(number) if every else [door.show(number)]
    if as_json:
        print_json([_document(one) for one in found])
        return
    for one in found:
        _print(one, as_json)


@click.command("carry-out")
@NUMBER
@THROUGH
@click.option("--dry-run", is_flag=True, help="Say what would be written where, and whom it touches.")
@VERSION
@decides
def carry_out(
    number: int,
    through: str,
    dry_run: bool,
    version: int | None,
    by: str,
    reason: str,
    as_json: bool,
    **where: Any,
) -> None:
    """Carry the plan of CASE out, up to a stage, through the guard's journal.

    The exit code is 2 where it stopped on the way; the plan says why.
    """
    with the_door(**where) as door:
        if dry_run:
            _print_dry(door.dry_run(number, _stage(through)), door.refusal(number), as_json)
            return
        made = door.carry_out(number, _stage(through), by=by, reason=reason, version=version)
    _print(made, as_json)
    click.get_current_context().exit(EXIT_USER if made.plan.state == "stopped" else 0)


@click.command()
@NUMBER
@click.argument("step", default="")
@VERSION
@decides
def undo(
    number: int, step: str, version: int | None, by: str, reason: str, as_json: bool, **where: Any
) -> None:
    """Take back STEP of a plan of CASE, or all that was done about it."""
    with the_door(**where) as door:
        _print(door.undo(number, step, by=by, reason=reason, version=version), as_json)


@click.command()
@reads
def resume(as_json: bool, **where: Any) -> None:
    """End what was begun and not ended, as after a server was killed."""
    with the_door(**where) as door:
        done = door.resume()
    if as_json:
        print_json(done)
        return
    for one in done or ["nothing was left half-done"]:
        click.echo(plain(one))


@click.command()
@NUMBER
@decides
def share(number: int, by: str, reason: str, as_json: bool, **where: Any) -> None:
    """Offer the marks of CASE's campaign to be shared: kinds and counts, no customers."""
    with the_door(**where) as door:
        step = door.share(number, by=by, reason=reason)
    if as_json:
        print_json(step.document())
    else:
        click.echo(plain(f"step {step.id}: {step.kind}, {step.state}"))


@click.command()
@NUMBER
@reads
def taint(number: int, as_json: bool, **where: Any) -> None:
    """Say what the campaign of CASE took: models, templates, purposes, tokens, and by whom."""
    with the_door(**where) as door:
        found = door.taint(number)
    if as_json:
        print_json(found)
        return
    click.echo(
        plain(
            f"{found['exchanges']:,} exchanges, {found['input_tokens']:,} tokens in, "
            f"{found['output_tokens']:,} out, {found['first']} to {found['last']}, "
            f"by {len(found['takers']):,} accounts"
        )
    )
    for one in found["models"]:
        click.echo(plain(f"  model {one['model']}: {one['accounts']:,} accounts"))
    for one in found["templates"]:
        click.echo(plain(f"  template {one['part']} {one['key']}: {one['exchanges']} exchanges"))


@click.command()
@NUMBER
@click.argument("later", type=click.Path(path_type=Path))
@click.option("--earlier", type=click.Path(path_type=Path), help="The run of the case, for successors.")
@decides
def measure(
    number: int, later: Path, earlier: Path | None, by: str, reason: str, as_json: bool, **where: Any
) -> None:
    """Measure from the run LATER whether the marks of CASE's campaign come back: where, and how fast."""
    with the_door(**where) as door:
        made = door.measure(number, later, earlier=earlier, by=by, reason=reason)
    if as_json:
        print_json(made.document())
        return
    found = made.content
    told = found["marks"]
    compared = "" if told["compared"] else " (not compared: the runs have different sketches)"
    click.echo(plain(f"{told['back']} of {told['own']} marks came back{compared}"))
    for one in found["where"]:
        hours = "" if one["hours"] is None else f", after {one['hours']:g} hours"
        click.echo(
            plain(
                f"  {one['campaign']} {one['identity']}: {one['marks']} marks, {one['other_accounts']} other "
                f"accounts{hours}{', ' + one['link'] if one['link'] else ''}"
            )
        )


@click.command()
@reads
def pending(as_json: bool, **where: Any) -> None:
    """Say what waits for a person: restorations, letters, appeals and late ones, plans that stopped."""
    with the_door(**where) as door:
        found = asdict(door.pending())
    if as_json:
        print_json(found)
        return
    for name, some in found.items():
        told = ", ".join(" ".join(map(str, one)) if isinstance(one, tuple) else str(one) for one in some)
        click.echo(plain(f"{name}: {told or 'nothing'}"))


VERBS = (plan, plan_show, carry_out, undo, resume, share, taint, measure, pending)


def _stage(name: str) -> Stage:
    from stillwatch.cases.remediation.plan_words import Stage

    return Stage[name.upper()]


def _document(made: Planned) -> dict[str, Any]:
    return {**made.plan.document(), "steps": [step.document() for step in made.steps]}


def _print(made: Planned, as_json: bool) -> None:
    from stillwatch.cases.remediation.plan_words import Stage

    if as_json:
        print_json(_document(made))
        return
    found = made.plan
    why = f": {found.why}" if found.state in ("stopped", "replaced") else ""
    click.echo(plain(f"plan {found.id} ({found.kind}), version {found.version}, {found.state}{why}"))
    for step in made.steps:
        what = step.parameters.get("step") or step.parameters.get("letter") or ""
        until = f" until {step.document()['until'][:10]}" if step.until and step.state == "done" else ""
        seq = f", journal {step.seq}" if step.seq else ""
        click.echo(
            plain(
                f"  {step.id}  {Stage(step.stage).shown:<6} {step.kind} {what}: {step.state}{until}{seq}"
                f"{': ' + step.why if step.why else ''}"
            )
        )
    for row in found.content.get("left_out", ()):
        click.echo(plain(f"  left out: {row['account']}, {row['why']}"))


def _print_dry(steps: list[Any], refused: str, as_json: bool) -> None:
    from stillwatch.cases.remediation.dry import sums

    told = sums(steps)
    if as_json:
        print_json({**told, "refused": refused, "steps": [asdict(one) for one in steps]})
        return
    click.echo(
        f"nothing was written; it would write {told['entries']} entries of the journal, {told['messages']} "
        f"messages, {told['letters']} drafts, and touch {told['touched']:,} accounts"
    )
    if refused:
        click.echo(plain(f"it would be refused: {refused}"))
    for one in steps:
        held = "; ".join(f"{count:,} left alone: {why}" for why, count in one.held_back.items())
        cleared = f"; {len(one.left_out):,} were cleared since" if one.left_out else ""
        click.echo(
            plain(
                f"  {one.step}  {one.stage:<6} {one.kind}: {one.writes or 'an event'} ({one.state})"
                f"{f'; touches {one.touched:,} of {one.accounts:,}' if one.kind == 'restrict' else ''}"
                f"{'; ' + held if held else ''}{cleared}"
            )
        )
