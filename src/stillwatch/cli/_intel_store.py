"""What commands of `stillwatch intel` have in common: where sharing is kept, who acts, what is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stillwatch.cli._json import print_json
from stillwatch.plain import plain

if TYPE_CHECKING:
    from stillwatch.intel.gate.export import Export
    from stillwatch.intel.gate.gate import Gate

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, dir_okay=False)
LEVELS = ("clear", "green", "amber", "amber+strict", "red")
DB = click.option(
    "--db",
    default="SHARING.db",
    show_default=True,
    envvar="STILLWATCH_SHARING",
    metavar="FILE|URL",
    help="Where sharing is kept: a file, or postgresql://HOST/DATABASE; also $STILLWATCH_SHARING.",
)
BY = click.option(
    "--by", required=True, envvar="STILLWATCH_ANALYST", metavar="NAME", help="Who; also $STILLWATCH_ANALYST."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
SETTINGS = click.option("--settings", "settings_file", type=FILE, help="Settings file: TOML.")
NUMBER = click.argument("number", type=click.IntRange(min=1), metavar="EXPORT")


def reads(function: F) -> F:
    """Add the options of every command about exports."""
    for option in (JSON, SETTINGS, DB):
        function = option(function)
    return function


def changes(function: F) -> F:
    """Add the options of every change."""
    return reads(BY(function))


@contextmanager
def the_gate(db: str, settings_file: Path | None = None) -> Iterator[Gate]:
    """The gate that --db names."""
    from stillwatch.cases.database import Database
    from stillwatch.intel.gate.gate import Gate
    from stillwatch.settings import load

    with Database(db) as database:
        yield Gate(database, load(settings_file).intel)


def tell(export: Export, as_json: bool) -> None:
    """Print an export: its state, and what is to be done next."""
    if as_json:
        print_json(export.document())
        return
    click.echo(
        plain(
            f"export {export.number}: {export.stage}, {export.profile}, {export.tlp.label}, "
            f"{export.purpose}, by {export.by}"
        )
    )
    click.echo(f"  digest: {export.sha256}")
    if export.stage == "waiting":
        click.echo(
            f"  next: a second person looks (`stillwatch intel show {export.number}`) and approves: "
            f"`stillwatch intel approve {export.number} --sha256 {export.sha256[:12]} --by NAME`"
        )
