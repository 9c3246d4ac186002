"""The group over HTTP: members and their keys, agreements, one's own key, health and figures."""

from __future__ import annotations

import base64
import binascii
import json
import time
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stillwatch.errors import IntelError
from stillwatch.hub_settings import HubSettings
from stillwatch.intel.hub import agreements, log, members
from stillwatch.intel.hub.agreements import Agreement
from stillwatch.intel.hub.answering import fields_of, for_members, told
from stillwatch.intel.hub.door import signed
from stillwatch.intel.hub.hub import Hub
from stillwatch.intel.hub.keys import public_text, read_public
from stillwatch.intel.hub.metrics import KIND, HubMetrics
from stillwatch.intel.hub.tables import CosignatureRow
from stillwatch.intel.member import Member

ROTATION = b"stillwatch key v1\n"
"""Before what a new key signs to show that its owner holds it."""


def group_routes(hub: Hub, settings: HubSettings, metrics: HubMetrics) -> list[Route]:
    """Return the routes below /hub/ that are not of the log."""
    return [*_member_routes(hub, settings), *_agreement_routes(hub), *_watching_routes(hub, metrics)]


def _member_routes(hub: Hub, settings: HubSettings) -> list[Route]:
    async def about(_request: Request, member: Member) -> Response:
        return JSONResponse(
            {
                "title": settings.title,
                "log": hub.verifier.written(),
                "time": time.time(),
                "member": {
                    "name": member.name,
                    "identity": member.identity,
                    "clearance": member.clearance.label,
                    "channels": sorted(member.channels),
                    "agreements": sorted(member.agreements),
                    "writes": member.writes,
                    "coordinator": member.coordinator,
                },
            }
        )

    async def directory(_request: Request, _member: Member) -> Response:
        def read() -> list[dict[str, Any]]:
            with hub.database.reading() as session:
                return [_public(one) for one in members.members(session)]

        return JSONResponse({"members": await run_in_threadpool(read)})

    async def rotate(request: Request, member: Member) -> Response:
        fields = await fields_of(request, "public", "proof")
        public, proof = read_public(fields["public"], "body, public"), _base64(fields["proof"])
        if not signed(request):
            return told(403, "A token changes no key.", "Sign the request with the key that is replaced.")
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(proof, rotation_text(member.name, public))
        except (InvalidSignature, ValueError) as error:
            raise IntelError(
                "the new key did not sign", where="body, proof", do="use `stillwatch hub key --rotate`"
            ) from error

        def write() -> int:
            with hub.database.writing() as session:
                return members.rotate(session, member.name, public)

        return JSONResponse({"rotated": True, "tokens_ended": await run_in_threadpool(write)})

    return [
        Route("/hub/about", for_members(about), methods=["GET"]),
        Route("/hub/members", for_members(directory), methods=["GET"]),
        Route("/hub/key", for_members(rotate), methods=["POST"]),
    ]


def _agreement_routes(hub: Hub) -> list[Route]:
    async def listed(_request: Request, member: Member) -> Response:
        def read() -> list[Agreement]:
            with hub.database.reading() as session:
                return agreements.agreements(session, None if member.coordinator else member.name)

        found = await run_in_threadpool(read)
        return JSONResponse({"agreements": [as_document(one) for one in found]})

    async def accept(request: Request, member: Member) -> Response:
        signature = _base64((await fields_of(request, "signature"))["signature"])
        digest = request.path_params["digest"]

        def write() -> None:
            with hub.database.writing() as session:
                agreements.accept(session, digest, member.name, signature)

        await run_in_threadpool(write)
        return JSONResponse({"digest": digest, "accepted": True})

    return [
        Route("/hub/agreements", for_members(listed), methods=["GET"]),
        Route("/hub/agreements/{digest:str}/accept", for_members(accept), methods=["POST"]),
    ]


def _watching_routes(hub: Hub, metrics: HubMetrics) -> list[Route]:
    async def figures(_request: Request, member: Member) -> Response:
        if not member.coordinator:
            return told(403, "These figures are for the coordinator.")

        def read() -> bytes:
            with hub.database.reading() as session:
                present = sum(one.removed is None for one in members.members(session))
                cosigned = session.scalar(sa.select(sa.func.max(CosignatureRow.size))) or 0
                return metrics.text(log.size_of(session), present, cosigned)

        return Response(await run_in_threadpool(read), headers={"content-type": KIND})

    async def health(_request: Request) -> Response:
        def read() -> None:
            with hub.database.reading() as session:
                log.size_of(session)

        await run_in_threadpool(read)
        return JSONResponse({"status": "ok"})

    return [
        Route("/hub/health", health, methods=["GET"]),
        Route("/hub/metrics", for_members(figures), methods=["GET"]),
    ]


def rotation_text(member: str, public: bytes) -> bytes:
    """Return what a new key signs."""
    return ROTATION + f"{member}\n{public_text(public)}\n".encode()


def as_document(agreement: Agreement) -> dict[str, Any]:
    """Return an agreement as its page and its command show it."""
    return {
        **json.loads(agreement.terms.text()),
        "digest": agreement.terms.digest,
        "added": agreement.added,
        "ended": agreement.ended,
        "accepted": list(agreement.accepted),
    }


def _public(one: members.Listed) -> dict[str, Any]:
    return {
        "name": one.name,
        "identity": one.identity,
        "title": one.title,
        "key": public_text(one.public) if one.public else None,
        "coordinator": one.coordinator,
        "removed": one.removed is not None,
    }


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise IntelError("a signature is wanted in Base64", where="body", do="send it so") from error
