"""How much a command says on stderr, chosen once for all verbs: progress, notes, and the log."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")
PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; all else is what a line of the package's own log adds."""


@dataclass(frozen=True)
class Voice:
    """What goes to stderr."""

    level: str = ""
    """Level of the log; empty: no log."""
    quiet: bool = False
    """Whether progress and notes are left out."""

    @property
    def progress(self) -> bool:
        """Whether progress is shown: a log takes its place, and its lines must stay whole."""
        return not self.quiet and not self.level


def voice() -> Voice:
    """The voice of the command that runs."""
    context = click.get_current_context(silent=True)
    return (context.find_object(Voice) if context else None) or Voice()


def note(text: str) -> None:
    """Something a person should know, on stderr or in the log that is written there; left out with -q."""
    if voice().level:
        logging.getLogger("stillwatch.cli").warning(text)
    elif not voice().quiet:
        click.echo(text, err=True)


class Written(logging.Formatter):
    """A record as one line: text, or one JSON document. Times are ISO 8601, UTC."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self._json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        """The line. An exception is named by its kind alone: what it says may hold words of a log."""
        moment = (
            time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        )
        more: dict[str, Any] = {key: value for key, value in vars(record).items() if key not in PLAIN}
        if record.exc_info and record.exc_info[0]:
            more["exception"] = record.exc_info[0].__name__
        if self._json:
            head = {"time": moment, "level": record.levelname.lower(), "logger": record.name}
            return json.dumps({**head, "message": record.getMessage(), **more}, default=str)
        told = "".join(f" {key}={value}" for key, value in more.items())
        return f"{moment} {record.levelname.lower():<7} {record.name}: {record.getMessage()}{told}"


class OnStderr(logging.Handler):
    """Writes to what is stderr when a record comes."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        print(self.format(record), file=sys.stderr, flush=True)  # noqa: T201


def listen(level: str, form: str) -> Callable[[], None]:
    """Let the package's log go to stderr from a level on; returns what ends that again."""
    handler = OnStderr()
    handler.setFormatter(Written(form))
    logger = logging.getLogger("stillwatch")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(level.upper())

    def end() -> None:
        logger.removeHandler(handler)
        logger.setLevel(before)

    return end


def chosen(verbose: int, quiet: bool, level: str | None) -> Voice:
    """The voice that the options ask for. Raises UsageError for -v with -q."""
    if verbose and quiet:
        raise click.UsageError("-v and -q exclude each other")
    return Voice(level or ("debug" if verbose > 1 else "info" if verbose else ""), quiet)
