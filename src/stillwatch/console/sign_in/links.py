"""The one-time link with which a user sets a password."""

from __future__ import annotations

import time
from functools import partial

import anyio
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from stillwatch.console.access import passwords, users
from stillwatch.console.access.users import Known
from stillwatch.console.desk import Desk
from stillwatch.console.fault_pages import fault
from stillwatch.console.shown import Shown
from stillwatch.console.sign_in.beginning import begun
from stillwatch.console.sign_in.checked import checked_form
from stillwatch.errors import CaseError, StillwatchError


async def link_page(desk: Desk, request: Request) -> Response:
    """Show the form; looking at it does not use the link up, since programs look at links in messages."""
    user = await _user_of(desk, request)
    return _gone(desk, request) if user is None else _page(desk, request, user)


async def link_set(desk: Desk, request: Request) -> Response:
    """Set the password, use the link up, and sign in."""
    fields, refused = await checked_form(desk, request)
    if refused is not None:
        return refused
    user = await _user_of(desk, request)
    if user is None:
        return _gone(desk, request)
    try:
        if fields.get("password") != fields.get("again"):
            raise CaseError("the two are not equal", where="password", do="type the same one twice")
        password = passwords.acceptable(fields.get("password", ""), user.name)
    except StillwatchError as error:
        return _page(desk, request, user, f"{error.what}; {error.do}.", 422)
    kept = await anyio.to_thread.run_sync(passwords.hash_of, password, limiter=desk.hashing_known)
    done = await desk.writing(partial(_use, secret=request.path_params["secret"], kept=kept))
    return _gone(desk, request) if done is None else await begun(desk, request, done, users.LINK, "/")


def _use(session: Session, secret: str, kept: str) -> Known | None:
    user = users.of_link(session, secret, time.time())
    if user is not None:
        users.set_password(session, user, kept, user.name)
    return user


async def _user_of(desk: Desk, request: Request) -> Known | None:
    return await desk.reading(partial(users.of_link, secret=request.path_params["secret"], now=time.time()))


def _page(desk: Desk, request: Request, user: Known, wrong: str = "", status: int = 200) -> Response:
    values = {"name": user.name, "wrong": wrong, "shortest": passwords.SHORTEST}
    return desk.html(request, None, Shown("welcome.html", values, title="Set a password"), status=status)


def _gone(desk: Desk, request: Request) -> Response:
    error = StillwatchError(
        "this link does not work any more",
        where="the address",
        do="a link works once, for some hours; ask an admin for one, or run `stillwatch console user reset`",
    )
    return fault(desk, request, error, status=404)
