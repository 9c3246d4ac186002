"""What every adapter that stands in the way of requests does with one: plan it, settle it, log it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stillwatch.asking_paths import asks
from stillwatch.guard import bodies, rewriting
from stillwatch.guard.answer_seen import AnswerSeen
from stillwatch.guard.call import Call
from stillwatch.guard.callers import Accounts, Addresses, Headers
from stillwatch.guard.decide import Failure, Guard
from stillwatch.guard.decision_id import decision_id
from stillwatch.guard.exchanges import ExchangeLog
from stillwatch.guard.refusals import UNAVAILABLE, UNREADABLE, Refusal, Wording, fault, refused
from stillwatch.guard.request import Answer, Decision, Request
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

    @property
    def counted(self) -> bool:
        """Whether the tokens that are used are to be told."""
        return self.decision is not None and bool(self.decision.campaign)

    def changed(self, call: Call) -> bool:
        """Whether the server gets another body than was sent."""
        return call.body is not None and self.body is not call.body.data


@dataclass(slots=True)
class Gate:
    """The guard with all that an adapter was told about requests and refusals."""

    guard: Guard
    """Decides."""
    surface: str
    """The adapter."""
    failure: Failure
    """What to do where the guard itself fails."""
    accounts: Accounts
    """How the account is found."""
    addresses: Addresses
    """How the client's address is found."""
    wording: Wording
    """The provider's own words."""
    cohort_key: bytes = b""
    """Of the cohorts that the server is told."""
    exchanges: ExchangeLog | None = None
    """The guard's own log."""
    ja4_header: bytes = b""
    """The header in which a proxy of the provider's own writes a client's JA4; empty: none."""
    observe: Callable[[Decision], None] | None = None
    """Called with each decision."""
    faults: int = 0
    """Requests at which the guard itself failed."""

    def planned(self, call: Call, data: bytes) -> Plan:
        """Decide. A fault of the guard is answered as its owner chose, and counted."""
        try:
            return self._plan(call, data)
        except Exception:
            return self.failed(call, data)

    def failed(self, call: Call, data: bytes) -> Plan:
        """What is done where the guard cannot tell: as its owner chose, and counted."""
        self.faults += 1
        if self.failure is Failure.OPEN:
            return Plan(None, data)
        return Plan(fault(UNAVAILABLE, call.dialect, decision_id(call.began)))

    def told(self, call: Call, plan: Plan) -> tuple[frozenset[bytes], list[tuple[bytes, bytes]]]:
        """The names of headers that are taken out, and the headers that the server gets besides."""
        told = rewriting.headers(plan.decision, self.cohort_key) if plan.decision else []
        changed = plan.changed(call)
        out = frozenset(
            name
            for name, _ in call.headers
            if name.startswith(rewriting.OURS) or (changed and name in LEFT_OUT)
        )
        if changed:
            told.insert(0, (b"content-length", str(len(plan.body)).encode()))
        return out, told

    def let_go(self, call: Call) -> None:
        """Forget the body of a request that was handed on."""
        call.let_go(logged=self.exchanges is not None)

    def end(self, call: Call, plan: Plan, seen: AnswerSeen) -> None:
        """Settle the budgets and write the exchange."""
        self.faults += seen.failed
        if plan.decision is not None and call.body is not None:
            self.settle(plan.decision, seen.used(plan.decision, call.body.facts))
        self.log(call, seen.outcome(), seen.document())

    def settle(self, decision: Decision, used: int) -> None:
        """Tell the budgets. A fault is counted."""
        try:
            self.guard.settle(decision, used)
        except Exception:
            self.faults += 1

    def log(self, call: Call, status: int, response: dict[str, Any]) -> None:
        """Write the exchange. A fault in it is counted, and the client does not notice."""
        if self.exchanges is None:
            return
        try:
            address = self.addresses.of(call.peer, call.headers)
            call.account = call.account or self._account(call.headers, "")
            self.exchanges.write(call.exchange(status, response, address=address, ja4_header=self.ja4_header))
        except Exception:
            self.faults += 1

    def _plan(self, call: Call, data: bytes) -> Plan:
        body = call.body = bodies.read(data)
        call.account = self._account(call.headers, body.facts.model)
        request = Request(call.account, body.facts, surface=self.surface)
        decision = self.guard.decide(request)
        call.decision_id = decision.id
        try:
            return self._carried_out(call, body, request, decision)
        except BaseException:  # what was reserved must not be lost to the campaign's other accounts
            self.settle(decision, 0)
            raise

    def _carried_out(self, call: Call, body: bodies.Body, request: Request, decision: Decision) -> Plan:
        if self.observe is not None:
            self.observe(decision)
        if not decision.allowed:
            return Plan(refused(decision, call.dialect, self.wording))
        if not decision.campaign:
            return Plan(None, body.data, decision)
        handed = rewriting.handed_on(body, decision)
        if handed is not None:
            return Plan(None, handed, decision)
        if not self._may_be_refused(call, decision):
            return Plan(None, body.data, decision)
        done = self.guard.unread(request, decision)
        if done.allowed:
            return Plan(None, body.data, done)
        if done.answer is Answer.UNAVAILABLE:
            return Plan(refused(done, call.dialect, self.wording))
        return Plan(fault(UNREADABLE, call.dialect, done.id))

    def _may_be_refused(self, call: Call, decision: Decision) -> bool:
        """Whether a body that cannot be read is refused: only that of an account about which a step may be
        taken, and only while some rule or person takes one. The server might read it after all, and then it
        would be a way round every rule that looks at what is asked for.
        """
        if decision.action.step is not Step.OBSERVE:
            return True
        if decision.stale and self.guard.failure is Failure.OPEN:
            return False
        known = self.guard.state.known(call.account, "", self.guard.clock())
        if known is None or not (self.guard.policy().acts or (known.acts and not self.guard.shadow)):
            return False
        return _reachable(known)

    def _account(self, headers: Headers, model: str) -> str:
        names = self.accounts.named(headers)
        if len(names) < 2:
            return names[0] if names else ""
        now = self.guard.clock()
        known = [(name, found) for name in names if (found := self.guard.state.known(name, model, now))]
        return next((name for name, found in known if _reachable(found)), known[0][0] if known else names[0])


def _reachable(known: Known) -> bool:
    """Whether any step may be taken about an account."""
    return known.account.tier == NAMED and known.campaign.role == OPERATOR and cleared(known) is HeldBack.NOT
