"""Codes of evidence. Readers of a run's tables may rely on them.

A code never gets another meaning, and one that is no longer used is not used again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Null(StrEnum):
    """What a group was tested against: `campaigns.null`."""

    CONTENT = "content-given-client"
    """Given region, plan, activity and client, the group's accounts carry prompts, tools, parameters and
    token shapes as often as accounts outside it do. With `wider`: given the client, or else the other three,
    where too few others share all four. With `semantic`: and their prompts are no more alike in meaning.
    """
    ACCOUNT_HARVEST = "harvest-of-account"
    """The account's prompts of a day are harvest-like at no higher a rate than those of all but the busiest
    twentieth of its client's other users, and a tenth at least.
    """
    OWNER_HARVEST = "harvest-of-owner"
    """The same for at least half of an owner's accounts."""
    CONVERSATIONS = "strangers-conversations"
    """A conversation that an account of the group has part in, and that goes on under another account, goes
    on under one of the group no more often than the group's share of the accounts, and of the turns, of the
    client.
    """
    COVERAGE = "strangers-coverage"
    """Given their template, each account of the group draws its prompts from the same source as the others,
    whatever these ask.
    """
    NONE = ""
    """It was not tested."""


class Kind(StrEnum):
    """What makes accounts a candidate: `groups.kind` and `campaigns.kind`."""

    LINKED = "linked"
    """Marks of two families at least link them; content did not form the group."""
    ALIKE = "alike"
    """Content alone ties them, on half of the time; the other half tests them."""
    DECLARED = "declared"
    """One verified organisation, or one payment instrument on a business plan."""
    SINGLE = "single"
    """One account."""


FORMED = (Kind.LINKED, Kind.ALIKE)
"""Kinds of groups that linkage forms; the other kinds are candidates for what they declare or send."""


class Tie(StrEnum):
    """What ties a group of kind `alike`."""

    CONVERSATIONS = "conversations"
    """One account leaves a conversation, and another takes it on."""
    TEMPLATE = "template"
    """They have the same templates."""


@dataclass(frozen=True)
class NullTested:
    """What one group was tested against."""

    code: Null = Null.NONE
    """The hypothesis."""
    wider: bool = False
    """Whether some accounts are compared with others that share less, since too few others share all four."""
    semantic: bool = False
    """Whether the meaning of prompts was also tested."""

    def row(self) -> dict[str, Any]:
        """Return it as a row of campaigns holds it."""
        return {"code": str(self.code), "wider": self.wider, "semantic": self.semantic}


class Excess(StrEnum):
    """Use of a group that goes beyond its permit: `campaigns.permit_excess`."""

    MODELS = "models"
    """Models that the permit does not name. Values: model, one for each of them."""
    EXCHANGES = "exchanges"
    """More exchanges than it allows. Values: used, allowed."""
    OUTPUT_TOKENS = "output-tokens"
    """More output tokens than it allows. Values: used, allowed."""
    ENDED = "after-its-end"
    """Use after its end. Values: last, the last exchange, and expires."""
    NOT_BEGUN = "before-its-start"
    """Use before its start. Values: first, the first exchange, and starts."""


class Direction(StrEnum):
    """Whether a signal raises or lowers an axis: `campaigns.scale_why`, `deception_why` and `intent_why`."""

    FOR = "for"
    """It raises the axis, which is one minus the product of (1 - strength) over these."""
    AGAINST = "against"
    """It lowers intent, which is multiplied by (1 - strength) of each of these."""


class Adjustment(StrEnum):
    """What counts in an account's nats besides its formation facets: `member_adjustments.kind`."""

    KEYS = "keys"
    """Held-out keys that it shares with the group, or lacks; a third of it where meaning says more."""
    SEMANTIC = "semantic"
    """The meaning of its prompts compared with the group's; a third of it where keys say more."""
    CAP = "cap"
    """What its family's limits take off or give back: a family counts only within its bounds."""


class Tier(StrEnum):
    """What is known of an account beside a group: `members.tier` and `bystanders.tier`."""

    NAMED = "named"
    """It shares the marks that formed the group, and its content is unlike its client's other users'."""
    PRESENT = "present"
    """It shares the marks that formed the group, and no more is shown: look, do not act."""
    NEAR = "near"
    """It shares too few of the marks that formed the group."""


class TierReason(StrEnum):
    """Why an account has its tier: `members.reason` and `bystanders.reason`."""

    BOTH = "both"
    """Formation and held-out evidence of its own outweigh the odds against it."""
    LIKE_ITS_CLIENT = "like-its-client"
    """Its content is not unlike that of its client's other users, or only where anybody could imitate it."""
    OUTWEIGHED = "outweighed"
    """Its evidence of both kinds does not outweigh the odds against it."""
    TOO_FEW_NAMED = "too-few-named"
    """It would be named, but fewer accounts of its group would be than make a group."""
    GROUP_ONLY = "group-only"
    """What speaks for the group, such as how prompts are dealt out, says nothing about one account."""
    OTHERS_HARVEST = "others-harvest"
    """Its group is accused for what others of it ask: its own prompts do not show it, and it is in no part of
    the group that would be accused without them."""
    LITTLE_SHARED = "little-shared"
    """What it shares with the group besides content is too little to be of it."""
    NOT_LINKED = "not-linked"
    """It is a candidate by itself or by the owner that it declares; no marks formed a group."""


class Role(StrEnum):
    """Who a listed group's accounts are: `campaigns.role`."""

    OPERATOR = "operator"
    """Of somebody who harvests."""
    PROVIDER = "provider"
    """Of somebody who lends or sells access to them: many people, all kinds of work."""
    VICTIM = "victim"
    """Of customers whose keys somebody else uses."""
    UNKNOWN = "unknown"
    """Hidden and organised; nothing shows by whom or for what."""
    NONE = ""
    """Not listed as bad: nobody's role is asked."""


class RoleReason(StrEnum):
    """What speaks for a role: `campaigns.role_why`. Values: accounts that show it, of all, or a score."""

    OWN_WORK_BEFORE = "own-work-before"
    """Accounts worked from other networks and with other clients a day or more before they joined."""
    OWN_WORK_BESIDE = "own-work-beside"
    """Accounts work from other networks and with other clients too."""
    AGED = "aged"
    """Accounts were registered a month or more before they joined."""
    OWN_OWNERS = "own-owners"
    """Accounts declare an owner of their own."""
    END_USERS = "end-users"
    """They name many end users: signal many_end_users."""
    MANY_HANDS = "many-hands"
    """Unlike conversations run at once in one account: signal many_hands."""
    HANDED_OVER = "handed-over"
    """Conversations move from account to account: signal handed_over."""
    EVERYDAY_WORK = "everyday-work"
    """Their prompts are the ordinary work of many people: signal everyday_work."""
    HARVEST = "harvest"
    """Their prompts are made to harvest."""
