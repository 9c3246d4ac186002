"""What a rule may look at: the state of an account and its campaign, cheap facts of the request, and budgets.

Never text. These classes are the policy language's whole world: a rule may name their fields and no others.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccountState:
    """The account that asks."""

    tier: str = ""
    """named, present or near in its campaign; empty if it is in none."""
    plan: str = ""
    """Its plan, as the accounts table has it."""
    verification: str = ""
    """How its owner was verified, as the accounts table has it."""
    age_days: float = 0.0
    """Days since it was registered; 0 where that is not known."""
    exempt: bool = False
    """A person exempted it: a verified researcher, an evaluator, an appeal upheld."""
    held: bool = False
    """A person put a hold on it: nothing is done about it until that ends."""


@dataclass(frozen=True, slots=True)
class PermitState:
    """Its permit for this request."""

    covers: bool = False
    """A permit covers the account and the model now."""
    named: bool = False
    """A permit names the account or its owner, whether or not it covers this request."""


@dataclass(frozen=True, slots=True)
class CampaignState:
    """The campaign that the account is in."""

    name: str = ""
    """Its identity; empty if the account is in none."""
    verdict: str = ""
    """adversarial, coordinated, unlicensed, authorised or benign."""
    role: str = ""
    """operator, provider, victim or unknown; empty where none is asked."""
    scale: float = 0.0
    """From 0 to 1, as are the next two."""
    deception: float = 0.0
    intent: float = 0.0
    accounts: int = 0
    """Its accounts."""
    named: int = 0
    """Those of the tier named."""
    at_least: int = 0
    """The lower bound of the guilty among them."""
    exchanges: int = 0
    """Its exchanges."""
    age_days: float = 0.0
    """Days since its last exchange that the run saw."""


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What the request asks for, without its words."""

    model: str = ""
    """The model."""
    stream: bool = False
    """Whether the answer is to be streamed."""
    input_bytes: int = 0
    """Bytes of the messages as sent."""
    max_tokens: int = 0
    """The most tokens of the answer; 0: not said."""
    n: int = 1
    """Answers asked for."""
    logprobs: bool = False
    """Whether log probabilities are asked for."""
    reasoning: bool = False
    """Whether reasoning is asked for."""
    tools: bool = False
    """Whether tools are offered."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Tokens used since midnight (UTC), as far as this guard knows."""

    account_today: int = 0
    """By the account."""
    campaign_today: int = 0
    """By all accounts of its campaign."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """All of it."""

    account: AccountState = AccountState()
    permit: PermitState = PermitState()
    campaign: CampaignState = CampaignState()
    request: RequestFacts = RequestFacts()
    budget: Budget = Budget()
