"""An endpoint at a provider: another provider's requests are answered by HTTP instead of by files."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stillwatch.cases.database import Database
from stillwatch.errors import CaseError, IntelError
from stillwatch.intel.member import Channel, Member
from stillwatch.intel.private.overlap.agreement import Agreement
from stillwatch.intel.private.overlap.answering import answer
from stillwatch.intel.private.overlap.messages import ELEMENT, LARGEST_HEADER, size_class
from stillwatch.intel.private.overlap.psi_package import psi
from stillwatch.intel.private.token import Token
from stillwatch.intel.witness import Witness, unwitnessed

Who = Callable[[Request], Awaitable[Member | None]]
AgreementOf = Callable[[str, str], Agreement | None]
"""The agreement on an investigation, by its reference and the name of who asks."""
TokensOf = Callable[[Agreement], Sequence[Token]]
MEDIA = "application/vnd.stillwatch.overlap"
PATIENCE_S = 60.0


def overlap_app(
    database: Database,
    agreement_of: AgreementOf,
    tokens_of: TokensOf,
    who: Who,
    witness: Witness = unwitnessed,
    *,
    clock: Callable[[], float] = time.time,
) -> Starlette:
    """The application: POST /v1/overlaps/{investigation}. One request is worked on at a time. Raises
    MissingExtra without the package `openmined-psi`.
    """
    psi()
    working = asyncio.Lock()

    async def answered(request: Request) -> Response:
        member = await who(request)
        if member is None:
            return _told(401, "nobody is known by these credentials", "sign in as a member")
        if Channel.RESPONSE not in member.channels:
            return _told(403, "your agreement does not open work on an incident to you", "ask the group")
        agreement = agreement_of(str(request.path_params["investigation"])[:64], member.name)
        if agreement is None or agreement.asks != member.name:
            # The same words whether it is not known or another's: nobody learns who investigates what.
            return _told(404, "there is no such agreement with you", "agree on it first")
        most = size_class(agreement.most_asked) * ELEMENT + 2 * LARGEST_HEADER
        try:
            body = await _body(request, most)
        except TimeoutError:
            return _told(408, "the request came too slowly", "send it again")
        if body is None:
            return _told(413, f"a request has at most {most:,} bytes", "ask for fewer tokens")
        if working.locked():
            return _told(503, "another request is worked on", "try again in a minute", {"retry-after": "60"})
        async with working:
            return await _answer(agreement, body, member)

    async def _answer(agreement: Agreement, body: bytes, member: Member) -> Response:
        def work() -> bytes:
            held = tokens_of(agreement)
            return answer(agreement, held, body, database, clock(), member=member, witness=witness).answer

        try:
            return Response(await run_in_threadpool(work), media_type=MEDIA)
        except IntelError as error:
            return _told(409 if "used up" in error.what else 400, error.what, error.do)
        except CaseError:
            return _told(503, "the database cannot be used now", "try again later", {"retry-after": "10"})

    return Starlette(routes=[Route("/v1/overlaps/{investigation}", answered, methods=["POST"])])


def _told(status: int, what: str, do: str, headers: dict[str, str] | None = None) -> Response:
    given = {"www-authenticate": "Basic"} if status == 401 else headers
    return JSONResponse({"error": what, "do": do}, status, given)


async def _body(request: Request, most: int) -> bytes | None:
    pieces: list[bytes] = []
    size = 0
    async with asyncio.timeout(PATIENCE_S):
        async for piece in request.stream():
            size += len(piece)
            if size > most:
                return None
            pieces.append(piece)
    return b"".join(pieces)
