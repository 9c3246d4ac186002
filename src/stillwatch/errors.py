"""One tree of errors. Each says what went wrong, where, and what to do about it."""

from __future__ import annotations

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
EXIT_INTERRUPTED = 130
"""Stopped from the keyboard or by SIGTERM; nothing half-written is left behind."""


class StillwatchError(Exception):
    """A fault that a person can mend: `what` happened, `where`, and what to `do`."""

    exit_code = EXIT_USER

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.do = do

    def __str__(self) -> str:
        where = f"\n  where: {self.where}" if self.where else ""
        do = f"\n  what to do: {self.do}" if self.do else ""
        return f"{self.what}{where}{do}"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash((type(self), str(self)))


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
