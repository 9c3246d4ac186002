"""What the first rows of a log lack that a setting of the program which writes it would add."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from stillwatch.ingest.notes import give_back, take_notes
from stillwatch.ingest.request import Context, Request
from stillwatch.ingest.values import Row
from stillwatch.registry import Format, LogSetting


def lacking(format: Format, rows: Sequence[Row], context: Context) -> tuple[str, ...]:
    """The names of the format's settings of which these rows show nothing. It never raises: a row of a shape
    that the format does not know shows nothing, and is read, as far as it can be, when the log is.
    """
    if not format.settings:
        return ()
    before = take_notes()
    try:
        requests = [one for row in rows for one in _requests(format, row, context)]
    finally:
        noted = take_notes()
        give_back(before)
    reasons = {reason for _column, reason in noted}
    return tuple(s.name for s in format.settings if requests and _lacks(s, requests, reasons))


def _requests(format: Format, row: Row, context: Context) -> list[Request]:
    try:
        return [found for found in format.read(row, context) if isinstance(found, Request)]
    except Exception:  # the reading of the log meets it again, and says which row or which plug-in it was
        return []


def _lacks(setting: LogSetting, requests: Sequence[Request], reasons: Collection[str]) -> bool:
    if setting.mended:
        return setting.mended in reasons
    return not any(getattr(request, name) for request in requests for name in setting.empty)
