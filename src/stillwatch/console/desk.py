"""What every handler works with: the doors, the site, who calls, and pages that are laid out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import anyio
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from stillwatch.console.access import sessions, tokens
from stillwatch.console.access.log import Access, logged
from stillwatch.console.access.openid_provider import Provider
from stillwatch.console.access.secrets import derived, fresh
from stillwatch.console.access.sessions import Where
from stillwatch.console.access.slowing import Slowing
from stillwatch.console.declared import declared
from stillwatch.console.flash import said_in
from stillwatch.console.page import RARE
from stillwatch.console.seen import Doors, User
from stillwatch.console.shown import Shown
from stillwatch.console.site import Site
from stillwatch.console.templating import environment
from stillwatch.console_settings import ConsoleSettings
from stillwatch.errors import StillwatchError

T = TypeVar("T")
LOOK = "look"
"""Name of the cookie that keeps the choice of dark or light."""
LOOKS = ("dark", "light")


@dataclass(frozen=True)
class Desk:
    """One console."""

    doors: Doors
    """The doors."""
    site: Site
    """Where it is reached."""
    hashing: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(2))
    """Turns of strangers whose passwords are checked."""
    hashing_known: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(1))
    """Turns of those whose device is known."""

    asking: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(4))
    """Turns of those who sign in with a provider: a provider that hangs must not take all threads."""
    slowing: Slowing = field(default_factory=Slowing)
    """Failed sign-ins."""
    secret: str = field(default_factory=fresh, repr=False)
    """What device cookies and challenges are signed with."""

    provider: Provider | None = None
    """The OpenID provider with which people sign in; None: none is set."""

    @property
    def settings(self) -> ConsoleSettings:
        """The console's settings."""
        return self.doors.settings.console

    async def reading(self, work: Callable[..., T]) -> T:
        """Run work(session) in a thread, with a session that reads."""

        def done() -> T:
            with self.doors.cases.database.reading() as session:
                return work(session)

        return await run_in_threadpool(done)

    async def writing(self, work: Callable[..., T]) -> T:
        """Run work(session) in a thread, with the writer's session: all of it is written, or nothing."""

        def done() -> T:
            with self.doors.cases.database.writing() as session:
                return work(session)

        return await run_in_threadpool(done)

    async def who(self, request: Request) -> User | None:
        """Return whose session the cookie of a call is of; None where nobody is signed in."""
        secret = request.cookies.get(self.site.cookie, "")
        if not secret:
            return None
        now = time.time()
        found = await self.reading(partial(sessions.of, secret=secret, now=now, settings=self.settings))
        if found is None:
            return None
        user, stale = found
        if stale:
            await self.writing(partial(sessions.touch, hash_=user.session, now=now))
        return user

    async def bearer(self, request: Request) -> User | None:
        """Return whose token a call has; None where it has none that works."""
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not secret:
            return None
        now = time.time()
        found = await self.reading(partial(tokens.of, secret=secret.strip(), now=now))
        if found is None:
            return None
        user, stale = found
        if stale:
            await self.writing(partial(tokens.touch, number=user.token, now=now))
        return user

    def fresh(self, user: User) -> bool:
        """Return whether somebody proved who they are in the last minutes."""
        return user.proved >= time.time() - self.settings.fresh_minutes * 60

    def stale(self) -> StillwatchError:
        """Return the error for who did not."""
        return StillwatchError(
            f"this needs a sign-in of the last {self.settings.fresh_minutes:g} minutes",
            where="your session",
            do="prove again who you are at /sign-in/again, then send it once more",
        )

    def where(self, request: Request) -> Where:
        """Return where a browser is."""
        peer = request.client.host if request.client else ""
        # Some proxies add a line of their own below the one that the browser sent.
        forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
        address = self.site.address_of(peer, forwarded)
        return Where(address, request.headers.get("user-agent", ""))

    def csrf(self, request: Request) -> str:
        """Return the token that each form of this session must bring; empty without a session."""
        secret = request.cookies.get(self.site.cookie, "")
        return derived(secret, "csrf") if secret else ""

    def tell_refused(self, session: Session) -> None:
        """Write how many sign-ins failed since the last time, if any did."""
        count, self.slowing.refused = self.slowing.refused, 0
        if count:
            logged(session, "", Access.REFUSED, "", count=count)

    def log(self, actor: str, action: str, subject: str, reason: str = "", **detail: Any) -> None:
        """Write into the access log, in a transaction of its own."""
        with self.doors.cases.database.writing() as session:
            logged(session, actor, Access(action), subject, reason, **detail)

    def html(
        self,
        request: Request,
        user: User | None,
        shown: Shown,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Return a page that is laid out."""
        look = request.cookies.get(LOOK, "")
        said = said_in(request, self.site)
        text = (
            environment()
            .get_template(shown.template)
            .render(
                **shown.values,
                **shown.parts,
                tables=shown.tables,
                title=shown.title,
                user=user,
                csrf=self.csrf(request) if user else "",
                said=said,
                here=request.url.path,
                query={name: tuple(request.query_params.getlist(name)) for name in request.query_params},
                look=look if look in LOOKS else "",
                rare=RARE,
                menu=[page for page in declared().menu() if user is not None and user.may(page.role)],
                now=time.time(),
            )
        )
        answer = HTMLResponse(text, status, dict(headers or {}))
        if said:
            answer.delete_cookie("said", path="/", secure=self.site.https, httponly=True, samesite="lax")
        return answer
