"""Progress of a long command on stderr: a bar that is gone when it ends, or a line every few seconds on a
pipe.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from stillwatch.cli._voice import voice
from stillwatch.plain import plain

Move = Callable[[str, int, int], None]
IN_MEGABYTES = frozenset(("counting lines", "reading logs"))
"""Steps whose progress is counted in megabytes."""
EVERY = 5.0
"""Seconds between two lines on a pipe; a command that takes less says nothing."""


@contextmanager
def progress() -> Iterator[Move]:
    """Moved by calls with the step, how much is done, and of how much (0: not known)."""
    if not voice().progress:
        yield _silent
    elif sys.stderr.isatty():
        with _bar() as move:
            yield move
    else:
        with _lines() as move:
            yield move


def _silent(_step: str, _done: int, _total: int) -> None:
    """Nothing is said."""


@contextmanager
def _lines() -> Iterator[Move]:
    """A line every few seconds, also while one step takes long."""
    told, last = time.monotonic(), ("", 0, 0)
    lock, ended = threading.Lock(), threading.Event()

    def say() -> None:
        nonlocal told
        with lock:
            now = time.monotonic()
            if last[0] and now - told >= EVERY and not ended.is_set():
                told = now
                click.echo(plain(line(*last)), err=True)

    def move(step: str, done: int, total: int) -> None:
        nonlocal last
        last = (step, done, total)
        say()

    def beat() -> None:
        while not ended.wait(EVERY):
            say()

    beating = threading.Thread(target=beat, name="progress", daemon=True)
    beating.start()
    try:
        yield move
    finally:
        with lock:
            ended.set()
        beating.join()


def line(step: str, done: int, total: int) -> str:
    """One line of progress."""
    unit = " MB" if step in IN_MEGABYTES else ""
    counted = f", {done:,} of {total:,}{unit}" if total else f", {done:,}" if done else ""
    return f"stillwatch: {step}{counted}"


@contextmanager
def _bar() -> Iterator[Move]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<42}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("starting", total=None)

        def move(step: str, done: int, total: int) -> None:
            told = f"{step} (MB)" if step in IN_MEGABYTES else step
            shown.update(task, description=told, completed=done, total=total or None)

        yield move
