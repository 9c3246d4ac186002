"""The ASGI application: who asks, what they accept, and which endpoint answers."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stillwatch.cases.database import Database
from stillwatch.errors import CaseError
from stillwatch.intel.member import Member
from stillwatch.intel.stix.checking import checked
from stillwatch.intel.stix.marking import level_of_object
from stillwatch.intel.taxii.media import TAXII, accepts, is_taxii
from stillwatch.intel.taxii.moment import micros, moment_text
from stillwatch.intel.taxii.server.body import body_of
from stillwatch.intel.taxii.server.deliveries import Delivery, deliveries
from stillwatch.intel.taxii.server.desk import Desk, Listing, manifest_record
from stillwatch.intel.taxii.server.envelope import Check, LevelOf
from stillwatch.intel.taxii.server.fault import TaxiiFault
from stillwatch.intel.taxii.server.members import Belong, seen_here
from stillwatch.intel.taxii.server.rates import Rates
from stillwatch.intel.taxii.server.settings import TaxiiSettings
from stillwatch.intel.witness import Witness, unwitnessed

Who = Callable[[Request], Awaitable[Member | None]]
Answer = Callable[[Request, Member], Awaitable[Response]]
OBJECTS = "/{root}/collections/{collection}/objects"


def taxii_app(
    database: Database,
    settings: TaxiiSettings,
    who: Who,
    witness: Witness = unwitnessed,
    *,
    check: Check | None = None,
    level_of: LevelOf | None = None,
    clock: Callable[[], int] | None = None,
    belong: Belong = seen_here,
) -> Starlette:
    """Return the application; it stands at the root of its server, and its tables are made before.

    who: tells which member asks, None for a stranger. check, level_of: those of `intel.stix` unless others
    are given. clock: microseconds since 1970. belong: tells which identities are members'; those that were
    seen here unless it is given. Raises IntelError where the tables were never made.
    """
    desk = Desk(
        database, settings, witness, check or checked, level_of or level_of_object, clock or _now, belong
    )
    door = _Door(desk, who)
    one = OBJECTS + "/{object}"
    paths: dict[str, dict[str, Answer]] = {
        "/taxii2/": {"GET": door.discovery},
        "/taxii2-ext/deliveries/": {"GET": door.deliveries},
        "/{root}/": {"GET": door.root},
        "/{root}/status/{status}/": {"GET": door.status},
        "/{root}/collections/": {"GET": door.collections},
        "/{root}/collections/{collection}/": {"GET": door.collection},
        "/{root}/collections/{collection}/manifest/": {"GET": door.manifest},
        OBJECTS + "/": {"GET": door.objects, "POST": door.add},
        one + "/": {"GET": door.object, "DELETE": door.delete},
        one + "/versions/": {"GET": door.versions},
    }
    app = Starlette(
        routes=[Route(path, partial(door.answer, by), methods=list(by)) for path, by in paths.items()],
        exception_handlers={HTTPException: _told, Exception: _broken},
    )
    app.router.redirect_slashes = False
    return app


class _Door:
    """Every endpoint, behind the same checks."""

    def __init__(self, desk: Desk, who: Who) -> None:
        self.desk, self.who = desk, who
        self.rates = Rates(desk.settings.requests_a_minute)

    async def answer(self, by: Mapping[str, Answer], request: Request) -> Response:
        """Answer, or say why not."""
        try:
            member = await self.who(request)
            if member is None:
                raise TaxiiFault(401, "say who you are", {"WWW-Authenticate": self.desk.settings.challenge})
            self.rates.count(member.identity)
            if not accepts(",".join(request.headers.getlist("accept"))):
                raise TaxiiFault(406, f"Accept must name {TAXII}")
            return await by["GET" if request.method == "HEAD" else request.method](request, member)
        except TaxiiFault as fault:
            return fault.response()
        except CaseError:
            return TaxiiFault(503, "the store cannot be used now; try again", {"Retry-After": "5"}).response()

    async def discovery(self, request: Request, member: Member) -> Response:
        base = self.desk.settings.url.rstrip("/") or str(request.base_url).rstrip("/")
        return _json(await run_in_threadpool(self.desk.discovery, member, base))

    async def root(self, request: Request, member: Member) -> Response:
        return _json(await run_in_threadpool(self.desk.root, member, request.path_params["root"]))

    async def status(self, request: Request, member: Member) -> Response:
        path = request.path_params
        found = await run_in_threadpool(self.desk.status, member, path["root"], path["status"])
        return Response(found, media_type=TAXII)

    async def collections(self, request: Request, member: Member) -> Response:
        return _json(await run_in_threadpool(self.desk.collections, member, request.path_params["root"]))

    async def collection(self, request: Request, member: Member) -> Response:
        return _json(await run_in_threadpool(self.desk.collection, member, *_place(request)))

    async def manifest(self, request: Request, member: Member) -> Response:
        given = await run_in_threadpool(self.desk.manifest, member, *_place(request), _pairs(request))
        return _listed(given, "objects", [manifest_record(entry) for entry in given.page.entries])

    async def objects(self, request: Request, member: Member) -> Response:
        return _enveloped(
            await run_in_threadpool(self.desk.objects, member, *_place(request), _pairs(request))
        )

    async def add(self, request: Request, member: Member) -> Response:
        if not is_taxii(request.headers.get("content-type", "")):
            raise TaxiiFault(415, f"Content-Type must be {TAXII}")
        place = _place(request)
        await run_in_threadpool(self.desk.writable, member, *place)
        body = await body_of(request, self.desk.settings)
        return _json(await run_in_threadpool(self.desk.add, member, *place, body), 202)

    async def object(self, request: Request, member: Member) -> Response:
        path = (*_place(request), request.path_params["object"], _pairs(request))
        return _enveloped(await run_in_threadpool(self.desk.object, member, *path))

    async def delete(self, request: Request, member: Member) -> Response:
        path = (*_place(request), request.path_params["object"], _pairs(request))
        await run_in_threadpool(self.desk.delete, member, *path)
        return Response(b"", media_type=TAXII)

    async def versions(self, request: Request, member: Member) -> Response:
        path = (*_place(request), request.path_params["object"], _pairs(request))
        given = await run_in_threadpool(self.desk.versions, member, *path)
        newest_first = sorted(given.page.entries, key=lambda entry: -entry.version)
        return _listed(given, "versions", [entry.version_text for entry in newest_first])

    async def deliveries(self, request: Request, member: Member) -> Response:
        """Ours, beside TAXII: who has not fetched a correction yet."""
        after = request.query_params.get("added_after")
        try:
            moment = -1 if after is None else micros(after)
        except ValueError as error:
            raise TaxiiFault(400, f"added_after: {error}") from error

        def asked() -> list[Delivery]:
            with self.desk.database.reading() as session:
                return deliveries(session, member, moment)

        return _json({"objects": [_delivered(one) for one in await run_in_threadpool(asked)]})


def _now() -> int:
    return time.time_ns() // 1_000


def _place(request: Request) -> tuple[str, str]:
    return request.path_params["root"], request.path_params["collection"]


def _pairs(request: Request) -> list[tuple[str, str]]:
    return request.query_params.multi_items()


def _json(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(document), status, headers, TAXII)


def _listed(given: Listing, name: str, told: list[Any]) -> Response:
    """A page of small entries; an empty one is an empty document. `next` is beyond the standard here, which
    gives it to envelopes only, and is what clients look for.
    """
    document: dict[str, Any] = {"more": given.page.more, name: told} if told else {}
    if given.next:
        document["next"] = given.next
    return _json(document, 200, given.headers)


def _enveloped(given: Listing) -> Response:
    """An envelope; contents go as they are kept."""
    if not given.contents:
        return Response(b'{"more":true}' if given.page.more else b"{}", 200, given.headers, TAXII)
    head = orjson.dumps({"more": given.page.more, **({"next": given.next} if given.next else {})})
    body = head[:-1] + b',"objects":[' + b",".join(given.contents) + b"]}"
    return Response(body, 200, given.headers, TAXII)


def _delivered(one: Delivery) -> dict[str, Any]:
    return {
        "id": one.id,
        "collection": one.collection,
        "version": one.version,
        "added": moment_text(one.added),
        "revoked": one.revoked,
        "deleted": one.deleted,
        "reached": one.reached,
        "waiting": [
            {"member": who.identity, "version": who.version, "may_read": who.may_read} for who in one.waiting
        ],
    }


async def _told(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    described = {404: "there is no such path; paths end with a slash", 405: "this path has other methods"}
    headers = getattr(error, "headers", None)
    return TaxiiFault(status, described.get(status, "the request cannot be served"), headers).response()


async def _broken(_: Request, __: Exception) -> Response:
    return TaxiiFault(500, "a fault of the server; nothing of the request was kept").response()
