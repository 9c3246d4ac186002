"""ASGI middleware: the guard in front of any server that speaks as OpenAI or Anthropic, vLLM included."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stillwatch.asking_paths import asks
from stillwatch.guard import bodies, rewriting
from stillwatch.guard.asgi_call import Call
from stillwatch.guard.asgi_types import Application, Receive, Scope, Send, refuse
from stillwatch.guard.callers import Accounts, Addresses, Headers
from stillwatch.guard.decide import Failure, Guard
from stillwatch.guard.decision_id import decision_id
from stillwatch.guard.exchanges import ExchangeLog
from stillwatch.guard.passing import GONE, Passing
from stillwatch.guard.refusals import (
    UNAVAILABLE,
    UNREADABLE,
    Refusal,
    Wording,
    dialect_of,
    fault,
    refused,
)
from stillwatch.guard.request import Answer, Decision, Request
from stillwatch.guard.request_body import BodyReader, BodyRefused, Bounds, ClientGone
from stillwatch.response.known import Known
from stillwatch.response.ladder import Step
from stillwatch.response.limits import NAMED, OPERATOR, HeldBack, cleared

UNDECIDED_METHODS = ("GET", "HEAD", "OPTIONS")
"""Methods by which no model is asked."""
PATH_END = 200
"""Characters of a path's end that are looked at; what stands before them names no endpoint."""
LEFT_OUT = frozenset((b"content-length", b"transfer-encoding", b"content-md5", b"digest", b"content-digest"))
"""Headers that tell of the bytes of a body; of a changed one they would be false."""


def asks_model(path: str) -> bool:
    """Whether a path of a request asks a model for text. A client chooses what stands before its end, so
    neither its length nor a mark in it may hide the end.
    """
    return asks("/" + path[-PATH_END:].replace("?", "").replace("#", "").replace("%", ""))


@dataclass(slots=True)
class Plan:
    """What is done with a request."""

    refusal: Refusal | None
    """What the client gets without a model; None where one is asked."""
    body: bytes = b""
    """What the server gets."""
    decision: Decision | None = None
    """The decision; None where there is none, or it is settled already."""


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
        self.faults = 0
        """Requests at which the guard itself failed."""
        self._guard, self._failure = guard, failure
        self._accounts, self._addresses = accounts, addresses or Addresses()
        self._wording, self._cohort_key = wording, cohort_key
        self._reader = BodyReader(bounds)
        self._exchanges, self._ja4_header = exchanges, ja4_header.lower().encode()
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry."""
        if scope["type"] != "http" or scope["method"] in UNDECIDED_METHODS or not asks_model(scope["path"]):
            await self.app(scope, receive, send)
            return
        headers: Headers = scope["headers"]
        call = Call(scope, headers, dialect_of(scope["path"]), self._guard.clock(), time.perf_counter())
        try:
            data = await self._reader.read(receive, headers)
        except BodyRefused as refused_body:
            await self._refuse(call, fault(refused_body.fault, call.dialect, decision_id(call.began)), send)
            return
        except ClientGone:
            return
        plan = self._planned(call, data)
        if plan.refusal is not None:
            await self._refuse(call, plan.refusal, send)
        elif not await self._delayed(call, plan, receive):
            await self._pass(call, plan, receive, send)

    def _planned(self, call: Call, data: bytes) -> Plan:
        """Decide. A fault of the guard is answered as its owner chose, and counted."""
        try:
            return self._plan(call, data)
        except Exception:
            self.faults += 1
            if self._failure is Failure.OPEN:
                return Plan(None, data)
            return Plan(fault(UNAVAILABLE, call.dialect, decision_id(call.began)))

    def _plan(self, call: Call, data: bytes) -> Plan:
        body = call.body = bodies.read(data)
        call.account = self._account(call.headers, body.facts.model)
        request = Request(call.account, body.facts, surface="asgi")
        decision = self._guard.decide(request)
        call.decision_id = decision.id
        try:
            return self._carried_out(call, body, request, decision)
        except BaseException:  # what was reserved must not be lost to the campaign's other accounts
            self._settle(decision, 0)
            raise

    def _carried_out(self, call: Call, body: bodies.Body, request: Request, decision: Decision) -> Plan:
        if self._observe is not None:
            self._observe(decision)
        if not decision.allowed:
            return Plan(refused(decision, call.dialect, self._wording))
        if not decision.campaign:
            return Plan(None, body.data, decision)
        handed = rewriting.handed_on(body, decision)
        if handed is not None:
            return Plan(None, handed, decision)
        if not self._may_be_refused(call, decision):
            return Plan(None, body.data, decision)
        done = self._guard.unread(request, decision)
        if done.allowed:
            return Plan(None, body.data, done)
        if done.answer is Answer.UNAVAILABLE:
            return Plan(refused(done, call.dialect, self._wording))
        return Plan(fault(UNREADABLE, call.dialect, done.id))

    def _may_be_refused(self, call: Call, decision: Decision) -> bool:
        """Whether a body that cannot be read is refused: only that of an account about which a step may be
        taken, and only while some rule takes one. The server might read it after all, and then it would be a
        way round every rule that looks at what is asked for.
        """
        if decision.action.step is not Step.OBSERVE:
            return True
        if not self._guard.policy().acts:
            return False
        if decision.stale and self._guard.failure is Failure.OPEN:
            return False
        known = self._guard.state.known(call.account, "", self._guard.clock())
        return known is not None and _reachable(known)

    def _account(self, headers: Headers, model: str) -> str:
        names = self._accounts.named(headers)
        if len(names) < 2:
            return names[0] if names else ""
        now = self._guard.clock()
        known = [(name, found) for name in names if (found := self._guard.state.known(name, model, now))]
        return next((name for name, found in known if _reachable(found)), known[0][0] if known else names[0])

    async def _delayed(self, call: Call, plan: Plan, receive: Receive) -> bool:
        """Hold the request back as decided; True if the client went meanwhile."""
        if plan.decision is None or not plan.decision.delay_ms:
            return False
        try:
            async with asyncio.timeout(plan.decision.delay_ms / 1000):
                await receive()  # after the whole body, a server says nothing but that the client went
        except TimeoutError:
            return False
        except BaseException:
            self._settle(plan.decision, 0)
            raise
        self._settle(plan.decision, 0)
        self._log(call, GONE, {})
        return True

    async def _pass(self, call: Call, plan: Plan, receive: Receive, send: Send) -> None:
        counted = plan.decision is not None and plan.decision.campaign
        passing = Passing(plan.body, receive, send)
        if self._exchanges is None and not counted:
            await self.app(self._scope(call, plan), passing.receive, send)
            return
        try:
            await self.app(self._scope(call, plan), passing.receive, passing.send)
        finally:
            self._end(call, plan, passing)

    def _scope(self, call: Call, plan: Plan) -> Scope:
        """The scope for the server: the very same, unless a header has to be added, taken out or changed."""
        told = rewriting.headers(plan.decision, self._cohort_key) if plan.decision else []
        changed = call.body is not None and plan.body is not call.body.data
        if not told and not changed and not any(n.startswith(rewriting.OURS) for n, _ in call.headers):
            return call.scope
        headers = [
            (name, value)
            for name, value in call.headers
            if not name.startswith(rewriting.OURS) and not (changed and name in LEFT_OUT)
        ]
        if changed:
            headers.append((b"content-length", str(len(plan.body)).encode()))
        return {**call.scope, "headers": [*headers, *told]}

    def _end(self, call: Call, plan: Plan, passing: Passing) -> None:
        """Settle the budgets and write the exchange."""
        self.faults += passing.failed
        if plan.decision is not None and call.body is not None:
            self._settle(plan.decision, passing.used(plan.decision, call.body.facts))
        self._log(call, passing.outcome(), passing.usage.document() if passing.usage else {})

    def _settle(self, decision: Decision, used: int) -> None:
        try:
            self._guard.settle(decision, used)
        except Exception:
            self.faults += 1

    async def _refuse(self, call: Call, refusal: Refusal, send: Send) -> None:
        self._log(call, refusal.status, {})
        await refuse(send, refusal)

    def _log(self, call: Call, status: int, response: dict[str, Any]) -> None:
        """Write the exchange. A fault in it is counted, and the client does not notice."""
        if self._exchanges is None:
            return
        try:
            peer = call.scope.get("client")
            address = self._addresses.of(peer[0] if peer else "", call.headers)
            call.account = call.account or self._account(call.headers, "")
            self._exchanges.write(
                call.exchange(status, response, address=address, ja4_header=self._ja4_header)
            )
        except Exception:
            self.faults += 1


def _reachable(known: Known) -> bool:
    """Whether any step may be taken about an account."""
    return known.account.tier == NAMED and known.campaign.role == OPERATOR and cleared(known) is HeldBack.NOT
