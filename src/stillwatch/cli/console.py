"""`stillwatch console`: users of the console, their tokens, and the access log, without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli._case_store import DB, JSON, SETTINGS, opened
from stillwatch.cli._group import Whole
from stillwatch.cli._json import print_json
from stillwatch.errors import EXIT_CHANGED
from stillwatch.plain import plain

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

ROLES = ("viewer", "analyst", "approver", "admin")
BY = "stillwatch console"
"""Who the access log says has done it: whoever may read and write the store."""
NAME = click.argument("name")
ROLE = click.option(
    "--role", type=click.Choice(ROLES), default="viewer", show_default=True, help="What may be done."
)


@click.group(cls=Whole)
def command() -> None:
    """Manage who may use the console; see `stillwatch serve`.

    Whoever can write the store can do this: guard the file, or the account of the database.
    """


@command.group(cls=Whole)
def user() -> None:
    """Make users, give roles, keep somebody out."""


@command.group(cls=Whole)
def token() -> None:
    """Make tokens for programs, and take them away."""


@user.command("add")
@NAME
@ROLE
@SETTINGS
@DB
def add(name: str, role: str, settings_file: Path | None, db: str) -> None:
    """Make the user NAME, and print the path of a link with which they set a password."""
    from stillwatch.console.access import users
    from stillwatch.console.role import Role

    with _writing(db) as session:
        made = users.add(session, name, Role.named(role), BY)
        _print_link(users.make_link(session, made, _hours(settings_file), BY))


@user.command("reset")
@NAME
@SETTINGS
@DB
def reset(name: str, settings_file: Path | None, db: str) -> None:
    """Print the path of a link with which NAME sets another password; it works once."""
    from stillwatch.console.access import users

    with _writing(db) as session:
        _print_link(users.make_link(session, users.must_be(session, name), _hours(settings_file), BY))


@user.command("role")
@NAME
@click.argument("role", type=click.Choice(ROLES))
@DB
def role(name: str, role: str, db: str) -> None:
    """Give NAME another ROLE; their sessions end."""
    from stillwatch.console.access import users
    from stillwatch.console.role import Role

    with _writing(db) as session:
        found = users.must_be(session, name)
        users.give_role(session, found, Role.named(role), BY)
    click.echo(plain(f"{found.name}: {role}"))


@user.command("disable")
@NAME
@click.option("--undo", is_flag=True, help="Let them in again.")
@DB
def disable(name: str, undo: bool, db: str) -> None:
    """Keep NAME out: their sessions and tokens end."""
    from stillwatch.console.access import users

    with _writing(db) as session:
        found = users.must_be(session, name)
        users.disable(session, found, not undo, BY)
    click.echo(plain(f"{found.name}: {'may sign in' if undo else 'kept out'}"))


@user.command("list")
@DB
@JSON
def listed(db: str, as_json: bool) -> None:
    """List all users."""
    from stillwatch.console.access import users

    with opened(db) as cases, cases.database.reading() as session:
        found = users.everybody(session)
    if as_json:
        print_json([one.document() for one in found])
        return
    for one in found:
        how = ", ".join(one.methods) or "cannot sign in yet"
        click.echo(plain(f"{one.name:<24} {one.role.word:<9} {'kept out' if one.disabled else how}"))


@token.command("add")
@NAME
@click.option("--for", "purpose", required=True, metavar="TEXT", help="What it is for.")
@ROLE
@click.option("--read-only", is_flag=True, help="It may only ask for pages.")
@click.option("--days", type=float, default=30.0, show_default=True, help="Days until it ends.")
@SETTINGS
@DB
def token_add(
    name: str, purpose: str, role: str, read_only: bool, days: float, settings_file: Path | None, db: str
) -> None:
    """Make a token of the user NAME, and print it: it is not kept."""
    from stillwatch.console.access import tokens, users
    from stillwatch.console.role import Role
    from stillwatch.settings import load

    with _writing(db) as session:
        _, secret = tokens.make(
            session,
            users.must_be(session, name),
            purpose,
            Role.named(role),
            read_only=read_only,
            days=days,
            settings=load(settings_file).console,
            by=BY,
        )
    click.echo(secret)


@token.command("remove")
@NAME
@click.argument("number", type=click.IntRange(1, 2**31 - 1))
@DB
def token_remove(name: str, number: int, db: str) -> None:
    """Take the token NUMBER of the user NAME away."""
    from stillwatch.console.access import tokens, users

    with _writing(db) as session:
        tokens.end(session, number, users.must_be(session, name), BY)
    click.echo(f"token {number} does not work any more")


@token.command("list")
@NAME
@DB
@JSON
def token_list(name: str, db: str, as_json: bool) -> None:
    """List the tokens of the user NAME."""
    from stillwatch.console.access import tokens, users
    from stillwatch.guard.moments import told, told_or_none

    with opened(db) as cases, cases.database.reading() as session:
        found = [
            {
                "token": row.id,
                "for": row.name,
                "role": row.role,
                "read_only": row.read_only,
                "expires": told(row.expires),
                "used": told_or_none(row.used),
            }
            for row in tokens.all_of(session, users.must_be(session, name).id)
        ]
    if as_json:
        print_json(found)
        return
    for one in found:
        reads = ", only reads" if one["read_only"] else ""
        click.echo(plain(f"{one['token']:>4} {one['role']}{reads}, until {one['expires']}: {one['for']}"))


@command.command("log")
@click.option("--verify", is_flag=True, help="Check that no entry was edited, taken out or put in.")
@DB
@JSON
@click.pass_context
def log(context: click.Context, verify: bool, db: str, as_json: bool) -> None:
    """Show the access log, the oldest first: sign-ins, users, tokens, looks at texts.

    With --verify the exit code is 0 where every entry holds, else 5.
    """
    from stillwatch.console.access.log import entries, faults

    with opened(db) as cases, cases.database.reading() as session:
        wrong = list(faults(session)) if verify else []
        found = [entry.document() for entry in entries(session)]
    if verify:
        told = {"entries": len(found), "holds": not wrong, "faults": wrong}
        if as_json:
            print_json(told)
        else:
            click.echo("\n".join(wrong) or f"{len(found):,} entries hold")
        context.exit(EXIT_CHANGED if wrong else 0)
    if as_json:
        print_json(found)
        return
    for row in found:
        more = ", ".join(f"{name} {value}" for name, value in row["detail"].items())
        why = f": {row['reason']}" if row["reason"] else ""
        said = f"{row['seq']:>6} {row['time'][:19]}Z {row['actor'] or '-'}: {row['action']} {row['subject']}"
        click.echo(plain(f"{said} ({more}){why}"))


@contextmanager
def _writing(db: str) -> Iterator[Session]:
    import stillwatch.console  # noqa: F401 - says what is not installed

    with opened(db) as cases, cases.database.writing() as session:
        yield session


def _hours(settings_file: Path | None) -> float:
    from stillwatch.settings import load

    return load(settings_file).console.link_hours


def _print_link(secret: str) -> None:
    click.echo(f"/welcome/{secret}")
    click.echo("Put the console's address before it; it works once.", err=True)
