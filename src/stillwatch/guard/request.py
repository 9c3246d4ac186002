"""What a gateway hands to the guard, and what it gets back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from stillwatch.response.inputs import RequestFacts
from stillwatch.response.ladder import OBSERVE, Action, Permission
from stillwatch.response.limits import HeldBack
from stillwatch.response.outcome import Fired


@dataclass(frozen=True, slots=True)
class Request:
    """One request, before a model is asked."""

    account: str
    """The account's id as the gateway has it: the id in its logs. Empty: not known."""
    facts: RequestFacts = field(default_factory=RequestFacts)
    """What it asks for."""
    request_id: str = ""
    """The gateway's id of the request; empty: the guard makes one."""
    surface: str = "python"
    """The adapter it comes through: python, asgi, litellm, http, envoy, portkey, kong."""


UNREAD = "invalid_json"
"""Reason of a denial (400) of a body that cannot be read."""


class Answer(StrEnum):
    """What the gateway is to do."""

    ALLOW = "allow"
    """Ask the model, as `action` says."""
    DENY = "deny"
    """Answer 403; never to be tried again."""
    WAIT = "wait"
    """Answer 429 with `retry-after`."""
    UNAVAILABLE = "unavailable"
    """Answer 503 with `retry-after`: the guard cannot tell, and its owner chose to fail closed."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What policy says, and what is really done; the two are never one field."""

    id: str
    """Of this decision: UUID version 7 (RFC 9562, section 5.7) as 32 hex digits, so that ids sort by time.
    It is also the appeal's reference.
    """
    key: int
    """Keyed hash of the account's id; 0 where the account is not known."""
    answer: Answer
    """What is done."""
    action: Action
    """The hardest step that is taken."""
    also: tuple[Action, ...] = ()
    """Milder steps taken with it."""
    fired: tuple[Fired, ...] = ()
    """The rules that fired and act."""
    shadow: tuple[Fired, ...] = ()
    """The rules that would have fired; nothing is done for them."""
    review: tuple[str, ...] = ()
    """The rules that ask a person to look."""
    said: Action = OBSERVE
    """The hardest step that the policy asked for; harder than `action` where it was held back."""
    held_back: HeldBack = HeldBack.NOT
    """Why less is done than policy says."""
    permission: Permission = Permission.NONE
    """What was found when a permit was looked for."""
    permit: str = ""
    """The permit's name."""
    campaign: str = ""
    """The campaign's identity; empty if the account is in none."""
    tier: str = ""
    """The account's tier there."""
    reason: str = ""
    """The code that the customer is told."""
    retry_after_s: float = 0.0
    """WAIT: seconds until the next try."""
    delay_ms: int = 0
    """Milliseconds by which the answer is held back."""
    cohort: str = ""
    """MARK: the cohort, for the server's own watermark."""
    reserved: int = 0
    """Tokens reserved in budgets, to be settled by what was used."""
    stale: bool = False
    """Whether the state was older than allowed, or could not be read."""
    snapshot: str = ""
    """Digest of the snapshot it rests on."""
    policy: str = ""
    """Digest of the policy it rests on."""
    latency_ns: int = 0
    """Nanoseconds that the decision took."""

    @property
    def allowed(self) -> bool:
        """Whether a model is to be asked."""
        return self.answer is Answer.ALLOW
