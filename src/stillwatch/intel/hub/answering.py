"""How a page of the hub reads what came and answers."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stillwatch.errors import IntelError
from stillwatch.intel.hub.door import who
from stillwatch.intel.member import Member

LARGEST = 128 << 10
"""Bytes that a page takes."""
PATIENCE_S = 15.0
MOST = 2**62
Page = Callable[[Request, Member], Awaitable[Response]]


def told(status: int, title: str, description: str = "") -> JSONResponse:
    """Return an answer that says why something is not done."""
    return JSONResponse({"title": title, "description": description, "http_status": str(status)}, status)


def for_members(page: Page) -> Callable[[Request], Awaitable[Response]]:
    """Return the endpoint of a page that only members reach; an IntelError becomes an answer."""

    async def endpoint(request: Request) -> Response:
        member = await who(request)
        if member is None:
            answer = told(401, "You are not signed in.", "Sign the request, or give a token.")
            answer.headers.append("WWW-Authenticate", 'Basic realm="stillwatch-hub"')
            return answer
        try:
            return await page(request, member)
        except IntelError as error:
            return told(422, error.what, f"{error.where}; {error.do}" if error.where else error.do)

    return endpoint


def number(request: Request, name: str, default: int | None = None) -> int:
    """Return a whole number of the query. Raises IntelError for anything else."""
    given = request.query_params.getlist(name)
    if not given and default is not None:
        return default
    if len(given) != 1 or not re.fullmatch("[0-9]{1,19}", given[0]) or int(given[0]) > MOST:
        raise IntelError("a whole number is wanted", where=f"query, {name}", do=f"give ?{name}=NUMBER once")
    return int(given[0])


async def body_of(request: Request) -> bytes:
    """Return what was sent. Raises IntelError where it is too large or too slow."""
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for piece in request.stream():
                size += len(piece)
                if size > LARGEST:
                    raise IntelError(
                        f"what was sent is larger than {LARGEST:,} bytes", where="body", do="send less"
                    )
                pieces.append(piece)
    except TimeoutError as error:
        raise IntelError("what was sent came too slowly", where="body", do="send it again") from error
    return b"".join(pieces)


async def fields_of(request: Request, *names: str) -> Mapping[str, str]:
    """Return the texts of a JSON object. Raises IntelError where it has other fields than these."""
    try:
        found: Any = json.loads(await body_of(request))
    except (ValueError, RecursionError) as error:
        raise IntelError("what was sent is no JSON", where="body", do="send a JSON object") from error
    if not isinstance(found, dict) or set(found) != set(names):
        raise IntelError("other fields are wanted", where="body", do=f"send {', '.join(names)}")
    if not all(isinstance(value, str) for value in found.values()):
        raise IntelError("a field is no text", where="body", do="send texts")
    return {str(name): str(value) for name, value in found.items()}
