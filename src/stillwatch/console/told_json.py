"""Answers of the API: JSON, times as ISO 8601."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from stillwatch.console.shown import Rows, Shown
from stillwatch.errors import StillwatchError
from stillwatch.guard.moments import told


def document_of(shown: Shown) -> dict[str, Any]:
    """Return what a page shows: values, and each table with its rows."""
    return {"values": shown.values, "tables": {name: _table(rows) for name, rows in shown.tables.items()}}


def json_answer(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a document as an answer."""
    data = msgspec.json.encode(document, enc_hook=_hook)
    return Response(data, status, dict(headers or {}), media_type="application/json")


def json_fault(
    error: StillwatchError, status: int, number: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an error: what, where, what to do, and the id of the call."""
    told_ = {"what": error.what, "where": error.where, "do": error.do, "id": number}
    return json_answer({"error": told_}, status, headers)


def _table(table: Rows) -> dict[str, Any]:
    names = [(column.name, column.form == "time") for column in table.columns]
    rows = [{name: _value(row.get(name), time) for name, time in names} for row in table.rows]
    more = {"next": table.more} if table.more else {}
    return {"rows": rows, "total": len(rows) if table.total is None else table.total, **more}


def _value(value: Any, time: bool) -> Any:
    return told(value) if time and isinstance(value, int | float) else value


def _hook(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
