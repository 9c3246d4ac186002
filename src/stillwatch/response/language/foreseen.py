"""What the limits will hold back of a rule, foreseen from its condition."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from stillwatch.response.inputs import AccountState, Budget, CampaignState, PermitState, RequestFacts
from stillwatch.response.known import Known
from stillwatch.response.ladder import Permission, Stage, Step
from stillwatch.response.language.code import compiled
from stillwatch.response.language.expression import Field
from stillwatch.response.language.rule import Rule, RuleKind
from stillwatch.response.language.unknown import possible
from stillwatch.response.language.vocabulary import KNOWN
from stillwatch.response.limits import HeldBack, held_back
from stillwatch.response.outcome import Fired

VARIED = {
    ("account", "tier"),
    ("campaign", "role"),
    ("account", "exempt"),
    ("account", "held"),
    ("permit", "covers"),
}
"""Fields that the limits look at; a condition is looked at with each of their values, whatever the others."""


def fired(rule: Rule, stage: Stage, since: float = 0.0) -> Fired:
    """Return what a rule gives where its condition holds."""
    return Fired(
        rule.name,
        rule.version,
        stage,
        rule.action,
        rule.reason,
        rule.expires_s,
        since,
        rule.onset_s,
    )


def foreseen(rule: Rule) -> Iterator[tuple[str, str]]:
    """Give what a person should know about a rule and the limits: what, and what to do."""
    if rule.action.step is Step.OBSERVE:
        if rule.kind is not RuleKind.PERMIT and not any(_states(rule)):
            yield "no account can meet its condition", "see which parts exclude each other"
        return
    found = list(_states(rule))
    if not found:
        yield "no account can meet its condition", "see which parts exclude each other"
        return
    one = fired(rule, Stage.LIVE)
    reasons = {(state, held_back(state, one, 0.0, 0.0)) for state in found}
    held = {(state, why) for state, why in reasons if why is not HeldBack.NOT}
    never = "it will never act" if len(held) == len(reasons) else "it will be held back in part"
    tiers = sorted({s.account.tier or "none" for s, why in held if why is HeldBack.NOT_NAMED})
    roles = sorted({s.campaign.role or "none" for s, why in held if why is HeldBack.NOT_OPERATOR})
    if tiers:
        hint = 'add account.tier == "named"'
        yield f"{never}: the limits do not allow it for accounts of tier {', '.join(tiers)}", hint
    if roles:
        hint = 'add campaign.role == "operator"'
        yield f"{never}: the limits do not allow it for campaigns of role {', '.join(roles)}", hint


def _varied(field: Field) -> bool:
    return (field.section, field.name) in VARIED


def _states(rule: Rule) -> Iterator[Known]:
    """Each state, as far as the limits look at it, in which the rule may fire."""
    (may,) = (compiled([possible(rule.when, lambda field: not _varied(field))]),)
    tiers, roles = KNOWN["account", "tier"], KNOWN["campaign", "role"]
    for tier, role in product(tiers, roles):
        account, campaign = AccountState(tier=tier), CampaignState(role=role)
        if may(account, PermitState(), campaign, RequestFacts(), Budget())[0]:
            yield Known(0, account, campaign, Permission.NONE)
