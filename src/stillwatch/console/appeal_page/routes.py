"""The routes of the customers' page. They ask for no sign-in: whoever has the link may appeal."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from stillwatch.cases.remediation.remediation import AppealPage
from stillwatch.console.appeal_page.limits import LOOKS, LOOKS_S, WRITES, WRITES_S, Limit
from stillwatch.console.appeal_page.told import told
from stillwatch.console.body import form_of
from stillwatch.console.desk import Desk
from stillwatch.console.hull import APPEAL
from stillwatch.console.static_files import files
from stillwatch.console.templating import environment
from stillwatch.errors import CaseError, StillwatchError

STYLE = "appeal.css"
WORDS = "words"
"""The form's field."""


@dataclass
class Limits:
    """How often addresses may come."""

    looks: Limit = field(default_factory=lambda: Limit(LOOKS, LOOKS_S))
    """How often they may look."""
    writes: Limit = field(default_factory=lambda: Limit(WRITES, WRITES_S))
    """How often they may send something."""


def appeal_routes(desk: Desk) -> list[Route]:
    """Return them. The style stands below the same path, so that a proxy lets nothing else through."""
    limits = Limits()
    return [
        Route(f"{APPEAL}{STYLE}", _style, methods=["GET"]),
        Route(f"{APPEAL}{{token:path}}", partial(_look, desk, limits), methods=["GET"]),
        Route(f"{APPEAL}{{token:path}}", partial(_write, desk, limits), methods=["POST"]),
    ]


async def _look(desk: Desk, limits: Limits, request: Request) -> Response:
    if not limits.looks.takes(desk.where(request).address):
        return _too_often()
    page = await run_in_threadpool(_behind, desk, request.path_params["token"])
    return _unknown() if page is None else _shown(desk, request, page)


async def _write(desk: Desk, limits: Limits, request: Request) -> Response:
    address = desk.where(request).address
    if not limits.looks.takes(address) or not limits.writes.takes(address):
        return _too_often()
    token = request.path_params["token"]
    page = await run_in_threadpool(_behind, desk, token)
    if page is None:
        return _unknown()
    words = ""
    try:
        words = (await form_of(request)).get(WORDS, [""])[-1].replace("\r\n", "\n")
        await run_in_threadpool(desk.doors.remedy.door.open_appeal, token, words)
    except StillwatchError as error:
        again = await run_in_threadpool(_behind, desk, token)
        wrong = f"{error.what[:1].upper()}{error.what[1:]}. {error.do[:1].upper()}{error.do[1:]}."
        return _unknown() if again is None else _shown(desk, request, again, words, wrong, 422)
    return RedirectResponse(f"{APPEAL}{token}#state", 303)


def _behind(desk: Desk, token: str) -> AppealPage | None:
    """What stands behind a link; None for one that never was, and one that ended: nobody tells them apart."""
    try:
        return desk.doors.remedy.door.appeal_page(token)
    except CaseError as error:
        if error.where != "the link":
            raise
        return None


def _shown(
    desk: Desk, request: Request, page: AppealPage, words: str = "", wrong: str = "", status: int = 200
) -> Response:
    settings, now = desk.doors.cases.settings, time.time()
    link = f"{settings.appeal_url}{request.path_params['token']}"
    lines = page.text.replace(link, "on this page").split("\n\n")
    return _html(
        "appeal_customer.html",
        status,
        provider=settings.provider,
        subject=page.subject,
        paragraphs=[one.strip() for one in lines if one.strip()],
        expires=page.expires,
        appeals=[told(one, now) for one in reversed(page.appeals)],
        may=page.may_appeal,
        answer_days=settings.answer_days,
        longest=settings.appeal_characters,
        words=words,
        wrong=wrong,
    )


def _unknown() -> Response:
    return _html("appeal_unknown.html", 404, often=False)


def _too_often() -> Response:
    return _html("appeal_unknown.html", 429, {"Retry-After": "60"}, often=True)


def _html(template: str, status: int, headers: dict[str, str] | None = None, **values: Any) -> Response:
    style = f"{APPEAL}{STYLE}?{_digest()}"
    return HTMLResponse(environment().get_template(template).render(**values, style=style), status, headers)


async def _style(_request: Request) -> Response:
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(files()[STYLE].content, headers=headers, media_type="text/css")


@cache
def _digest() -> str:
    return hashlib.sha256(files()[STYLE].content).hexdigest()[:16]
