"""Progress of a long command, on stderr and gone when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar, moved by calls with the step, how much is done, and of how much (0: not known)."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<42}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("starting", total=None)

        def move(step: str, done: int, total: int) -> None:
            shown.update(task, description=step, completed=done, total=total or None)

        yield move
