"""What the commands of `stillwatch hub` have in common: where the hub is, and where a member's side is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from stillwatch.intel.hub.hub import Hub

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
DB = click.option(
    "--db",
    default="HUB.db",
    show_default=True,
    envvar="STILLWATCH_HUB",
    metavar="FILE|URL",
    help="Where the hub is: a file, or postgresql://HOST/DATABASE; also $STILLWATCH_HUB.",
)
SETTINGS = click.option("--settings", "settings_file", type=FILE, help="Settings file: TOML.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
SIDE = click.option(
    "--side",
    "side_folder",
    type=FOLDER,
    default=Path("SIDE"),
    show_default=True,
    envvar="STILLWATCH_SIDE",
    help="Folder of a member's side of the hub: its key, and what it knows; also $STILLWATCH_SIDE.",
)


@contextmanager
def opened(db: str, settings_file: Path | None) -> Iterator[Hub]:
    """The hub that --db names."""
    from stillwatch.cases.database import Database
    from stillwatch.intel.hub.hub import key_path, open_hub
    from stillwatch.settings import load

    settings = load(settings_file).hub
    with Database(db) as database:
        yield open_hub(database, key_path(database, settings.signing_key))
