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


def remember(desk: Desk, request: Request, answer: Response, user: int, kept: str) -> None:
    """Let a browser be known as one of a user's. kept: the hash of the password; with another password no
    browser is known any more.
    """
    others = [mark for mark in _marks(request) if not mark.startswith(f"{user}-")]
    answer.set_cookie(
        COOKIE,
        ".".join([_mark(user, kept), *others][:MOST]),
        max_age=KEPT_S,
        path="/sign-in",
        secure=desk.site.https,
        httponly=True,
        samesite="lax",
    )


def known(request: Request, user: int, kept: str | None) -> bool:
    """Return whether a user has signed in from this browser before."""
    return kept is not None and any(same(mark, _mark(user, kept)) for mark in _marks(request))


def _mark(user: int, kept: str) -> str:
    return f"{user}-{derived(kept, f'device {user}')}"


def _marks(request: Request) -> list[str]:
    return [mark for mark in request.cookies.get(COOKIE, "").split(".")[:MOST] if MARK.fullmatch(mark)]
