"""The core: one request, the state of its account, and the policy give one decision."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from stillwatch.guard.decision_id import decision_id
from stillwatch.guard.ports import Budgets, Recorded, Records, Reserved, State
from stillwatch.guard.request import UNREAD, Answer, Decision, Request
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
DELAYS = random.SystemRandom()
"""Draws delays that nobody can foresee."""
Fields = dict[str, Any]
"""What is known of a decision while it is made. A decision is frozen, and to copy one for each step of its
making would take most of the time.
"""
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
    shadow: bool = False
    """Whether steps that people took are only recorded, as rules in shadow are."""

    def decide(self, request: Request) -> Decision:
        """Return the decision on one request; it is recorded when this returns."""
        began = time.perf_counter_ns()
        now = self.clock()
        found = self._decided(request, now)
        decision = Decision(**found, latency_ns=time.perf_counter_ns() - began)
        if self.records.decided(request, decision, now) is not Recorded.UNWRITTEN:
            return decision
        done = self._unrecorded(decision)
        self.records.decided(request, done, now)  # of two lines with one id the later one holds
        return done

    def settle(self, decision: Decision, used: int) -> None:
        """Tell the tokens that a request used, so that the budgets hold what was really spent. Those of a
        request for which nothing was reserved count for the day, and are taken from no bucket.
        """
        if decision.campaign and (decision.reserved or used):
            self.budgets.settle(decision.key, decision.campaign, decision.reserved, used, self.clock())

    def unread(self, request: Request, decision: Decision) -> Decision:
        """Return what is done with a request that was allowed and whose body cannot be handed on as decided:
        it is denied, as `invalid_json`. It is recorded under the same id, since the later of two lines holds.
        """
        self.settle(decision, 0)
        denied = replace(
            decision, answer=Answer.DENY, reason=UNREAD, also=(), delay_ms=0, cohort="", reserved=0
        )
        now = self.clock()
        if self.records.decided(request, denied, now) is not Recorded.UNWRITTEN:
            return denied
        done = self._unrecorded(denied)
        self.records.decided(request, done, now)
        return done

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

    def _decided(self, request: Request, now: float) -> Fields:
        state, policy = self.state, self.policy()
        digest = state.digest
        found: Fields = {
            "id": decision_id(now),
            "key": 0,
            "answer": Answer.ALLOW,
            "action": OBSERVE,
            "permission": Permission.NONE if digest else Permission.NOT_ASKED,
            "stale": not state.fresh(now),
            "snapshot": digest,
            "policy": policy.digest,
        }
        if not digest and self.failure is Failure.CLOSED:
            return found | {"answer": Answer.UNAVAILABLE, "retry_after_s": TRY_AGAIN_S}
        known = state.known(request.account, request.facts.model, now)
        if known is not None:
            campaign = known.campaign.name
            found["key"], found["campaign"], found["tier"] = known.key, campaign, known.account.tier
            found["permission"], found["permit"] = known.permission, known.permit
            if campaign:
                self._judge(request, known, policy, found, now)
        return found

    def _judge(self, request: Request, known: Known, policy: Policy, found: Fields, now: float) -> None:
        """Put into `found` what policy and people say of an account in a campaign, and what is done."""
        used = self.budgets.used(known.key, known.campaign.name, now)
        outcome = policy.outcome(_inputs(request, known, used), known.key)
        ordered = () if self.shadow else known.acts
        found["shadow"] = outcome.shadow if ordered else outcome.shadow + known.acts
        found["review"] = outcome.review
        asked = outcome.acting + ordered
        if not asked:
            return
        acting, said, why = self._acting(known, asked, found["stale"], now)
        found["fired"], found["said"], found["held_back"] = tuple(acting), said, why
        steps = {one.action.step: one for one in reversed(acting)}  # the hardest of each step stays
        hardest = max(steps, default=Step.OBSERVE)
        if hardest is Step.OBSERVE:
            return
        found["action"], found["reason"] = steps[hardest].action, steps[hardest].reason
        if hardest in REFUSING:
            found["answer"] = Answer.DENY
        else:
            self._soften(request, known, steps, found, now)

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

    def _soften(
        self, request: Request, known: Known, steps: dict[Step, Fired], found: Fields, now: float
    ) -> None:
        """Put into `found` the steps with which the model is asked all the same, unless a budget is spent."""
        milder = sorted(steps.keys() - {Step.OBSERVE, found["action"].step}, reverse=True)
        found["also"] = tuple(steps[step].action for step in milder)
        longest = max(one.action.delay_ms for one in found["fired"])
        found["delay_ms"] = DELAYS.randint(0, longest) if longest else 0
        found["cohort"] = known.campaign.name if Step.MARK in steps else ""
        if (slow := steps.get(Step.SLOW)) is None:
            return
        tokens, limits = _tokens(request), slow.action
        answer: Reserved = self.budgets.reserve(
            known.key, known.campaign.name, tokens, limits.account_tokens, limits.campaign_tokens, now
        )
        if answer.granted:
            found["reserved"] = tokens
            return
        found["answer"], found["retry_after_s"] = Answer.WAIT, answer.retry_after_s
        found["action"], found["reason"] = limits, slow.reason


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
