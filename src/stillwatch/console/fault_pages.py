"""Errors as pages: what, where, what to do, and an id; never a traceback."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response

from stillwatch.console.conflict import SeenConflict, conflict_page
from stillwatch.console.desk import Desk
from stillwatch.console.not_there import NotThere
from stillwatch.console.seen import User
from stillwatch.console.shown import Shown
from stillwatch.console.told_json import json_fault
from stillwatch.errors import CaseConflict, StillwatchError

API = "/api/v1"
KEPT = re.compile(r"[a-z][a-z0-9_]{0,60}")
HIDDEN = ("csrf", "password", "again", "current", "secret")
"""Fields that are not shown again."""


def status_of(error: StillwatchError) -> int:
    """Return the status of an error."""
    if isinstance(error, NotThere):
        return 404
    return 409 if isinstance(error, CaseConflict) else 422


def fault(
    desk: Desk,
    request: Request,
    error: StillwatchError,
    *,
    user: User | None = None,
    status: int = 0,
    written: Mapping[str, Sequence[str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer an error: JSON below /api/v1 and where JSON was asked for, else a page. written: the fields of a
    form, shown again so that nothing that was typed is lost.
    """
    code = status or status_of(error)
    number = str(request.state.number)
    if request.url.path.startswith(f"{API}/") or request.query_params.get("format") == "json":
        return json_fault(error, code, number, headers)
    if isinstance(error, SeenConflict):
        return desk.html(request, user, conflict_page(error, written or {}), status=code, headers=headers)
    kept = {
        name: "\n".join(values)
        for name, values in (written or {}).items()
        if name not in HIDDEN and KEPT.fullmatch(name) and any(values)
    }
    values: dict[str, object] = {
        "what": error.what,
        "where": error.where,
        "do": error.do,
        "number": number,
        "written": kept,
    }
    values["back"] = _back(desk, request)
    title = {403: "Not allowed", 404: "Not found", 409: "Changed meanwhile"}.get(code, "Not done")
    return desk.html(
        request,
        user,
        Shown("fault.html", {**values, "status": code}, title=title),
        status=code,
        headers=headers,
    )


def _back(desk: Desk, request: Request) -> str:
    """The page of ours that a form was sent from; the overview where nobody knows."""
    origin, path = desk.site.origin, request.headers.get("referer", "")
    inside = path.startswith(f"{origin}/") and path.isprintable()
    return path.removeprefix(origin) if inside and not path.removeprefix(origin).startswith("//") else "/"
