"""Figures for Prometheus, to who has a token of the role viewer."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stillwatch.cases.metrics import CONTENT_TYPE, metrics_text
from stillwatch.console.desk import Desk
from stillwatch.console.role import Role

HOW = "This needs a token: Authorization: Bearer TOKEN\n"


def metrics_route(desk: Desk) -> Route:
    """Return the route. No label names an account, a campaign or a person."""

    async def answer(request: Request) -> Response:
        user = await desk.bearer(request)
        if user is None or not user.may(Role.VIEWER):
            return Response(
                HOW, 401, {"WWW-Authenticate": 'Bearer realm="stillwatch"'}, media_type="text/plain"
            )
        text = await desk.reading(lambda session: metrics_text(session, time.time()))
        return Response(text, headers={"Content-Type": CONTENT_TYPE})

    return Route("/metrics", answer, methods=["GET"])
