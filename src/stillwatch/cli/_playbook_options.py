"""What the commands of playbooks and of readiness have in common: where the real state is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stillwatch.cli._case_store import SETTINGS

if TYPE_CHECKING:
    from stillwatch.playbooks.playbooks import Playbooks

F = TypeVar("F", bound=Callable[..., Any])
FOLDER = click.Path(path_type=Path, file_okay=False)


def places(function: F) -> F:
    """Add the options that name a run, a state and settings."""
    run = click.option("--run", "run_folder", type=FOLDER, help="The newest run, for checks of it.")
    state = click.option("--state", type=FOLDER, help="The guard's state, for checks of it.")
    for option in (SETTINGS, state, run):
        function = option(function)
    return function


@contextmanager
def opened_playbooks(
    db: str | None, run_folder: Path | None, state: Path | None, settings_file: Path | None
) -> Iterator[Playbooks]:
    """The playbooks over the cases that --db names; None: over no cases."""
    from stillwatch.playbooks import Playbooks
    from stillwatch.settings import load

    settings = load(settings_file)
    if db is None:
        yield Playbooks(None, run=run_folder, state=state, settings=settings)
        return
    from stillwatch.cases import Cases
    from stillwatch.cases.outbox.queue import queue

    with Cases(db, settings=settings.cases) as cases:
        yield Playbooks(cases, run=run_folder, state=state, settings=settings, tell=queue)
