"""What the commands about plans, letters and appeals have in common: the door to remediation, its options."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stillwatch.cli._case_store import DB, FILE, JSON, SETTINGS, opened

if TYPE_CHECKING:
    from stillwatch.cases.remediation import Remediation

F = TypeVar("F", bound=Callable[..., Any])
STATE = click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="STILLWATCH_STATE",
    help="State of the guard, with its signing key; also $STILLWATCH_STATE.",
)
KEY = click.option(
    "--appeal-key", type=FILE, help="The key of appeal links.  [default: beside the file of cases]"
)


def reads(function: F) -> F:
    """Add the options of a command that only reads."""
    for option in (JSON, SETTINGS, KEY, STATE, DB):
        function = option(function)
    return function


def decides(function: F) -> F:
    """Add the options of a command by which somebody decides."""
    by = click.option(
        "--by",
        required=True,
        envvar="STILLWATCH_ANALYST",
        metavar="NAME",
        help="Who; also $STILLWATCH_ANALYST.",
    )
    reason = click.option("--reason", required=True, metavar="TEXT", help="Why; it stays in the events.")
    for option in (JSON, SETTINGS, KEY, STATE, reason, by, DB):
        function = option(function)
    return function


@contextmanager
def the_door(
    db: str, state: Path | None, appeal_key: Path | None, settings_file: Path | None
) -> Iterator[Remediation]:
    """Open the door to remediation."""
    from stillwatch.cases.remediation import Remediation

    with opened(db, settings_file) as cases, Remediation(cases, state, appeal_key=appeal_key) as door:
        yield door
