"""Logs of text lines, neither JSON nor CSV: how a kind of them is known, and how a line becomes a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stillwatch.ingest.files.lines import lines
from stillwatch.ingest.quarantine import BadRow
from stillwatch.ingest.request import Numbered, SteppedOver
from stillwatch.ingest.values import Row, scrub_text

LOOKED_AT = 50
"""Lines of a file's head in which a log of text is looked for."""


@dataclass(frozen=True)
class TextLog:
    """One kind of text log."""

    mark: re.Pattern[str]
    """Found in a line that only this kind of log has."""
    row: Callable[[str], Row | SteppedOver]
    """From a line without its end to a row, or to what it is instead. Raises BadRow for a broken line."""


TEXT_LOGS: dict[str, TextLog] = {}
"""The kinds by name. A file that knows one adds it here when it is imported."""


def text_log(head: bytes) -> TextLog | None:
    """Return the kind of text log whose mark the first lines carry; None if none of them does."""
    told = head.decode("utf-8", "replace").splitlines()[:LOOKED_AT]
    for _, log in sorted(TEXT_LOGS.items()):
        if any(log.mark.search(line) for line in told):
            return log
    return None


def text_rows(pieces: Iterator[bytes], log: TextLog, longest: int) -> Numbered:
    """Return the rows of a text log with their line numbers, or the reason why a line is none."""
    for number, piece in lines(pieces, longest):
        if isinstance(piece, BadRow):
            yield number, piece
            continue
        line = scrub_text(bytes(piece).decode("utf-8", "replace")).rstrip("\r\n")
        try:
            yield number, log.row(line)
        except BadRow as bad:
            yield number, bad
