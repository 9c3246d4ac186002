"""Codes that evidence is told in. Whoever reads a run's tables may rely on them: a code is never given another
meaning, and one that falls out of use is not used again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Null(StrEnum):
    """What a group was tested against: `campaigns.null`."""

    CONTENT = "content-given-client"
    """Given region, plan, activity and client, the group's accounts carry prompts, tools, parameters and token
    shapes as often as accounts outside it do. With `wider`: given the client, or else the other three, where
    too few others share all four. With `semantic`: and their prompts are no more alike in meaning.
    """
    ACCOUNT_HARVEST = "harvest-of-account"
    """The account's prompts of a day are harvest-like at no higher a rate than those of all but the busiest
    twentieth of its client's other users, and a tenth at least.
    """
    OWNER_HARVEST = "harvest-of-owner"
    """The same for at least half of an owner's accounts."""
    NONE = ""
    """It was not tested."""


@dataclass(frozen=True)
class NullTested:
    """What one group was tested against."""

    code: Null = Null.NONE
    """The hypothesis."""
    wider: bool = False
    """Whether too few others share all four, so that some accounts are compared with those that share less."""
    semantic: bool = False
    """Whether the meaning of prompts was tested too."""

    def row(self) -> dict[str, Any]:
        """As a row of campaigns holds it."""
        return {"code": str(self.code), "wider": self.wider, "semantic": self.semantic}


class Excess(StrEnum):
    """What of a group's use goes beyond its permit: `campaigns.permit_excess`."""

    MODELS = "models"
    """Models that the permit does not name. Values: model, one for each."""
    EXCHANGES = "exchanges"
    """More exchanges than it allows. Values: used, allowed."""
    OUTPUT_TOKENS = "output-tokens"
    """More output tokens than it allows. Values: used, allowed."""
    ENDED = "after-its-end"
    """Use after its end. Values: last, the last exchange, and expires."""
    NOT_BEGUN = "before-its-start"
    """Use before its start. Values: first, the first exchange, and starts."""


class Direction(StrEnum):
    """Which way a signal moves an axis: `campaigns.scale_why`, `deception_why` and `intent_why`."""

    FOR = "for"
    """It raises the axis: one less the product of (1 - strength) over these."""
    AGAINST = "against"
    """It lowers intent: the product of (1 - strength) over these."""


class Adjustment(StrEnum):
    """What counts in an account's nats beside its formation facets: `member_adjustments.kind`."""

    KEYS = "keys"
    """Held-out keys that it shares with the group, or lacks; a third, where meaning says more."""
    SEMANTIC = "semantic"
    """The meaning of its prompts against the group's; a third, where keys say more."""
    CAP = "cap"
    """What the limits of its family take off, or give back: a family counts within its bounds only."""
