"""What all commands of `stillwatch case` have in common: where cases are, who decides, what is printed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stillwatch.cli._json import print_json
from stillwatch.plain import plain

if TYPE_CHECKING:
    from stillwatch.cases.case import Case
    from stillwatch.cases.cases import Cases

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, dir_okay=False)
DB = click.option(
    "--db",
    default="CASES.db",
    show_default=True,
    envvar="STILLWATCH_CASES",
    metavar="FILE|URL",
    help="Where the cases are: a file, or postgresql://HOST/DATABASE; also $STILLWATCH_CASES.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
NUMBER = click.argument("number", type=click.IntRange(min=1), metavar="CASE")
REASON = click.option("--reason", required=True, metavar="TEXT", help="Why; it stays in the events.")
WHY = click.option("--reason", default="", metavar="TEXT", help="Why; it stays in the events.")
SETTINGS = click.option("--settings", "settings_file", type=FILE, help="Settings file: TOML.")
VERSION = click.option(
    "--version",
    type=click.IntRange(min=1),
    help="The version of the case that you looked at: refused if somebody changed it since.",
)


def changes(function: F) -> F:
    """Add the options that every change has."""
    by = click.option(
        "--by",
        required=True,
        envvar="STILLWATCH_ANALYST",
        metavar="NAME",
        help="Who; also $STILLWATCH_ANALYST.",
    )
    for option in (JSON, by, DB):
        function = option(function)
    return function


def opened(db: str, settings_file: Path | None = None, *, create: bool = False) -> Cases:
    """Return the cases that --db names."""
    from stillwatch.cases import Cases
    from stillwatch.settings import load

    return Cases(db, create=create, settings=load(settings_file).cases)


def show_change(case: Case, as_json: bool) -> None:
    """Print what a case is after a change."""
    if as_json:
        print_json(case.document(time.time()))
        return
    outcome = f" as {case.outcome}" if case.state == "closed" else ""
    who = f", with {case.assignee}" if case.assignee else ""
    click.echo(plain(f"case {case.id}: {case.state}{outcome}{who}, version {case.version}"))
