"""Rules of the policy: how far they have come, and what they do."""

from __future__ import annotations

from stillwatch.playbooks.check import Answer, check, met, missing, not_applicable, told
from stillwatch.playbooks.places import Places
from stillwatch.response.compiled import ACTING, IN_FORCE, Standing
from stillwatch.response.ladder import HIDDEN, Stage, Step
from stillwatch.response.language.rule import RuleKind

PROMOTE = "`stillwatch policy promote RULE STAGE --to STATE`"


@check(
    says="A rule is tried in shadow, or has passed it.",
    do=f"`stillwatch policy add default --to STATE`, then {PROMOTE}",
)
def policy_tried(places: Places) -> Answer:
    """A rule that does something is at least in shadow."""
    rules = _doing(places, IN_FORCE)
    return told(bool(rules), _stages(places))


@check(
    says="A rule acts at the gateway.",
    do=f"when its backtest holds: {PROMOTE}",
)
def policy_acts(places: Places) -> Answer:
    """A rule that does something is in canary or live."""
    return told(bool(_doing(places, ACTING)), _stages(places))


@check(
    says="Budgets are pooled over all accounts of a campaign: the organisation is met, not one account.",
    do="write a rule with slow(campaign_tokens = …), and bring it to shadow, canary and live",
)
def budgets_pooled(places: Places) -> Answer:
    """A rule in force has a budget of the whole campaign."""
    slow = [one for one in _doing(places, IN_FORCE) if one.rule.action.step is Step.SLOW]
    pooled = [one for one in slow if one.rule.action.campaign_tokens > 0]
    names = ", ".join(sorted(f"{one.rule.name} ({one.stage})" for one in pooled)) or "none"
    return told(bool(pooled), f"rules with a budget of the whole campaign: {names}")


@check(
    says="Every hidden step has a reason, an approver, an end and a line of the published policy.",
    do="take the rule back to shadow until all four are there, or use a step that the customer can see",
)
def hidden_steps_consented(places: Places) -> Answer:
    """No rule that acts takes a hidden step without consent."""
    hidden = [one for one in _doing(places, ACTING) if one.rule.action.step in HIDDEN]
    if not hidden:
        return not_applicable("no rule that acts takes a step that the customer cannot see")
    bare = [one.rule.name for one in hidden if one.rule.action.consent is None or not one.rule.expires_s]
    if bare:
        return missing(f"without consent or end: {', '.join(sorted(bare))}")
    consents = [one.rule.action.consent for one in hidden]
    lines = sorted({consent.policy_line for consent in consents if consent is not None})
    return met(f"{len(hidden):,} hidden steps, all with consent; they rest on: {', '.join(lines)}")


def _doing(places: Places, stages: tuple[Stage, ...]) -> list[Standing]:
    kinds = (RuleKind.BLOCK, RuleKind.FRICTION)
    return [one for one in places.standings if one.stage in stages and one.rule.kind in kinds]


def _stages(places: Places) -> str:
    counts = {stage: sum(one.stage is stage for one in places.standings) for stage in Stage}
    found = ", ".join(f"{count:,} in {stage}" for stage, count in counts.items() if count)
    return f"versions of rules: {found or 'none'}"
