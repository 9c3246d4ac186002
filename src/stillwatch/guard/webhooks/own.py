"""POST /v1/decide and /v1/settle: the service's own calls, for gateways that can be programmed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.guard.bodies import NONE, Raw, msgspec, read
from stillwatch.guard.decide import MOST_TOKENS
from stillwatch.guard.refusals import Refusal, dialect_of
from stillwatch.guard.request import Answer, Decision, Request
from stillwatch.guard.rewriting import headers, taken
from stillwatch.guard.webhooks.webhook import LONGEST_ACCOUNT, Asked, BadCall, shaped
from stillwatch.response.inputs import RequestFacts
from stillwatch.response.ladder import OBSERVE, Action, Step


class Facts(msgspec.Struct, forbid_unknown_fields=True):
    """What a request asks for, where the caller does not hand over its body."""

    model: str = ""
    stream: bool = False
    input_bytes: int = 0
    max_tokens: int = 0
    n: int = 1
    logprobs: bool = False
    reasoning: bool = False
    tools: bool = False


class Decide(msgspec.Struct, forbid_unknown_fields=True):
    """A call to /v1/decide."""

    account: str
    """The account's id as the gateway's logs have it."""
    request_id: str = ""
    """The gateway's id of the request."""
    path: str = ""
    """The path that the client called; it tells the dialect."""
    facts: Facts | None = None
    """What it asks for."""
    body: Raw = NONE
    """Its body, from which the facts are read if they are not given."""


class Settle(msgspec.Struct, forbid_unknown_fields=True):
    """A call to /v1/settle."""

    settle: Settling
    """As the answer to /v1/decide had it."""
    used: int
    """Tokens that were used, of the request and the answer."""


class Settling(msgspec.Struct, forbid_unknown_fields=True):
    """What was reserved."""

    key: str
    campaign: str
    reserved: int


class OwnCall:
    """The service's own call."""

    waits = False
    """The caller holds the request back itself."""

    def __init__(self, cohort_key: bytes) -> None:
        self._cohort_key = cohort_key

    def asked(self, data: bytes) -> Asked:
        """Read a call. Raises BadCall."""
        call = shaped(data, Decide)
        if len(call.account) > LONGEST_ACCOUNT:
            raise BadCall(f"`account` is longer than {LONGEST_ACCOUNT} characters")
        if call.facts is not None:
            facts = RequestFacts(**{name: getattr(call.facts, name) for name in Facts.__struct_fields__})
        elif len(call.body):
            facts = read(bytes(call.body)).facts
        else:
            facts = RequestFacts()
        return Asked(Request(call.account, facts, call.request_id[:512], "http"), dialect_of(call.path))

    def told(self, decision: Decision | None, refusal: Refusal | None) -> Mapping[str, Any]:
        """Return the decision, and the refusal as the client should get it."""
        if decision is None:
            answer = Answer.ALLOW if refusal is None else Answer.UNAVAILABLE
            return {"decision": "", "answer": answer, "refusal": _refusal(refusal)}
        return {
            "decision": decision.id,
            "answer": decision.answer,
            "actions": []
            if refusal
            else [_action(one) for one in taken(decision) if one.step is not Step.OBSERVE],
            "headers": {} if refusal else _text(headers(decision, self._cohort_key)),
            "delay_ms": decision.delay_ms,
            "reason": decision.reason,
            "retry_after_s": decision.retry_after_s,
            "permission": decision.permission,
            "permit": decision.permit,
            "stale": decision.stale,
            "snapshot": decision.snapshot,
            "policy": decision.policy,
            "settle": {
                "key": f"{decision.key:016x}",
                "campaign": decision.campaign,
                "reserved": decision.reserved,
            }
            if decision.campaign and decision.allowed
            else None,
            "refusal": _refusal(refusal),
        }


def settled(data: bytes) -> tuple[Decision, int]:
    """Read a call to /v1/settle: a decision as far as budgets need it, and the tokens used. Raises
    BadCall.
    """
    call = shaped(data, Settle)
    try:
        key = int(call.settle.key, 16)
    except ValueError:
        raise BadCall("`settle.key` is no hexadecimal number") from None
    if not (0 <= key < 2**64 and 0 <= call.settle.reserved <= MOST_TOKENS and call.used >= 0):
        raise BadCall("a number is outside of what it can be")
    decision = Decision(
        "", key, Answer.ALLOW, OBSERVE, campaign=call.settle.campaign, reserved=call.settle.reserved
    )
    return decision, min(call.used, MOST_TOKENS)


def _action(action: Action) -> dict[str, Any]:
    found: dict[str, Any] = {"step": action.step.name.lower()}
    if action.step is Step.ROUTE:
        found["model"] = action.model
    if action.step is Step.TRIM:
        found["most_n"] = action.most_n
    return found


def _refusal(refusal: Refusal | None) -> dict[str, Any] | None:
    if refusal is None:
        return None
    return {
        "status": refusal.status,
        "headers": _text(refusal.headers),
        "body": Raw(refusal.body),
    }


def _text(pairs: Any) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs}
