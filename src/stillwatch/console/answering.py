"""How declared pages and acts are answered, to browsers and to programs."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stillwatch.console.act import Act
from stillwatch.console.body import JSON, body_of, form_of
from stillwatch.console.checked_post import FIELD, forged
from stillwatch.console.csv_table import csv_of
from stillwatch.console.desk import Desk
from stillwatch.console.done import Done
from stillwatch.console.fault_pages import API, fault
from stillwatch.console.fields import from_form, from_json
from stillwatch.console.flash import say
from stillwatch.console.not_there import NotThere
from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen, User
from stillwatch.console.shown import Download, Shown
from stillwatch.console.told_json import document_of, json_answer
from stillwatch.errors import StillwatchError

Handler = Callable[[Request], Awaitable[Response]]
FORMAT, TABLE = "format", "table"
BEARER = {"WWW-Authenticate": 'Bearer realm="stillwatch"'}


def page_for_browsers(desk: Desk, page: Page) -> Handler:
    """Return the handler of a page."""

    async def answer(request: Request) -> Response:
        user = await desk.who(request)
        if user is None:
            return to_sign_in(desk, request)
        if not user.may(page.role):
            return fault(desk, request, _too_low(user, page.role), user=user, status=403)
        return await _shown(desk, request, page, user)

    return answer


def page_for_programs(desk: Desk, page: Page) -> Handler:
    """Return the handler of the same page below /api/v1."""

    async def answer(request: Request) -> Response:
        user = await desk.bearer(request)
        if user is None:
            return fault(desk, request, _no_token(), status=401, headers=BEARER)
        if not user.may(page.role):
            return fault(desk, request, _too_low(user, page.role), user=user, status=403)
        return await _shown(desk, request, page, user)

    return answer


def act_for_browsers(desk: Desk, act: Act) -> Handler:
    """Return the handler of an act."""

    async def answer(request: Request) -> Response:
        user = await desk.who(request)
        if user is None:
            return to_sign_in(desk, request)
        fields: dict[str, list[str]] = {}
        try:
            fields = await form_of(request)
            refused = forged(request, desk.site, fields, desk.csrf(request))
            if refused is not None:
                return fault(desk, request, refused, user=user, status=403, written=fields)
            if not user.may(act.role):
                return fault(desk, request, _too_low(user, act.role), user=user, status=403, written=fields)
            if act.fresh and not desk.fresh(user):
                return fault(desk, request, desk.stale(), user=user, status=403, written=fields)
            wanted = from_form(act.fields, fields, ignore=(FIELD,))
            done = await run_in_threadpool(act.do, _seen(desk, request, user, None), wanted)
        except StillwatchError as error:
            return fault(desk, request, error, user=user, written=fields)
        return _sent_on(desk, request, user, done)

    return answer


def act_for_programs(desk: Desk, act: Act) -> Handler:
    """Return the handler of the same act below /api/v1."""

    async def answer(request: Request) -> Response:
        user = await desk.bearer(request)
        if user is None:
            return fault(desk, request, _no_token(), status=401, headers=BEARER)
        if user.read_only or not user.may(act.role):
            return fault(desk, request, _too_low(user, act.role), user=user, status=403)
        try:
            wanted = from_json(act.fields, await body_of(request, JSON))
            done = await run_in_threadpool(act.do, _seen(desk, request, user, None), wanted)
        except StillwatchError as error:
            return fault(desk, request, error, user=user)
        return json_answer({"said": done.said, "result": done.result, "see": done.see})

    return answer


def to_sign_in(desk: Desk, request: Request) -> Response:
    """Send a browser to the sign-in, and back afterwards; a program is told that it has no session."""
    if request.query_params.get(FORMAT):
        return fault(desk, request, _no_session(), status=401)
    there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = f"?next={quote(there, safe='')}" if request.method in ("GET", "HEAD") and there != "/" else ""
    return RedirectResponse(f"/sign-in{back}", 303)


async def _shown(desk: Desk, request: Request, page: Page, user: User) -> Response:
    api = request.url.path.startswith(f"{API}/")
    query = {name: request.query_params.getlist(name) for name in request.query_params}
    try:
        filters = from_form(page.filters, query, ignore=(FORMAT, TABLE)) if page.filters else None
        shown = await run_in_threadpool(page.view, _seen(desk, request, user, filters))
        wanted, table = request.query_params.get(FORMAT, ""), request.query_params.get(TABLE, "")
        if wanted == "csv":
            return _csv(shown, table)
        if wanted == "file" and shown.file is not None:
            return _file(shown.file)
        if wanted not in ("", "json", "html"):
            raise NotThere("there is no such format", where=wanted[:40], do="ask for html, json or csv")
        if api or wanted == "json":
            return json_answer(document_of(shown))
        titled = shown if shown.title else _titled(shown, page.name)
        return await run_in_threadpool(partial(desk.html, request, user, titled))
    except StillwatchError as error:
        return fault(desk, request, error, user=user)


def _csv(shown: Shown, name: str) -> Response:
    if name not in shown.tables:
        raise NotThere(
            "the page has no such table",
            where=name[:40] or "table",
            do=f"ask for one of {', '.join(shown.tables) or 'none'}",
        )
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(csv_of(shown.tables[name]), headers=headers, media_type="text/csv; charset=utf-8")


def _file(file: Download) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.text, headers=headers, media_type=file.media_type)


def _titled(shown: Shown, title: str) -> Shown:
    return replace(shown, title=title)


def _seen(desk: Desk, request: Request, user: User, filters: Any) -> Seen:
    query: Mapping[str, Sequence[str]] = {
        name: tuple(request.query_params.getlist(name)) for name in request.query_params
    }
    return Seen(
        desk.doors,
        user,
        request.path_params,
        {name: tuple(values) for name, values in query.items()},
        filters,
        time.time(),
        str(request.state.number),
        partial(desk.log, user.name),
    )


def _sent_on(desk: Desk, request: Request, user: User, done: Done) -> Response:
    if done.once:
        values = {"once": done.once, "see": done.see, "sentence": done.said}
        return desk.html(request, user, Shown("once.html", values, title="Shown once"))
    if done.shown is not None:
        return desk.html(request, user, done.shown)
    answer: Response = RedirectResponse(done.see, 303)
    if done.signed_out:
        answer.delete_cookie(
            desk.site.cookie, path="/", secure=desk.site.https, httponly=True, samesite="lax"
        )
    say(answer, request, desk.site, done.said)
    return answer


def _too_low(user: User, role: Role) -> StillwatchError:
    what = (
        "this token is for reading"
        if user.read_only and user.may(role)
        else f"this needs the role {role.word}"
    )
    return StillwatchError(what, where=f"{user.name}, {user.role.word}", do="ask an admin of the console")


def _no_token() -> StillwatchError:
    return StillwatchError(
        "no token that works", where="Authorization", do="send `Authorization: Bearer TOKEN`; make one at /me"
    )


def _no_session() -> StillwatchError:
    return StillwatchError("nobody is signed in", where="session", do="sign in, or use a token below /api/v1")
