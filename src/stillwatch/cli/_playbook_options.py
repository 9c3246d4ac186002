"""What the commands of playbooks and of readiness have in common: where the real state is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stillwatch.cli._case_store import SETTINGS

if TYPE_CHECKING:
    from stillwatch.cases import Cases
    from stillwatch.playbooks.playbooks import Playbooks
    from stillwatch.playbooks.sharing_seen import LookAtSharing

F = TypeVar("F", bound=Callable[..., Any])
FOLDER = click.Path(path_type=Path, file_okay=False)


def places(function: F) -> F:
    """Add the options that name a run, a state and settings."""
    run = click.option("--run", "run_folder", type=FOLDER, help="The newest run, for checks of it.")
    state = click.option("--state", type=FOLDER, help="The guard's state, for checks of it.")
    sharing = click.option(
        "--sharing",
        envvar="STILLWATCH_SHARING",
        metavar="FILE|URL",
        help="The store of sharing, for checks of it; also $STILLWATCH_SHARING.",
    )
    side = click.option(
        "--side",
        type=FOLDER,
        envvar="STILLWATCH_SIDE",
        help="Folder of your side of a hub, for checks of it; also $STILLWATCH_SIDE.",
    )
    for option in (SETTINGS, side, sharing, state, run):
        function = option(function)
    return function


@contextmanager
def opened_playbooks(
    db: str | None,
    run_folder: Path | None,
    state: Path | None,
    settings_file: Path | None,
    sharing: str | None = None,
    side: Path | None = None,
) -> Iterator[Playbooks]:
    """The playbooks over the cases that --db names; None: over no cases."""
    from stillwatch.playbooks import Playbooks
    from stillwatch.settings import load

    settings = load(settings_file)
    given: dict[str, Any] = {"run": run_folder, "state": state, "settings": settings}
    if db is None:
        with _looking_at(sharing, side, None) as look:
            yield Playbooks(None, **given, sharing=look)
        return
    from stillwatch.cases import Cases
    from stillwatch.cases.outbox.queue import queue

    with Cases(db, settings=settings.cases) as cases, _looking_at(sharing, side, cases) as look:
        yield Playbooks(cases, **given, tell=queue, sharing=look)


@contextmanager
def _looking_at(
    sharing: str | None, side: Path | None, cases: Cases | None
) -> Iterator[LookAtSharing | None]:
    """What looks at sharing; None where nothing of it was given."""
    if not sharing and side is None:
        yield None
        return
    from stillwatch.intel.desk.sharing_seen import looks_at

    if not sharing:
        yield looks_at(None, side, cases)
        return
    from stillwatch.cases.database import Database

    with Database(sharing) as database:
        yield looks_at(database, side, cases)
