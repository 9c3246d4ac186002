"""The command `stillwatch`: one file for each verb; a verb is imported when it is called."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import sys
from typing import NoReturn

import click

from stillwatch import __version__
from stillwatch.cli._fault import WHOLE, fault
from stillwatch.errors import EXIT_FAULT, EXIT_INTERRUPTED, EXIT_OK, EXIT_USER, StillwatchError


class Verbs(click.Group):
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
def program() -> None:
    """Find industrial-scale distillation campaigns in the logs of a language model API, and show why.

    Exit codes: 0 done; 1 a fault of Stillwatch itself; 2 the input, a setting or an option is wrong; 3 too
    many rows could not be read; 4 an optional part is not installed; 5 a
    run is not what its manifest says; 130 interrupted or ended by SIGTERM.
    """


def main() -> NoReturn:
    """Run the command; a person's mistake ends in a message and an exit code, never in a traceback.

    SIGTERM, with which service managers and `timeout` end a program, is answered as an interrupt is: workers
    end, nothing is left half-written.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = program(standalone_mode=False)
    except StillwatchError as error:
        _say(error)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_OK
    except OSError as error:
        _say(
            StillwatchError(
                f"the system refuses: {error.strerror or error}",
                where=str(error.filename or ""),
                do="check free space and permissions",
            )
        )
        code = EXIT_USER
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted; nothing half-written was left behind", err=True)
        code = EXIT_INTERRUPTED
    except Exception as error:
        if os.environ.get(WHOLE):
            raise
        _say(fault(error))
        code = EXIT_FAULT
    sys.exit(code if isinstance(code, int) else EXIT_OK)


def _say(error: StillwatchError) -> None:
    if "--json" in sys.argv:
        click.echo(
            json.dumps(
                {
                    "error": {
                        "what": error.what,
                        "where": error.where,
                        "do": error.do,
                        "exit_code": error.exit_code,
                    }
                }
            )
        )
    click.echo(f"stillwatch: {error}", err=True)
