"""ASGI middleware: the guard in front of any server that speaks as OpenAI or Anthropic, vLLM included."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from stillwatch.guard.answer_seen import GONE
from stillwatch.guard.asgi_types import Application, Receive, Scope, Send, refuse
from stillwatch.guard.call import Call
from stillwatch.guard.callers import Accounts, Addresses, Headers
from stillwatch.guard.decide import Failure, Guard
from stillwatch.guard.decision_id import decision_id
from stillwatch.guard.exchanges import ExchangeLog
from stillwatch.guard.gate import UNDECIDED_METHODS, Gate, Plan, asks_model
from stillwatch.guard.passing import Passing
from stillwatch.guard.refusals import Refusal, Wording, dialect_of, fault
from stillwatch.guard.request import Decision
from stillwatch.guard.request_body import BodyReader, BodyRefused, Bounds, ClientGone

ACCOUNTS, WORDING, BOUNDS = Accounts(), Wording(), Bounds()


class GuardMiddleware:
    """Decides every request that asks a model; the others, websockets and lifespan pass untouched."""

    def __init__(
        self,
        app: Application,
        guard: Guard,
        *,
        failure: Failure,
        accounts: Accounts = ACCOUNTS,
        addresses: Addresses | None = None,
        wording: Wording = WORDING,
        bounds: Bounds = BOUNDS,
        cohort_key: bytes = b"",
        exchanges: ExchangeLog | None = None,
        ja4_header: str = "",
        observe: Callable[[Decision], None] | None = None,
    ) -> None:
        """failure: what to do where the guard itself fails; it has no default on purpose. cohort_key: of the
        cohorts that the server is told. ja4_header: the header in which a proxy of the provider's own writes
        a client's JA4. observe: called with each decision.
        """
        self.app = app
        self._gate = Gate(
            guard,
            "asgi",
            failure,
            accounts,
            addresses or Addresses(),
            wording,
            cohort_key,
            exchanges,
            ja4_header.lower().encode(),
            observe,
        )
        self._reader = BodyReader(bounds)

    @property
    def faults(self) -> int:
        """Requests at which the guard itself failed."""
        return self._gate.faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        if scope["type"] != "http" or scope["method"] in UNDECIDED_METHODS or not asks_model(scope["path"]):
            await self.app(scope, receive, send)
            return
        headers: Headers = scope["headers"]
        path, peer = scope["path"], scope.get("client")
        began = self._gate.guard.clock()
        call = Call(path, peer[0] if peer else "", headers, dialect_of(path), began, time.perf_counter())
        try:
            data = await self._reader.read(receive, headers)
        except BodyRefused as refused_body:
            await self._refuse(call, fault(refused_body.fault, call.dialect, decision_id(call.began)), send)
            return
        except ClientGone:
            return
        plan = self._gate.planned(call, data)
        if plan.refusal is not None:
            await self._refuse(call, plan.refusal, send)
        elif not await self._delayed(call, plan, receive):
            await self._pass(scope, call, plan, receive, send)

    async def _delayed(self, call: Call, plan: Plan, receive: Receive) -> bool:
        """Hold the request back as decided; True if the client went meanwhile."""
        if plan.decision is None or not plan.decision.delay_ms:
            return False
        try:
            async with asyncio.timeout(plan.decision.delay_ms / 1000):
                await receive()  # after the whole body, a server says nothing but that the client went
        except TimeoutError:
            return False
        self._gate.settle(plan.decision, 0)
        self._gate.log(call, GONE, {})
        return True

    async def _pass(self, scope: Scope, call: Call, plan: Plan, receive: Receive, send: Send) -> None:
        passing = Passing(plan.body, receive, send)
        scope = self._scope(scope, call, plan)
        plan.body = b""
        self._gate.let_go(call)
        if self._gate.exchanges is None and not plan.reserved:
            await self.app(scope, passing.receive, send)
            return
        try:
            await self.app(scope, passing.receive, passing.send)
        finally:
            self._gate.end(call, plan, passing.seen)

    def _scope(self, scope: Scope, call: Call, plan: Plan) -> Scope:
        """The scope for the server: the very same, unless a header has to be added, taken out or changed."""
        out, told = self._gate.told(call, plan)
        if not told and not out:
            return scope
        kept = [(name, value) for name, value in call.headers if name not in out]
        return {**scope, "headers": [*kept, *told]}

    async def _refuse(self, call: Call, refusal: Refusal, send: Send) -> None:
        self._gate.log(call, refusal.status, {})
        await refuse(send, refusal)
