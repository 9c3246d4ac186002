"""The console as an ASGI application, made from what is declared."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from stillwatch.console import answering
from stillwatch.console.appeal_page.routes import appeal_routes
from stillwatch.console.behind import Behind
from stillwatch.console.declared import Declared, declared
from stillwatch.console.desk import Desk
from stillwatch.console.fault_pages import API, fault
from stillwatch.console.hull import Hull
from stillwatch.console.metrics_page import metrics_route
from stillwatch.console.openapi import openapi_route
from stillwatch.console.sign_in.routes import sign_in_routes
from stillwatch.console.static_files import answer_static
from stillwatch.errors import StillwatchError

Handler = Callable[[Request], Awaitable[Response]]


def application(desk: Desk, has: Declared | None = None, *, beside: Sequence[Behind] = ()) -> ASGIApp:
    """Return the application. has: pages and acts; None: those of console/pages. beside: what works while it
    is served.
    """
    told = has or declared()
    routes: list[Route] = [openapi_route(desk, told)]
    for prefix, page_of, act_of in (
        ("", answering.page_for_browsers, answering.act_for_browsers),
        (API, answering.page_for_programs, answering.act_for_programs),
    ):
        gets = {page.path: page_of(desk, page) for page in told.pages}
        posts = {act.path: act_of(desk, act) for act in told.acts if not (prefix and act.fresh)}
        routes += _routes(prefix, gets, posts)
    routes += [*sign_in_routes(desk), *appeal_routes(desk), metrics_route(desk)]
    routes.append(Route("/static/{digest}/{name}", answer_static, methods=["GET"]))
    # Not Starlette's own application: its outermost layer answers a fault before ours can.
    router = Router(routes, redirect_slashes=False, lifespan=_life(desk, beside))
    handlers = {404: _no_page(desk), 405: _no_method(desk)}
    layered = ExceptionMiddleware(router, handlers)

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = layered  # lets the router raise for 404 and 405, so that they become pages
        await layered(scope, receive, send)

    return Hull(inner, desk.site)


def _life(desk: Desk, beside: Sequence[Behind]) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """What is done when the server begins and ends: what works beside it starts and stops, the last failures
    are told, connections given back.
    """

    @asynccontextmanager
    async def life(_app: Any) -> AsyncIterator[None]:
        for one in beside:
            one.start()
        yield
        for one in beside:
            await run_in_threadpool(one.stop)
        if desk.slowing.refused:
            await desk.writing(desk.tell_refused)
        await run_in_threadpool(desk.doors.remedy.close)
        desk.doors.cases.database.close()

    return life


def _routes(prefix: str, gets: dict[str, Handler], posts: dict[str, Handler]) -> list[Route]:
    """One route for each path, so that other methods are answered with those that it has. Paths with fewer
    parameters come first: /cases/new is not the case `new`.
    """
    paths = sorted({*gets, *posts}, key=lambda path: (path.count("{"), path))
    return [
        Route(prefix + path, _by_method(gets.get(path), posts.get(path)), methods=_methods(path, gets, posts))
        for path in paths
    ]


def _methods(path: str, gets: dict[str, Handler], posts: dict[str, Handler]) -> Sequence[str]:
    return [*(["GET"] if path in gets else []), *(["POST"] if path in posts else []), "OPTIONS"]


def _by_method(get: Handler | None, post: Handler | None) -> Handler:
    allowed = ", ".join([*(["GET", "HEAD"] if get else []), *(["POST"] if post else []), "OPTIONS"])

    async def answer(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allowed})
        handler = post if request.method == "POST" else get
        assert handler is not None  # the route lets no other method through
        return await handler(request)

    return answer


def _no_page(desk: Desk) -> Any:
    async def answer(request: Request, _error: Exception) -> Response:
        error = StillwatchError(
            "there is no such page", where=request.url.path[:120], do="begin at the overview"
        )
        return fault(desk, request, error, user=await desk.who(request), status=404)

    return answer


def _no_method(desk: Desk) -> Any:
    async def answer(request: Request, error: Exception) -> Response:
        headers = getattr(error, "headers", None)
        said = StillwatchError(
            "this cannot be asked for so", where=request.method, do="see Allow for how it can"
        )
        return fault(desk, request, said, user=await desk.who(request), status=405, headers=headers)

    return answer
