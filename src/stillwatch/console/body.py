"""The body of a call: read up to a limit, in a limited time."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

from starlette.requests import Request

from stillwatch.errors import InputError

LARGEST = 256 << 10
"""Bytes of a form or a document."""
MOST_FIELDS = 1_000
"""Fields of a form."""
PATIENCE_S = 15.0
"""Seconds in which a body must have come."""
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


async def body_of(request: Request, kind: str) -> bytes:
    """Return the body. Raises InputError where it is of another kind, too large or too slow."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != kind:
        raise InputError(f"this takes {kind} only", where="Content-Type", do=f"send it as {kind}")
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for piece in request.stream():
                size += len(piece)
                if size > LARGEST:
                    raise InputError(
                        f"what was sent is larger than {LARGEST:,} bytes",
                        where="body",
                        do="send less at once",
                    )
                pieces.append(piece)
    except TimeoutError as error:
        raise InputError("what was sent came too slowly", where="body", do="send it again") from error
    return b"".join(pieces)


async def form_of(request: Request) -> dict[str, list[str]]:
    """Return the fields of a form, each with all its values. Raises InputError as `body_of`, and for text
    that is not UTF-8.
    """
    data = await body_of(request, FORM)
    try:
        pairs = parse_qsl(
            data.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise InputError("the form cannot be read", where="body", do="send the form again") from error
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields
