"""One tree of errors. Each says what went wrong, where, and what to do about it."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stillwatch.plain import plain

EXIT_OK = 0
"""The command did what was asked."""
EXIT_FAULT = 1
"""A fault of Stillwatch itself; what it was doing is said, but no word of what it was reading."""
EXIT_USER = 2
"""The input, a setting or an option is wrong; nothing was written."""
EXIT_BAD_ROWS = 3
"""Too large a share of the rows could not be read; nothing was written."""
EXIT_MISSING_EXTRA = 4
"""An optional part is not installed; the message says which."""
EXIT_CHANGED = 5
"""A run is not what its manifest says, or a journal or a case store does not hold; the message says where."""
EXIT_CONFLICT = 6
"""Somebody else changed it meanwhile, or has it; the message says who changed what. Nothing was written."""
EXIT_MISSING = 7
"""Something that a playbook or the readiness asks for is missing; the output says what."""
EXIT_INTERRUPTED = 130
"""Stopped from the keyboard or by SIGTERM; nothing half-written is left behind."""


LOGIN = re.compile(r"(?<=:/)(/?)(?:[^/@\s]*:\S*@|[^/@\s?#]+@)")
"""A name and a password in an address; a path keeps one slash of two."""
SECRET = re.compile(
    r"(?i)(?<=[;?&])((?:access_?)?token|password|passwd|secret|api_?key|sig(?:nature)?)=[^;&\s]*"
)
"""A secret among the parameters of an address."""


def without_passwords(text: str) -> str:
    """A text whose addresses show no password: nobody needs one to know which address is meant."""
    return SECRET.sub(r"\1=***", LOGIN.sub(r"\1***@", text)) if ":/" in text else text


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
"""No room, no share of it left, a file too large for its disk, a disk that takes nothing."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let a full disk be told with the path that was written to; libraries leave it out."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno in FULL:
            error.filename = str(path)
        raise


class StillwatchError(Exception):
    """A fault that a person can mend: `what` happened, `where`, and what to `do`."""

    exit_code = EXIT_USER

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        super().__init__(without_passwords(what))
        self.what = without_passwords(what)
        self.where = without_passwords(where)
        self.do = without_passwords(do)

    def __str__(self) -> str:
        where = f"\n  where: {_shown(self.where)}" if self.where else ""
        do = f"\n  what to do: {_shown(self.do)}" if self.do else ""
        return f"{_shown(self.what)}{where}{do}"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash((type(self), str(self)))


def _shown(part: str) -> str:
    """A part as it may go to a terminal; further lines of it are indented, so that a file's name cannot write
    a part of its own.
    """
    first, *more = part.splitlines() or [""]
    indented = [line if line.startswith("    ") else f"    {line.lstrip()}" for line in more]
    return "\n".join(map(plain, [first, *indented]))


class SettingError(StillwatchError):
    """A settings file or an option holds something that cannot be used."""


class OutOfRoom(SettingError):
    """A query needs more memory, or more disk for its spill files, than there is; queries that need less may
    still be asked.
    """


class InputError(StillwatchError):
    """A log, accounts, permits or mapping file cannot be read as what it claims to be."""


class TooManyBadRows(StillwatchError):
    """More rows went to quarantine than the settings allow."""

    exit_code = EXIT_BAD_ROWS


class RunError(StillwatchError):
    """A run folder is missing, incomplete, or in the way."""


class PluginError(StillwatchError):
    """A facet, a signal or a log format of another package is broken or takes a name that is taken."""


class MissingExtra(StillwatchError):
    """An optional dependency is needed for this and is not installed."""

    exit_code = EXIT_MISSING_EXTRA


class CaseError(StillwatchError):
    """A case, or the store of cases, cannot be used so; nothing was written."""


class CaseConflict(CaseError):
    """Somebody else changed the case meanwhile, or works on it; nothing was written."""

    exit_code = EXIT_CONFLICT


class NotThere(StillwatchError):
    """What was asked for is not there; the console answers so with status 404."""


class PolicyError(StillwatchError):
    """A policy file cannot be used, or a rule may not go to the stage that was asked for."""


class PlaybookError(StillwatchError):
    """A playbook is not valid, or a step of it cannot be done so; nothing was written."""


class IntelError(StillwatchError):
    """Something shared cannot be read, made or given away so; nothing was written, and nothing left."""


class LogFault(IntelError):
    """A hub's log does not hold: it was changed, cut off or forked; the message says where, and which file
    keeps the evidence.
    """

    exit_code = EXIT_CHANGED
