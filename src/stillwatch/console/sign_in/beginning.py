"""The beginning of a session, by whatever method, and its end."""

from __future__ import annotations

import time

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stillwatch.console.access import sessions, users
from stillwatch.console.access.log import Access, logged
from stillwatch.console.access.secrets import hashed
from stillwatch.console.access.users import Known
from stillwatch.console.desk import Desk
from stillwatch.console.flash import say
from stillwatch.console.sign_in import devices


def safe_next(path: str) -> str:
    """Return a path of this site to go on to; the overview for anything else."""
    inside = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if inside and path.isprintable() and path.isascii() and len(path) < 1_000 else "/"


async def begun(
    desk: Desk, request: Request, user: Known, method: str, there: str, proved: float | None = None
) -> Response:
    """Begin a session of a user, end the one that the browser had, and send it on. proved: when they proved
    who they are, POSIX seconds; None: just now.
    """
    old = request.cookies.get(desk.site.cookie, "")
    where = desk.where(request)

    def begin(session: Session) -> tuple[str, str | None]:
        if old:
            sessions.end(session, hashed(old))
        sessions.sweep(session, time.time(), desk.settings)
        secret = sessions.start(session, user.id, method, where, proved)
        desk.tell_refused(session)
        logged(session, user.name, Access.SIGNED_IN, user.name, method=method, address=where.address)
        return secret, users.password_of(session, user.id)

    secret, kept = await desk.writing(begin)
    answer = RedirectResponse(safe_next(there), 303)
    # Lax, not strict: a link in a message must find who is signed in.
    answer.set_cookie(
        desk.site.cookie, secret, path="/", secure=desk.site.https, httponly=True, samesite="lax"
    )
    if kept is not None:
        devices.remember(desk, request, answer, user.id, kept)
    say(answer, request, desk.site, f"You are signed in as {user.name}, {user.role.word}.", secret)
    return answer


async def ended(desk: Desk, request: Request) -> Response:
    """End the session of a browser."""
    user = await desk.who(request)

    def end(session: Session) -> None:
        if user is not None and sessions.end(session, user.session):
            logged(session, user.name, Access.SIGNED_OUT, user.name)

    await desk.writing(end)
    answer = RedirectResponse("/sign-in", 303, {"Clear-Site-Data": '"cache"'})
    answer.delete_cookie(desk.site.cookie, path="/", secure=desk.site.https, httponly=True, samesite="lax")
    return answer
