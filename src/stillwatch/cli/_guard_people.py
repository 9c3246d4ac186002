"""The commands of `stillwatch guard` by which people decide."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stillwatch.cli._group import Whole
from stillwatch.cli._json import print_json
from stillwatch.cli._moment import Moment
from stillwatch.cli._voice import note
from stillwatch.plain import plain

if TYPE_CHECKING:
    from stillwatch.guard.journal_entry import Entry
    from stillwatch.guard.people import People

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, dir_okay=False)
FORCE = click.option("--force", is_flag=True, help="Also if neither snapshot nor journal knows the name.")


def decides(function: F) -> F:
    """Add the options that every decision of a person has."""
    options = (
        click.option(
            "--state", required=True, type=click.Path(path_type=Path, file_okay=False), help="The state."
        ),
        click.option("--by", "actor", required=True, metavar="NAME", help="Who decides."),
        click.option("--reason", required=True, metavar="TEXT", help="Why; it stays in the journal."),
        click.option(
            "--until",
            type=Moment(ends=True),
            help="When it ends by itself; a bare date: with its end (UTC).  [default: never]",
        ),
        click.option(
            "--key-file",
            type=FILE,
            help="Where the run shows pseudonyms: its key file, to give the provider's own ids.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print the entry as JSON."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.command()
@click.argument("account")
@click.option(
    "--as",
    "kind",
    default="researcher",
    show_default=True,
    metavar="WORD",
    help="What its owner is: researcher, evaluator …",
)
@decides
def exempt(account: str, kind: str, as_json: bool, **said: Any) -> None:
    """Let nothing be done about ACCOUNT: its owner is a verified researcher, an evaluator …"""
    with _people(said) as people:
        _tell_unknown(people, (account,))
        _show(people.exempt(account, kind, _said(said)), as_json)


@click.command()
@click.argument("what", metavar="ACCOUNT|CAMPAIGN")
@FORCE
@decides
def hold(what: str, force: bool, as_json: bool, **said: Any) -> None:
    """Let nothing be done about an account, or about a CAMPAIGN (camp-…), while somebody looks."""
    with _people(said) as people:
        if not what.startswith("camp-"):
            _tell_unknown(people, (what,))
        _show(people.hold(what, _said(said), force=force), as_json)


@click.group(cls=Whole)
def permit() -> None:
    """Issue permits to distil, and take them back."""


@permit.command()
@click.argument("name")
@click.option("--account", "accounts", multiple=True, help="An account that it names.")
@click.option("--organisation", default="", help="A verified organisation that it names.")
@click.option("--model", "models", multiple=True, help="A model that it covers; left out: all.")
@click.option("--starts", type=Moment(ends=False), help="When it begins.  [default: now]")
@decides
def issue(
    name: str,
    accounts: tuple[str, ...],
    organisation: str,
    models: tuple[str, ...],
    starts: float | None,
    as_json: bool,
    **said: Any,
) -> None:
    """Issue a permit called NAME; it needs --until, and accounts or an organisation."""
    with _people(said) as people:
        _tell_unknown(people, accounts)
        entry = people.issue(
            name,
            _said(said),
            accounts=accounts,
            organisation=organisation,
            models=models,
            starts=starts,
        )
        _show(entry, as_json)


@permit.command()
@click.argument("name")
@FORCE
@decides
def revoke(name: str, force: bool, as_json: bool, **said: Any) -> None:
    """Take back the permits called NAME that were issued so far, those of the run included; a new one may
    have the same name.
    """
    with _people(said) as people:
        _show(people.revoke(name, _said(said), force=force), as_json)


@click.group(cls=Whole)
def appeal() -> None:
    """Answer appeals."""


@appeal.command()
@click.argument("account")
@click.option("--decision", default="", help="Id of the decision that was appealed against.")
@decides
def uphold(account: str, decision: str, as_json: bool, **said: Any) -> None:
    """Uphold the appeal of ACCOUNT: nothing is done about it any more."""
    with _people(said) as people:
        _tell_unknown(people, (account,))
        _show(people.uphold(account, _said(said), decision), as_json)


@click.command()
@click.argument("what", metavar="DECISION|CAMPAIGN")
@click.option("--account", default="", help="Of a decision: the account that it was about.")
@FORCE
@decides
def undo(what: str, account: str, force: bool, as_json: bool, **said: Any) -> None:
    """End all that is done about a CAMPAIGN (camp-…) and its accounts, or after a DECISION (its id)."""
    with _people(said) as people:
        _show(people.undo(what, _said(said), account=account, force=force), as_json)


@click.command()
@click.argument("entry", type=click.IntRange(min=1))
@decides
def end(entry: int, as_json: bool, **said: Any) -> None:
    """Take back ENTRY, the number of an earlier entry of the journal."""
    with _people(said) as people:
        _show(people.end(entry, _said(said)), as_json)


VERBS = (exempt, hold, permit, appeal, undo, end)


def _people(said: dict[str, Any]) -> People:
    from stillwatch.guard.people import People

    return People(said["state"], said["key_file"])


def _said(said: dict[str, Any]) -> Any:
    from stillwatch.guard.people import Said

    return Said(said["actor"], said["reason"], said["until"])


def _tell_unknown(people: People, accounts: tuple[str, ...]) -> None:
    unknown = [account for account in accounts if not people.knows(account)]
    if unknown:
        note(
            plain(
                f"the newest snapshot does not have {len(unknown)} of the accounts, as {unknown[0][:80]}; "
                "they are written down all the same"
            )
        )


def _show(entry: Entry, as_json: bool) -> None:
    if as_json:
        print_json(entry.document())
        return
    told = entry.document()
    ends = f", until {told['expires']}" if told["expires"] else ""
    click.echo(plain(f"entry {entry.seq}: {entry.kind} {entry.subject}{ends}"))
