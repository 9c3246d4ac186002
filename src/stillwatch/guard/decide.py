"""The core: one request, the state of its account, and the policy give one decision."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from stillwatch.guard.decision_id import decision_id
from stillwatch.guard.ports import Budgets, Recorded, Records, Reserved, State
from stillwatch.guard.request import Answer, Decision, Request
from stillwatch.response.draws import draw
from stillwatch.response.inputs import Budget, Inputs, PermitState
from stillwatch.response.known import Known
from stillwatch.response.ladder import OBSERVE, REFUSING, Action, Permission, Step
from stillwatch.response.limits import HeldBack, cleared, held_back
from stillwatch.response.outcome import Fired, Policy

BYTES_A_TOKEN = 4
"""Bytes of a request counted as one token when tokens are reserved; what was used settles it."""
UNSAID_TOKENS = 1_024
"""Tokens reserved for an answer whose length the request does not limit."""
MOST_TOKENS = 1 << 24
"""The most tokens that one request reserves: a client writes `max_tokens`, and may write anything."""
TRY_AGAIN_S = 30.0
"""Seconds until the next try where the guard cannot tell and fails closed."""
LOOKED_FOR = frozenset(Permission) - {Permission.NOT_ASKED, Permission.NONE}


class Failure(StrEnum):
    """What a guard does that cannot tell; its owner must choose."""

    OPEN = "open"
    """Nothing is done: every request is served while the state is stale or cannot be read."""
    CLOSED = "closed"
    """A stale state goes on to hold; where there is none at all, every request is refused with 503."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Decides. It never raises for what a request holds, and waits for nothing but its budgets."""

    state: State
    """The newest snapshot and journal."""
    policy: Callable[[], Policy]
    """Returns the policy in force; called for each decision, so that a new one takes effect at once."""
    budgets: Budgets
    """Token buckets."""
    records: Records
    """Where decisions go."""
    failure: Failure
    """What to do where the state is stale or cannot be read; it has no default on purpose."""
    clock: Callable[[], float] = field(default=time.time)
    """POSIX seconds."""

    def decide(self, request: Request) -> Decision:
        """Return the decision on one request; it is recorded when this returns."""
        began = time.perf_counter_ns()
        now = self.clock()
        decision = self._decided(request, now)
        decision = replace(decision, latency_ns=time.perf_counter_ns() - began)
        if self.records.decided(request, decision, now) is not Recorded.UNWRITTEN:
            return decision
        done = self._unrecorded(decision)
        self.records.decided(request, done, now)  # of two lines with one id the later one holds
        return done

    def settle(self, decision: Decision, used: int) -> None:
        """Tell the tokens that a request used, so that the budgets hold what was really spent."""
        if decision.campaign:
            self.budgets.settle(decision.key, decision.campaign, decision.reserved, used, self.clock())

    def _unrecorded(self, decision: Decision) -> Decision:
        """Nothing is done that is not on record: it is allowed, or, where the guard fails closed, put off."""
        self.settle(decision, 0)
        held = replace(
            decision,
            action=OBSERVE,
            also=(),
            delay_ms=0,
            cohort="",
            reserved=0,
            held_back=HeldBack.UNRECORDED,
        )
        if self.failure is Failure.OPEN:
            return replace(held, answer=Answer.ALLOW, reason="", retry_after_s=0.0)
        return replace(held, answer=Answer.UNAVAILABLE, reason="", retry_after_s=TRY_AGAIN_S)

    def _decided(self, request: Request, now: float) -> Decision:
        state, policy = self.state, self.policy()
        stale = not state.fresh(now)
        base = Decision(
            id=decision_id(now),
            key=0,
            answer=Answer.ALLOW,
            action=OBSERVE,
            permission=Permission.NONE if state.digest else Permission.NOT_ASKED,
            stale=stale,
            snapshot=state.digest,
            policy=policy.digest,
        )
        if not state.digest and self.failure is Failure.CLOSED:
            return replace(base, answer=Answer.UNAVAILABLE, retry_after_s=TRY_AGAIN_S)
        known = state.known(request.account, request.facts.model, now)
        if known is None:
            return base
        return self._of_known(request, known, policy, base, now)

    def _of_known(
        self, request: Request, known: Known, policy: Policy, base: Decision, now: float
    ) -> Decision:
        base = replace(
            base,
            key=known.key,
            campaign=known.campaign.name,
            tier=known.account.tier,
            permission=known.permission,
            permit=known.permit,
        )
        if not known.campaign.name:
            return base
        used = self.budgets.used(known.key, known.campaign.name, now)
        outcome = policy.outcome(_inputs(request, known, used), known.key)
        acting, said, why = self._acting(known, outcome.acting, base.stale, now)
        found = replace(
            base,
            fired=tuple(acting),
            shadow=outcome.shadow,
            review=outcome.review,
            said=said,
            held_back=why,
        )
        return self._taken(request, known, found, now)

    def _acting(
        self, known: Known, fired: tuple[Fired, ...], stale: bool, now: float
    ) -> tuple[list[Fired], Action, HeldBack]:
        """The rules that act, the hardest step that any asked for, and why that one is not taken."""
        if not fired:
            return [], OBSERVE, HeldBack.NOT
        whole = cleared(known)
        if whole is HeldBack.NOT and stale and self.failure is Failure.OPEN:
            whole = HeldBack.STALE
        acting: list[Fired] = []
        said, why = OBSERVE, HeldBack.NOT
        for one in sorted(fired, key=_hardness):
            held = whole or held_back(known, one, draw(known.key, one.version), now)
            if one.action.step > said.step:
                said, why = one.action, held
            if not held:
                acting.append(one)
        return acting, said, why

    def _taken(self, request: Request, known: Known, found: Decision, now: float) -> Decision:
        steps = {one.action.step: one for one in reversed(found.fired)}  # the hardest of each step stays
        hardest = max(steps, default=Step.OBSERVE)
        first = steps.get(hardest)
        if first is None or hardest is Step.OBSERVE:
            return found
        also = tuple(one.action for step, one in sorted(steps.items(), reverse=True) if step != hardest)
        found = replace(found, action=first.action, reason=first.reason)
        if hardest in REFUSING:
            return replace(found, answer=Answer.DENY)
        found = replace(
            found,
            also=tuple(action for action in also if action.step is not Step.OBSERVE),
            delay_ms=random.SystemRandom().randint(0, max(one.action.delay_ms for one in found.fired)),
            cohort=known.campaign.name if Step.MARK in steps else "",
        )
        if Step.SLOW not in steps:
            return found
        return self._slowed(request, known, found, steps[Step.SLOW], now)

    def _slowed(self, request: Request, known: Known, found: Decision, slow: Fired, now: float) -> Decision:
        tokens = _tokens(request)
        action = slow.action
        answer: Reserved = self.budgets.reserve(
            known.key, known.campaign.name, tokens, action.account_tokens, action.campaign_tokens, now
        )
        if answer.granted:
            return replace(found, reserved=tokens)
        return replace(
            found,
            answer=Answer.WAIT,
            action=action,
            reason=slow.reason,
            retry_after_s=answer.retry_after_s,
        )


def _hardness(fired: Fired) -> tuple[int, int, int, str]:
    """Hardest first; of two budgets the smaller one, and then by name, so that every replica agrees."""
    action = fired.action
    limits = [limit for limit in (action.account_tokens, action.campaign_tokens) if limit]
    return -action.step, min(limits, default=0), action.most_n, fired.rule


def _inputs(request: Request, known: Known, used: tuple[int, int]) -> Inputs:
    return Inputs(
        known.account,
        PermitState(known.permission is Permission.COVERS, known.permission in LOOKED_FOR),
        known.campaign,
        request.facts,
        Budget(*used),
    )


def _tokens(request: Request) -> int:
    """Tokens to reserve for a request."""
    facts = request.facts
    asked = facts.max_tokens if facts.max_tokens > 0 else UNSAID_TOKENS
    wanted = max(facts.input_bytes, 0) // BYTES_A_TOKEN + asked * max(facts.n, 1)
    return min(wanted, MOST_TOKENS)
