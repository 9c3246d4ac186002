"""The log over HTTP: checkpoint, proofs, entries, cosignatures."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from stillwatch.errors import IntelError
from stillwatch.intel.hub import log
from stillwatch.intel.hub.answering import body_of, for_members, number, told
from stillwatch.intel.hub.hub import Hub
from stillwatch.intel.hub.notes import COSIGNER, Verifier, read_note
from stillwatch.intel.hub.tables import CheckpointRow, CosignatureRow, KeyRow
from stillwatch.intel.member import Member

ENTRIES = 200
"""Entries in an answer that asks for no number."""
TWO_LOGS = (
    "This hub's key signed it, and the log here is another: two hubs run with one key, or this one was "
    "restored from an old copy."
)


def log_routes(hub: Hub) -> list[Route]:
    """Return the routes below /hub/log/."""

    async def checkpoint(_request: Request, _member: Member) -> Response:
        return PlainTextResponse((await run_in_threadpool(hub.checkpoint)).written())

    async def inclusion(request: Request, _member: Member) -> Response:
        index, size = number(request, "index"), number(request, "size")

        def read() -> Sequence[bytes]:
            with hub.database.reading() as session:
                return log.inclusion(session, index, size)

        return JSONResponse({"index": index, "size": size, "path": _written(await run_in_threadpool(read))})

    async def consistency(request: Request, _member: Member) -> Response:
        old, size = number(request, "from"), number(request, "to")

        def read() -> Sequence[bytes]:
            with hub.database.reading() as session:
                return log.consistency(session, old, size)

        return JSONResponse({"from": old, "to": size, "path": _written(await run_in_threadpool(read))})

    async def entries(request: Request, member: Member) -> Response:
        start, count = number(request, "start", 0), number(request, "count", ENTRIES)
        mine = number(request, "mine", 0)

        def read() -> list[log.Entry]:
            with hub.database.reading() as session:
                take = log.concerning if mine else log.entries
                return take(session, start, count, member)

        return JSONResponse({"entries": [_as_document(one) for one in await run_in_threadpool(read)]})

    async def cosign(request: Request, member: Member) -> Response:
        data = await body_of(request)
        return await run_in_threadpool(_cosign, hub, member, data)

    async def cosigned(_request: Request, _member: Member) -> Response:
        def read() -> list[dict[str, str]]:
            with hub.database.reading() as session:
                return newest_cosigned(session)

        return JSONResponse({"cosigned": await run_in_threadpool(read)})

    return [
        Route("/hub/log/checkpoint", for_members(checkpoint), methods=["GET"]),
        Route("/hub/log/proof/inclusion", for_members(inclusion), methods=["GET"]),
        Route("/hub/log/proof/consistency", for_members(consistency), methods=["GET"]),
        Route("/hub/log/entries", for_members(entries), methods=["GET"]),
        Route("/hub/log/cosign", for_members(cosign), methods=["POST"]),
        Route("/hub/log/cosigned", for_members(cosigned), methods=["GET"]),
    ]


def newest_cosigned(session: Session) -> list[dict[str, str]]:
    """Return the newest checkpoint that each member cosigned, with the hub's signature and the member's."""
    newest = (
        sa.select(CosignatureRow.member, sa.func.max(CosignatureRow.size).label("size"))
        .group_by(CosignatureRow.member)
        .subquery()
    )
    rows = session.execute(
        sa.select(CosignatureRow.member, CosignatureRow.line, CheckpointRow.note)
        .join(newest, (newest.c.member == CosignatureRow.member) & (newest.c.size == CosignatureRow.size))
        .join(CheckpointRow, CheckpointRow.size == CosignatureRow.size)
        .order_by(CosignatureRow.member)
    )
    return [
        {
            "member": row.member,
            "note": read_note(row.note.encode(), "store").with_line((row.member, bytes(row.line))).written(),
        }
        for row in rows
    ]


def _cosign(hub: Hub, member: Member, data: bytes) -> Response:
    """Keep a member's cosignature of a checkpoint that this hub signed."""
    note = read_note(data, "body")
    size = note.checkpoint.size
    with hub.database.writing() as session:
        found = log.checkpoint_at(session, size)
        if found is None or found.checkpoint != note.checkpoint:
            forked = note.signed_by(hub.verifier)
            return told(409, "This hub has no such checkpoint.", TWO_LOGS if forked else f"At size {size}.")
        key = session.scalar(sa.select(KeyRow).where(KeyRow.member == member.name, KeyRow.ended.is_(None)))
        verifier = Verifier(member.name, COSIGNER, bytes(key.public)) if key else None
        time = note.cosigned_by(verifier) if verifier else None
        if key is None or verifier is None or time is None:
            raise IntelError(
                "no line under the checkpoint is your cosignature",
                where="body",
                do="cosign with the key that this hub knows of you",
            )
        if session.get(CosignatureRow, (size, member.name)) is None:
            line = next(line for name, line in note.lines if name == member.name and line[:4] == verifier.id)
            session.add(
                CosignatureRow(size=size, member=member.name, key=key.id, line=line, time=float(time))
            )
    return JSONResponse({"size": size, "cosigned": True})


def _as_document(one: log.Entry) -> dict[str, object]:
    return {"index": one.index, "hash": base64.b64encode(one.hash).decode(), "content": one.content}


def _written(path: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(step).decode() for step in path]
