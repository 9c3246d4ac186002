"""The commands of `stillwatch case` about appeals."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli._case_door import decides, reads, the_door
from stillwatch.cli._case_store import FILE
from stillwatch.cli._group import Whole
from stillwatch.cli._json import print_json
from stillwatch.cli._moment import Moment
from stillwatch.errors import CaseError
from stillwatch.plain import plain
from stillwatch.small_file import read_small

if TYPE_CHECKING:
    from stillwatch.cases.remedy import Appeal

NAME = click.argument("name", metavar="APPEAL")


@click.command()
@click.argument("number", type=click.IntRange(min=1), metavar="[CASE]", required=False)
@click.option("--open", "only_open", is_flag=True, help="Only those that nobody answered.")
@reads
def appeals(number: int | None, only_open: bool, as_json: bool, **where: Any) -> None:
    """List appeals, of CASE or all: open ones first, and of these first what is due first."""
    with the_door(**where) as door:
        found = [one for one in door.appeals(number) if one.state == "open" or not only_open]
    if as_json:
        print_json([one.document() for one in found])
        return
    for one in found:
        _print(one, as_json)
    if not found:
        click.echo("no appeal is there")


@click.group(cls=Whole)
def appeal() -> None:
    """Take an appeal, read it, answer it."""


@appeal.command("open")
@click.argument("token")
@click.argument("file", type=FILE)
@reads
def open_one(token: str, file: Path, as_json: bool, **where: Any) -> None:
    """Take an appeal that came by letter: TOKEN is the end of the customer's link, FILE what they wrote."""
    text = read_small(file, 1 << 20, what="appeal", error=CaseError, do="give a file that is there")
    with the_door(**where) as door:
        _print(door.open_appeal(token, text.decode("utf-8", "replace")), as_json)


@appeal.command()
@NAME
@reads
def show(name: str, as_json: bool, **where: Any) -> None:
    """Show APPEAL with the original decision beside it."""
    with the_door(**where) as door:
        found = door.appeal(name)
    if as_json:
        print_json(found.document())
        return
    _print(found, as_json)
    told = found.original
    steps, people = ", ".join(told["steps"]) or "no step", ", ".join(told["by"])
    click.echo(plain(f"  decided by {people}: {steps} of plan {told['plan']}, up to {told['stage']}"))
    click.echo(plain(f"  {told['kind']}, {told['verdict']}: {told['why']}"))
    click.echo(plain(f"  evidence {told['evidence'][:12]} of run {told['run']}"))
    if found.reason:
        click.echo(plain(f"  answered by {found.by}: {found.reason}"))
    if found.compensation:
        click.echo(plain(f"  compensation: {found.compensation}"))


@appeal.command()
@NAME
@decides
def text(name: str, by: str, reason: str, as_json: bool, **where: Any) -> None:
    """Print what the customer wrote. An event says who read it, and why."""
    with the_door(**where) as door:
        found = door.appeal_text(name, by=by, reason=reason)
    print_json({"appeal": name, "text": found}) if as_json else click.echo(plain(found))


@appeal.command()
@NAME
@decides
def erase(name: str, by: str, reason: str, as_json: bool, **where: Any) -> None:
    """Erase what the customer wrote; the appeal and its answer stay."""
    with the_door(**where) as door:
        door.erase_appeal_text(name, by=by, reason=reason)
    print_json({"appeal": name, "erased": True}) if as_json else click.echo(plain(f"appeal {name}: erased"))


@appeal.command()
@NAME
@click.argument("answer", type=click.Choice(["uphold", "partly", "overturn"]))
@click.option("--compensation", default="", metavar="TEXT", help="What the customer gets for it.")
@click.option(
    "--until",
    type=Moment(ends=True),
    help="How long the account is left alone; a bare date: with its end (UTC).  [default: as set]",
)
@decides
def answer(
    name: str,
    answer: str,
    compensation: str,
    until: float | None,
    by: str,
    reason: str,
    as_json: bool,
    **where: Any,
) -> None:
    """Answer APPEAL: uphold (the decision stands), partly (the account is left alone for a while), overturn.

    Overturning restores all that was done about the account, and clears it for later searches.
    """
    with the_door(**where) as door:
        made = door.answer_appeal(name, answer, by=by, reason=reason, compensation=compensation, until=until)
    _print(made, as_json)


VERBS = (appeals, appeal)


def _print(found: Appeal, as_json: bool) -> None:
    if as_json:
        print_json(found.document())
        return
    late = "LATE, due" if found.state == "open" and found.due < time.time() else "due"
    stands = f"open, {late} {found.document()['due'][:10]}" if found.state == "open" else found.answer
    restored = f", restoration {found.restoration}" if found.restoration else ""
    click.echo(plain(f"appeal {found.id}: {found.account}, {stands}{restored}"))
