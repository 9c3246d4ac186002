"""The commands of `stillwatch case` about letters to customers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillwatch.cli._case_door import decides, reads, the_door
from stillwatch.cli._case_store import FILE, NUMBER
from stillwatch.cli._group import Whole
from stillwatch.cli._json import print_json
from stillwatch.errors import CaseError
from stillwatch.plain import plain
from stillwatch.small_file import read_small

if TYPE_CHECKING:
    from stillwatch.cases.remedy import Letter

NAME = click.argument("name", metavar="LETTER")


@click.command()
@NUMBER
@reads
def letters(number: int, as_json: bool, **where: Any) -> None:
    """List the letters of CASE: drafts, approved ones, those that went out."""
    with the_door(**where) as door:
        found = door.letters(number)
    if as_json:
        print_json([one.document() for one in found])
        return
    for one in found:
        _print(one, as_json)
    if not found:
        click.echo("no letter is there; carrying a plan out drafts them")


@click.group(cls=Whole)
def letter() -> None:
    """Read, write and approve a letter to customers, and let it go out."""


@letter.command()
@NAME
@reads
def show(name: str, as_json: bool, **where: Any) -> None:
    """Show LETTER, with marks where account and link are filled in, and its notices."""
    with the_door(**where) as door:
        found, sent = door.letter(name), door.notices(name)
    if as_json:
        print_json({**found.document(), "notices": [one.document() for one in sent]})
        return
    _print(found, as_json)
    click.echo(plain(f"Subject: {found.subject}"))
    for line in found.text.splitlines():
        click.echo(plain(line))
    for one in sent:
        click.echo(plain(f"  notice {one.id}: {one.account}"))


@letter.command()
@NAME
@click.argument("file", type=FILE)
@decides
def edit(name: str, file: Path, by: str, reason: str, as_json: bool, **where: Any) -> None:
    """Write LETTER anew from FILE, whose first line is `Subject: …`."""
    text = read_small(file, 1 << 16, what="letter", error=CaseError, do="give a file that is there")
    with the_door(**where) as door:
        _print(door.edit_letter(name, text.decode("utf-8", "replace"), by=by, reason=reason), as_json)


@letter.command()
@NAME
@decides
def approve(name: str, by: str, reason: str, as_json: bool, **where: Any) -> None:
    """Approve LETTER."""
    with the_door(**where) as door:
        _print(door.approve_letter(name, by=by, reason=reason), as_json)


@letter.command()
@NAME
@decides
def withdraw(name: str, by: str, reason: str, as_json: bool, **where: Any) -> None:
    """Let LETTER not go out."""
    with the_door(**where) as door:
        _print(door.withdraw_letter(name, by=by, reason=reason), as_json)


@letter.command()
@NAME
@decides
def send(name: str, by: str, reason: str, as_json: bool, **where: Any) -> None:
    """Queue LETTER: one notice, with a link to appeal, for each account."""
    with the_door(**where) as door:
        _print(door.send_letter(name, by=by, reason=reason), as_json)


@letter.command()
@click.argument("notice")
@reads
def link(notice: str, as_json: bool, **where: Any) -> None:
    """Print the appeal link of NOTICE. Whoever has it may appeal: give it to the customer alone."""
    with the_door(**where) as door:
        found = door.link(notice)
    print_json({"notice": notice, "link": found}) if as_json else click.echo(plain(found))


VERBS = (letters, letter)


def _print(found: Letter, as_json: bool) -> None:
    if as_json:
        print_json(found.document())
        return
    approved = f", approved by {found.approved_by}" if found.approved_by else ""
    click.echo(plain(f"letter {found.id}: {found.kind}, {found.state}{approved}, {found.queued:,} notices"))
