"""Envoy's external processing (ext_proc, gRPC): the guard as a filter of the gateway."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from stillwatch.errors import MissingExtra
from stillwatch.guard import envoy_messages as told
from stillwatch.guard.answer_seen import GONE, AnswerSeen
from stillwatch.guard.call import Call
from stillwatch.guard.callers import Headers
from stillwatch.guard.decision_id import decision_id
from stillwatch.guard.gate import UNDECIDED_METHODS, Gate, Plan, asks_model
from stillwatch.guard.refusals import Refusal, dialect_of, fault
from stillwatch.guard.request_body import BodyRefused, Bounds
from stillwatch.guard.rewriting import OURS

try:
    from grpc import StatusCode
    from grpc.aio import EOF
except ImportError as error:
    raise MissingExtra(
        "Envoy's adapter needs grpcio and xds-protos", do="pip install 'stillwatch[guard,envoy]'"
    ) from error


class Processor:
    """Answers Envoy: one stream of messages for each request.

    A stream ends as soon as nothing of its request is of use any more; Envoy goes on by itself then.
    """

    def __init__(self, gate: Gate, bounds: Bounds) -> None:
        self._gate, self._bounds = gate, bounds
        self._answers: set[asyncio.Task[Any]] = set()
        self._ending = False
        self.misused = 0
        """Requests that Envoy sent in a way in which they cannot be decided."""

    async def Process(self, _: object, context: Any) -> None:  # noqa: N802 - gRPC's name of the call
        """The call of ext_proc: reads and writes the messages of one request."""
        try:
            await self._process(context)
        except Exception:
            if context.done():
                return  # the client went, or Envoy did
            self._gate.faults += 1
            await context.abort(StatusCode.INTERNAL, "the guard failed")

    async def _process(self, context: Any) -> None:
        first = await context.read()
        if first is EOF:
            return
        headers, own = told.headers_of(first.request_headers)
        path = told.path_of(own)
        ours = {name for name, _ in headers if name.startswith(OURS)}
        asks = own.get(b":method", b"").decode("latin-1") not in UNDECIDED_METHODS and asks_model(path)
        if first.HasField("request_headers") and not asks:
            await context.write(told.goes_on(in_body=False, out=ours))
            return
        call = self._call(path, told.peer_of(first), headers)
        if not told.reads_whole_bodies(first):
            await self._misused(call, context)
            return
        try:
            self._bounds.check(headers)
            data: bytes | None = b""
            in_body = False
            if not first.request_headers.end_of_stream:
                await context.write(told.goes_on(in_body=False, out=ours))
                del first
                data, in_body = await self._body(call, context), True
        except BodyRefused as refused:
            await self._refuse(call, fault(refused.fault, call.dialect, decision_id(call.began)), context)
            return
        if data is not None:
            plan = self._gate.planned(call, data)
            del data
            await self._decided(call, plan, context, in_body=in_body)

    def end_answers(self) -> None:
        """Let go of the answers that are passing; they go on without the guard."""
        self._ending = True
        for task in tuple(self._answers):
            task.cancel()

    def _call(self, path: str, peer: str, headers: Headers) -> Call:
        began = self._gate.guard.clock()
        return Call(path, peer, headers, dialect_of(path), began, time.perf_counter())

    async def _misused(self, call: Call, context: Any) -> None:
        """Envoy's settings do not let the guard decide: that is a fault, answered as its owner chose."""
        self.misused += 1
        plan = self._gate.failed(call, b"")
        if plan.refusal is not None:
            await self._refuse(call, plan.refusal, context)

    async def _body(self, call: Call, context: Any) -> bytes | None:
        """The body; None where none comes: the client went, or Envoy itself answered, as with 413 for a body
        beyond its buffer. Raises BodyRefused.
        """
        message = await context.read()
        if message is EOF:
            self._gate.log(call, GONE, {})
            return None
        if message.HasField("response_headers"):
            await context.write(told.ANSWER)
            self._gate.log(call, told.status_of(message.response_headers), {})
            return None
        if message.HasField("request_trailers"):  # a body of no bytes, and then trailers
            await context.write(told.ASKED_TRAILERS)
            return b""
        data = message.request_body.body
        self._bounds.measure(len(data))
        return bytes(data)

    async def _decided(self, call: Call, plan: Plan, context: Any, *, in_body: bool) -> None:
        if plan.refusal is not None:
            await self._refuse(call, plan.refusal, context)
            return
        seen = AnswerSeen()
        try:
            if plan.decision is not None and plan.decision.delay_ms:
                await self._delay(plan.decision.delay_ms / 1000, context)
            out, headers = self._gate.told(call, plan)
            body = plan.body if plan.changed(call) else None
            await context.write(told.goes_on(in_body=in_body, out=out, told=headers, body=body))
            body, plan.body = None, b""
            self._gate.let_go(call)
            if self._gate.exchanges is not None or plan.reserved:
                await self._answer(context, seen)
        finally:
            if self._gate.exchanges is not None or plan.reserved:
                self._gate.end(call, plan, seen)

    async def _delay(self, seconds: float, context: Any) -> None:
        await context.write(told.waits(seconds))
        await asyncio.sleep(seconds)

    async def _answer(self, context: Any, seen: AnswerSeen) -> None:
        """Let an answer pass, piece by piece, and look at each piece afterwards."""
        task = asyncio.current_task()
        assert task is not None
        self._answers.add(task)
        try:
            await self._pass(context, seen)
        except asyncio.CancelledError:
            seen.gone = not seen.complete
            if not self._ending:
                raise
            task.uncancel()
        finally:
            self._answers.discard(task)

    async def _pass(self, context: Any, seen: AnswerSeen) -> None:
        while not self._ending and not seen.complete:
            message = await context.read()
            if message is EOF:
                seen.gone = not seen.complete
                return
            kind = message.WhichOneof("request")
            if kind == "response_body":
                await context.write(told.PIECE)
                seen.feed(message.response_body.body)
                seen.complete = message.response_body.end_of_stream
            elif kind == "response_headers":
                await context.write(told.ANSWER)
                seen.begins(told.status_of(message.response_headers), told.kind_of(message.response_headers))
                seen.complete = message.response_headers.end_of_stream
            elif kind == "response_trailers":
                await context.write(told.ANSWER_TRAILERS)
                seen.complete = True
            elif kind == "request_trailers":
                await context.write(told.ASKED_TRAILERS)

    async def _refuse(self, call: Call, refusal: Refusal, context: Any) -> None:
        try:
            await context.write(told.refuses(refusal))
        finally:
            self._gate.log(call, refusal.status, {})
