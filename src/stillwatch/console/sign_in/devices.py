"""Browsers from which somebody has signed in before: strangers' failures do not slow them down."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from stillwatch.console.access.secrets import derived, same
from stillwatch.console.desk import Desk

COOKIE = "device"
KEPT_S = 180 * 86_400
"""Seconds for which a browser is known."""
MOST = 8
"""Users that one browser is known for."""
MARK = re.compile(r"(\d{1,9})-([0-9a-f]{64})")


def remember(desk: Desk, request: Request, answer: Response, user: int) -> None:
    """Let a browser be known as one of a user's."""
    others = [mark for mark in _marks(request) if not mark.startswith(f"{user}-")]
    value = ".".join([_mark(desk, user), *others][:MOST])
    answer.set_cookie(
        COOKIE, value, max_age=KEPT_S, path="/sign-in", secure=desk.site.https, httponly=True, samesite="lax"
    )


def known(desk: Desk, request: Request, user: int) -> bool:
    """Return whether a user has signed in from this browser before."""
    return any(same(mark, _mark(desk, user)) for mark in _marks(request))


def _mark(desk: Desk, user: int) -> str:
    return f"{user}-{derived(desk.secret, f'device {user}')}"


def _marks(request: Request) -> list[str]:
    return [mark for mark in request.cookies.get(COOKIE, "").split(".")[:MOST] if MARK.fullmatch(mark)]
