"""Signing in with a name and a password."""

from __future__ import annotations

from functools import partial

import anyio
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from stillwatch.cases.words import storable
from stillwatch.console.access import passwords, users
from stillwatch.console.access.slowing import Busy
from stillwatch.console.access.users import Known
from stillwatch.console.desk import Desk
from stillwatch.console.shown import Shown
from stillwatch.console.sign_in import devices
from stillwatch.console.sign_in.beginning import begun
from stillwatch.console.sign_in.checked import checked_form

MANY = 100
"""Failures after which the access log is told of them, though nobody signs in."""
WRONG = "The name or the password is wrong, or this account cannot sign in with a password."


async def password_page(desk: Desk, request: Request) -> Response:
    """Show the form."""
    return _page(desk, request, request.query_params.get("next", "/"))


async def password_sent(desk: Desk, request: Request) -> Response:
    """Check a name and a password; how long it takes does not tell whether there is such a user."""
    fields, refused = await checked_form(desk, request)
    if refused is not None:
        return refused
    name, password = fields.get("name", "")[:200], fields.get("password", "")[:1_024]
    there = fields.get("next", "/")
    user, kept = await desk.reading(partial(_user, name=name))
    known = user is not None and devices.known(request, user.id, kept)
    address = desk.where(request).address
    try:
        async with desk.slowing.turn(address, name, known=known):
            right = await right_password(desk, kept, password, known)
    except Busy as busy:
        return _page(
            desk, request, there, f"Too many sign-ins at once; try again in {busy.seconds} seconds.", 503
        )
    desk.slowing.done(address, name, right=right, known=known)
    if desk.slowing.refused >= MANY:
        await desk.writing(desk.tell_refused)
    if not right or user is None:
        return _page(desk, request, there, WRONG, 401)
    if kept is not None and passwords.outdated(kept):
        await desk.writing(partial(_renew, user=user, password=password))
    return await begun(desk, request, user, users.PASSWORD, there)


async def right_password(desk: Desk, kept: str | None, password: str, known: bool) -> bool:
    """Return whether a password is right; in a turn, since each check takes 64 MiB."""
    check = partial(passwords.verified, kept, password, known=known)
    return await anyio.to_thread.run_sync(check, limiter=desk.hashing_known if known else desk.hashing)


def _user(session: Session, name: str) -> tuple[Known | None, str | None]:
    user = users.named(session, name) if storable(name) else None
    kept = users.password_of(session, user.id if user else 0)
    return (user, None) if user is None or user.disabled else (user, kept)


def _renew(session: Session, user: Known, password: str) -> None:
    users.renew_password(session, user, passwords.hash_of(password))


def _page(desk: Desk, request: Request, there: str, wrong: str = "", status: int = 200) -> Response:
    values = {"next": there, "wrong": wrong, "oidc": bool(desk.settings.oidc_issuer)}
    return desk.html(request, None, Shown("sign_in.html", values, title="Sign in"), status=status)
