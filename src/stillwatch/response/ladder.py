"""The ladder: what may be done about an account, mildest first, and what no policy may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Step(IntEnum):
    """What is done with a request; a larger number is a harder step."""

    OBSERVE = 0
    """Nothing: the request is served as anybody's is."""
    MARK = 1
    """The request carries a cohort for the server's own watermark of answers."""
    SUMMARISE = 2
    """Reasoning is withheld, or handed over as a summary."""
    TRIM = 3
    """Log probabilities are dropped and `n` is cut."""
    SLOW = 4
    """A budget of tokens a minute, of the account and of its whole campaign."""
    VERIFY = 5
    """The request is refused until the owner has been verified."""
    ROUTE = 6
    """Another model answers."""
    BLOCK = 7
    """The request is refused."""


HIDDEN = frozenset({Step.MARK, Step.SUMMARISE, Step.TRIM, Step.ROUTE})
"""Steps that the customer cannot see unless it is told."""
REFUSING = frozenset({Step.VERIFY, Step.BLOCK})
"""Steps after which no model is asked. A spent budget of SLOW refuses too, for a while."""


class Permission(StrEnum):
    """What was found when a permit was looked for; every refusal tells it."""

    NOT_ASKED = "not-asked"
    """No state could be read, so none was looked for."""
    NONE = "none"
    """No permit names the account or its owner."""
    COVERS = "covers"
    """A permit covers the request."""
    OTHER_MODEL = "other-model"
    """A permit names the account, and not this model."""
    NOT_BEGUN = "not-begun"
    """It begins later."""
    ENDED = "ended"
    """It has ended."""
    REVOKED = "revoked"
    """It was taken back."""


class Stage(StrEnum):
    """Where a version of a rule stands."""

    DRAFT = "draft"
    SHADOW = "shadow"
    """It is evaluated and recorded, and does nothing."""
    CANARY = "canary"
    """It acts on a share of the accounts."""
    LIVE = "live"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Consent:
    """What a step needs that the customer cannot see."""

    reason: str
    """Why it cannot be an open step."""
    approver: str
    """Who approved it, by name."""
    policy_line: str
    """Where the provider's published policy says that it may do this: an address or a section."""


@dataclass(frozen=True, slots=True)
class Action:
    """One step with what it needs."""

    step: Step
    account_tokens: int = 0
    """SLOW: tokens a minute of one account; 0: no limit of its own."""
    campaign_tokens: int = 0
    """SLOW: tokens a minute of all accounts of the campaign together; 0: no common limit."""
    model: str = ""
    """ROUTE: the model that answers."""
    most_n: int = 1
    """TRIM: the largest `n`."""
    delay_ms: int = 0
    """Milliseconds that an answer is held back, at most; the delay of one request is drawn from 0 to this."""
    consent: Consent | None = None
    """What a hidden step needs; without it a hidden step is not taken."""


OBSERVE = Action(Step.OBSERVE)
