"""Proving again who one is, before what only a fresh sign-in may do."""

from __future__ import annotations

from functools import partial

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from stillwatch.console.access import users
from stillwatch.console.access.slowing import Busy
from stillwatch.console.answering import to_sign_in
from stillwatch.console.desk import Desk
from stillwatch.console.seen import User
from stillwatch.console.shown import Shown
from stillwatch.console.sign_in.beginning import begun
from stillwatch.console.sign_in.checked import checked_own_form
from stillwatch.console.sign_in.with_password import right_password


async def again_page(desk: Desk, request: Request) -> Response:
    """Show the form to who is signed in."""
    user = await desk.who(request)
    if user is None:
        return to_sign_in(desk, request)
    return await _page(desk, request, user, request.query_params.get("next", "/"))


async def again_sent(desk: Desk, request: Request) -> Response:
    """Check the password of who is signed in, and begin another session."""
    user = await desk.who(request)
    if user is None:
        return to_sign_in(desk, request)
    fields, refused = await checked_own_form(desk, request)
    if refused is not None:
        return refused
    there, address = fields.get("next", "/"), desk.where(request).address
    kept = await desk.reading(partial(users.password_of, user=user.id))
    try:
        async with desk.slowing.turn(address, user.name, known=True):
            right = await right_password(desk, kept, fields.get("password", "")[:1_024], True)
    except Busy:
        right = False
    desk.slowing.done(address, user.name, right=right, known=True)
    found = await desk.reading(partial(users.numbered, number=user.id)) if right else None
    if found is None:
        return await _page(desk, request, user, there, "The password is wrong.", 401)
    return await begun(desk, request, found, users.PASSWORD, there)


async def _page(
    desk: Desk, request: Request, user: User, there: str, wrong: str = "", status: int = 200
) -> Response:
    def has(session: Session) -> tuple[bool, bool]:
        password = users.password_of(session, user.id) is not None
        return password, bool(users.passkeys_of(session, user.id))

    password, passkey = await desk.reading(has)
    values = {
        "next": there,
        "wrong": wrong,
        "password": password,
        "passkey": passkey,
        "oidc": bool(desk.settings.oidc_issuer),
    }
    return desk.html(request, user, Shown("again.html", values, title="Prove who you are"), status=status)
