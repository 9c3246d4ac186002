"""The command `stillwatch`: one file for each verb; a verb is imported when it is called."""

from __future__ import annotations

import contextlib
import errno
import importlib
import io
import logging
import os
import pkgutil
import signal
import sys
import traceback
from types import FrameType
from typing import NoReturn

import click

from stillwatch import __version__, numba_cache
from stillwatch.cli._fault import WHOLE, fault
from stillwatch.cli._group import Whole
from stillwatch.cli._json import print_json
from stillwatch.cli._voice import FORMATS, LEVELS, chosen, listen
from stillwatch.errors import (
    EXIT_INTERRUPTED,
    EXIT_OK,
    StillwatchError,
    without_passwords,
)

PRINTERS = ("click/utils.py", "rich/console.py", "cli/__init__.py")
"""Where an error is raised if the output takes nothing more; each file that we write names its path."""


class Verbs(Whole):
    """A group whose commands are the files of this folder: each exports `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, sorted."""
        return sorted(
            module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")
        )

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command, imported now; None if there is no such file."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"{__name__}.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="stillwatch")
@click.option("-v", "--verbose", count=True, help="Log each stage on stderr; -vv: each of its steps too.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no notes on stderr; errors are shown.")
@click.option(
    "--log-level",
    type=click.Choice(LEVELS),
    help="Log from this level on, on stderr.  [default: no log]",
)
@click.option(
    "--log-format",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="Lines of text, or one JSON document a line.",
)
@click.pass_context
def program(
    context: click.Context, verbose: int, quiet: bool, log_level: str | None, log_format: str
) -> None:
    """Find industrial-scale distillation campaigns in the logs of a language model API, and show why.

    Exit codes: 0 done; 1 a fault of Stillwatch itself; 2 the input, a setting or an option is wrong; 3 too
    many rows could not be read; 4 an optional part is not installed; 5 a run is not what its manifest says;
    6 somebody else changed the case meanwhile; 7 something that readiness asks for is missing; 130
    interrupted or ended by SIGTERM.
    """
    context.obj = chosen(verbose, quiet, log_level)
    if context.obj.level:
        context.call_on_close(listen(context.obj.level, log_format))
        if numba_cache.fallback:
            logging.getLogger("stillwatch.cli").warning(
                "neither the installation nor a home can be written: compiled code is kept with temporary "
                "files, "
                "and the first command after they are gone takes about a minute longer"
            )


class Interrupts:
    """Ends the command at the first SIGINT or SIGTERM, and remembers it: a library that is in the middle of a
    query may turn the interrupt into an error of its own.
    """

    def __init__(self) -> None:
        self.came = False
        # SIGTERM is how service managers and `timeout` end a program. An interrupt that the shell lets a
        # program ignore, as in the background, stays ignored.
        signal.signal(signal.SIGTERM, self._answer)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._answer)

    def _answer(self, _number: int, _frame: FrameType | None) -> None:
        self.came = True
        raise KeyboardInterrupt


def main() -> NoReturn:
    """Run the command; a person's mistake ends in a message and an exit code, never in a traceback.

    SIGTERM is answered as an interrupt is: workers end, nothing is left half-written.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a character shows another
            stream.reconfigure(errors="replace")
    interrupts = Interrupts()
    try:
        _must_be_text(sys.argv[1:])
        code = program(prog_name="stillwatch", standalone_mode=False)
        if sys.stdout is not None:  # a shell may have closed it
            sys.stdout.flush()
    except BaseException as error:
        code = EXIT_INTERRUPTED if interrupts.came else _told(error)
        if interrupts.came:
            click.echo("interrupted; nothing half-written was left behind", err=True)
    sys.exit(code if isinstance(code, int) else EXIT_OK)


def _must_be_text(words: list[str]) -> None:
    """Raise StillwatchError for an argument that is no text: files, tables and terminals take UTF-8 alone."""
    for number, word in enumerate(words, 1):
        if not word.isascii() and any("\ud800" <= c <= "\udfff" for c in word):
            raise StillwatchError(
                f"argument {number} is not UTF-8",
                where=word.encode("utf-8", "backslashreplace").decode(),
                do="rename the file, or set the locale to the one that the name is written in",
            )


def _told(error: BaseException) -> int:
    """Say what ended the command; returns the exit code."""
    if isinstance(error, click.ClickException):
        vars(error)["message"] = without_passwords(error.message)
        error.show()
        return error.exit_code
    if isinstance(error, KeyboardInterrupt | click.Abort):
        click.echo("interrupted; nothing half-written was left behind", err=True)
        return EXIT_INTERRUPTED
    if _reader_gone(error):
        _no_more_output()
        return EXIT_OK
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else EXIT_OK
    if os.environ.get(WHOLE) and not isinstance(error, StillwatchError | OSError | MemoryError):
        raise error
    told = _as_ours(error)
    _say(told)
    return told.exit_code


def _reader_gone(error: BaseException) -> bool:
    """Whether the other end of a pipe was closed, as by `head`; Click ends with SystemExit then."""
    cause = error.__context__ if isinstance(error, SystemExit) else error
    return isinstance(cause, OSError) and cause.errno == errno.EPIPE


def _as_ours(error: BaseException) -> StillwatchError:
    """The error as one of ours; what is neither the user's nor the system's doing is a fault."""
    if isinstance(error, StillwatchError):
        return error
    if isinstance(error, MemoryError):
        return StillwatchError(
            "the memory is full", do="lower ingest.workers and engine.memory in the settings file"
        )
    if isinstance(error, OSError):
        return StillwatchError(
            f"the system refuses: {error.strerror or error}",
            where=str(error.filename or "") or ("the output of this command" if _printing(error) else ""),
            do="check free space and permissions",
        )
    return fault(error)


def _printing(error: BaseException) -> bool:
    """Whether the error came while something was printed, as to a file on a full disk; if so, no more is
    tried.
    """
    last = traceback.extract_tb(error.__traceback__)[-1]
    if not last.filename.endswith(PRINTERS):
        return False
    _no_more_output()
    return True


def _no_more_output() -> None:
    """Let what is still to be printed go nowhere; Python would complain of it when it ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(error: StillwatchError) -> None:
    if "--json" in sys.argv:
        with contextlib.suppress(OSError):
            print_json(
                {
                    "error": {
                        "what": error.what,
                        "where": error.where,
                        "do": error.do,
                        "exit_code": error.exit_code,
                    }
                }
            )
    click.echo(f"stillwatch: {error}", err=True)
