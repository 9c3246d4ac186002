"""The body of a request: read up to a limit, in a limited time."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from stillwatch.intel.taxii.server.fault import TaxiiFault
from stillwatch.intel.taxii.server.settings import TaxiiSettings


async def body_of(request: Request, settings: TaxiiSettings) -> bytes:
    """Return the body. Raises TaxiiFault 413 where it is too large, as soon as that is known; 408 where it
    comes too slowly; 400 where its length is no number, or it is packed.
    """
    most = settings.envelope_bytes
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise TaxiiFault(415, "send the body unpacked: no Content-Encoding is taken")
    told = request.headers.get("content-length")
    if told is not None:
        if not told.isascii() or not told.isdigit() or len(told) > 18:
            raise TaxiiFault(400, "Content-Length is no number")
        if int(told) > most:
            raise _too_large(most)
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(settings.patience_s):
            async for piece in request.stream():
                size += len(piece)
                if size > most:
                    raise _too_large(most)
                pieces.append(piece)
    except TimeoutError as error:
        raise TaxiiFault(408, "the body came too slowly; send it again") from error
    except ClientDisconnect as error:
        raise TaxiiFault(400, "the body did not come whole") from error
    return b"".join(pieces)


def _too_large(most: int) -> TaxiiFault:
    return TaxiiFault(
        413,
        f"the body is larger than {most} bytes, the max_content_length of this API root",
        {"Connection": "close"},
    )
