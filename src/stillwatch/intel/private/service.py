"""The look-up service: it answers blinded inputs under the key of an epoch, within each member's budget."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stillwatch.cases.database import Database
from stillwatch.errors import CaseError, IntelError
from stillwatch.intel.member import Channel, Member
from stillwatch.intel.private import bodies
from stillwatch.intel.private.budget import Charge, charge, left_of
from stillwatch.intel.private.epoch import Epoch
from stillwatch.intel.private.epoch_keys import EpochKeys
from stillwatch.intel.private.settings import LookupSettings
from stillwatch.intel.private.tables import Alarm
from stillwatch.intel.private.voprf_package import ristretto
from stillwatch.intel.witness import Witness, unwitnessed

Who = Callable[[Request], Awaitable[Member | None]]
Clock = Callable[[], float]
PATIENCE_S = 15.0
"""Seconds in which a body must have come."""


@dataclass(frozen=True)
class Service:
    """What the handlers of one application share."""

    database: Database
    """Where keys and spending are."""
    settings: LookupSettings
    """What members may ask."""
    keys: EpochKeys
    """The keys of the epochs."""
    who: Who
    """Who asks; None: nobody that is known."""
    witness: Witness
    """What is told of each request."""
    clock: Clock
    """Seconds since 1970."""


class Refused(Exception):
    """An answer that is no result."""

    def __init__(self, status: int, what: str, do: str, **facts: int | str) -> None:
        super().__init__(what)
        self.status, self.document = status, {"error": what, "do": do, **facts}


def lookup_app(
    database: Database,
    settings: LookupSettings,
    who: Who,
    witness: Witness = unwitnessed,
    *,
    clock: Clock = time.time,
) -> Starlette:
    """The application; a hub mounts it below /private. Raises SettingError for a key file that is not usable,
    MissingExtra without the package `voprf`.
    """
    ristretto()
    database.make_file()
    service = Service(database, settings, EpochKeys(database, settings, witness), who, witness, clock)
    service.keys.keep(clock())

    def route(path: str, answer: Answer, method: str) -> Route:
        return Route(path, _answering(service, answer), methods=[method])

    return Starlette(
        routes=[
            route("/v1/keys", _keys, "GET"),
            route("/v1/budget", _budget, "GET"),
            route("/v1/alarms", _alarms, "GET"),
            route("/v1/lookups/{epoch}", _lookups, "POST"),
        ]
    )


Answer = Callable[[Service, Member, Request], Awaitable[Response]]


def _answering(service: Service, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def answered(request: Request) -> Response:
        try:
            member = await service.who(request)
            if member is None:
                raise Refused(401, "nobody is known by these credentials", "sign in as a member")
            return await answer(service, member, request)
        except Refused as refused:
            return JSONResponse(refused.document, refused.status, _headers(refused))
        except IntelError as error:
            return JSONResponse({"error": error.what, "do": error.do, "where": error.where}, 400)
        except CaseError:
            # What the database said is for whoever runs the service, not for a member.
            told = {"error": "the service cannot use its database now", "do": "try again later"}
            return JSONResponse(told, 503, {"retry-after": "10"})

    return answered


def _headers(refused: Refused) -> dict[str, str]:
    return {"www-authenticate": "Basic"} if refused.status == 401 else {}


async def _keys(service: Service, _member: Member, _request: Request) -> Response:
    found = await run_in_threadpool(service.keys.published, service.clock())
    signer = service.keys.signer.hex()
    return JSONResponse(
        {**found.document(), "signer": signer, "largest_batch": service.settings.largest_batch}
    )


async def _budget(service: Service, member: Member, _request: Request) -> Response:
    now = service.clock()

    def read() -> list[dict[str, int | str]]:
        with service.database.reading() as session:
            return [
                {"epoch": e.name, "left": left_of(session, member, e, service.settings)}
                for e in service.keys.answered(now)
            ]

    left = await run_in_threadpool(read)
    return JSONResponse({"budget": service.settings.budget, "epochs": left})


async def _alarms(service: Service, member: Member, _request: Request) -> Response:
    """A member's own alarms; all of them for who runs the group."""

    def read() -> list[dict[str, int | float | str]]:
        asked = sa.select(Alarm).order_by(Alarm.at.desc()).limit(1_000)
        if not member.coordinator:
            asked = asked.where(Alarm.member == member.identity)
        with service.database.reading() as session:
            return [
                {"member": a.member, "epoch": a.epoch, "alarm": a.kind, "at": a.at, "spent": a.spent}
                for a in session.scalars(asked)
            ]

    return JSONResponse({"alarms": await run_in_threadpool(read)})


async def _lookups(service: Service, member: Member, request: Request) -> Response:
    if Channel.INFORMATION not in member.channels:
        raise Refused(403, "your agreement does not open look-ups to you", "ask who runs the group")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (bodies.BINARY, bodies.JSON):
        raise Refused(415, "a batch has another form", f"send {bodies.BINARY} or {bodies.JSON}")
    body = await _body(request, bodies.largest_body(kind, service.settings.largest_batch))
    name = request.path_params["epoch"]
    epoch = Epoch.named(name)
    evaluated, cost = await run_in_threadpool(_evaluated, service, member, epoch, body, kind)
    headers = {bodies.LEFT: str(cost.left), "cache-control": "no-store"}
    return Response(bodies.answer_body(evaluated, kind, cost.left), media_type=kind, headers=headers)


def _evaluated(
    service: Service, member: Member, epoch: Epoch, body: bytes, kind: str
) -> tuple[bytes, Charge]:
    now = service.clock()
    elements = bodies.inputs_of(body, kind, service.settings.largest_batch)
    evaluator = service.keys.evaluator(epoch, now)
    try:
        blinded = [ristretto().BlindedInput.deserialize(element) for element in elements]
    except ValueError:
        raise Refused(
            400, "a blinded input is no element of the group", "blind it as RFC 9497 says"
        ) from None
    # The cost is taken before the work: who is cut off has paid, and asks the same batch again for nothing.
    with service.database.writing() as session:
        digest = hashlib.sha256(b"".join(elements)).digest()
        cost = charge(session, member, epoch, digest, len(elements), now, service.settings, service.witness)
    if not cost.granted:
        raise Refused(
            429,
            f"the budget of this epoch has {cost.left:,} inputs left, not {len(elements):,}",
            "wait for the next epoch, or ask for fewer",
            left=cost.left,
        )
    answered: bytes = evaluator.evaluate_batch(blinded).serialize()
    return answered, cost


async def _body(request: Request, most: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(PATIENCE_S):
            async for piece in request.stream():
                size += len(piece)
                if size > most:
                    raise Refused(413, f"a batch has at most {most:,} bytes", "send it in parts")
                pieces.append(piece)
    except TimeoutError:
        raise Refused(408, "the batch came too slowly", "send it again") from None
    return b"".join(pieces)
