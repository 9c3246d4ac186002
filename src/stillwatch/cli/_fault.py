"""A fault of Stillwatch itself, told without its text: what an exception says may hold words of the log."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from pathlib import Path

from stillwatch.errors import EXIT_FAULT, StillwatchError

WHOLE = "STILLWATCH_TRACEBACK"
"""Environment variable that asks for Python's own traceback, for people who may read the log."""
FRAME = re.compile(r'File "([^"]+)", line (\d+), in (\w+)')


def fault(error: BaseException) -> StillwatchError:
    """The kind of the exception, those that caused it, and the lines of code that were running."""
    lines = [line for one in _chain(error) for line in _told(one)]
    told = StillwatchError(
        f"a fault of Stillwatch itself: {type(error).__name__}"
        + (f": {error}" if isinstance(error, ImportError) else ""),
        where="\n    ".join(lines),
        do=f"please report it with these lines, which hold no word of your log; {WHOLE}=1 shows the whole "
        "traceback, which may",
    )
    told.exit_code = EXIT_FAULT
    return told


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _told(error: BaseException) -> Iterator[str]:
    yield type(error).__name__
    frames = [
        (frame.filename, frame.lineno, frame.name) for frame in traceback.extract_tb(error.__traceback__)
    ]
    # What a worker process raised comes with its traceback as text.
    sent = FRAME.findall(str(getattr(error, "tb", "")))
    for file, line, name in [*frames, *sent]:
        yield f"  {_short(file)}:{line} {name}"


def _short(file: str) -> str:
    """The path from its last package on; nobody needs to know where it is installed."""
    parts = Path(file).parts
    starts = [place for place, part in enumerate(parts[:-1]) if part in ("stillwatch", "site-packages")]
    return "/".join(parts[starts[-1] :] if starts else parts[-1:])
