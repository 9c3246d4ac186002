"""Plans as people read them: what each step does, about whom, where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stillwatch.cases.remediation.doing import KEPT
from stillwatch.cases.remediation.dry import DryStep
from stillwatch.cases.remediation.plan_words import PlanState, Stage, StepKind, StepState
from stillwatch.cases.remedy import Plan, Step
from stillwatch.report import formatting

STAGES: Mapping[Stage, tuple[str, str]] = {
    Stage.FIRST: ("First", "Restricts nobody."),
    Stage.SLOW: ("Slow", "Fewer tokens a minute; requests are still answered."),
    Stage.VERIFY: ("Verify", "Requests are refused until the owner is verified."),
    Stage.BLOCK: ("Block", "Requests are refused."),
    Stage.APART: (
        "Apart",
        "No stage carries this out: it has a button of its own, Offer marks to be shared.",
    ),
}
"""What stages are called, and what they mean."""
LEFT = (StepState.PLANNED, StepState.FAILED)
"""States of a step that is still to be carried out."""


def stands(plan: Plan) -> str:
    """Return where a plan stands; of one that was carried out, how far."""
    if plan.state != PlanState.CARRIED or plan.kind != "act" or plan.through >= Stage.BLOCK:
        return plan.state
    return f"{plan.state} up to {Stage(plan.through).shown}"


def does(step: Step) -> str:
    """Return what a step does, in a sentence."""
    more = step.parameters
    days = f"{float(more['days']):g} days" if "days" in more else ""
    if step.kind == StepKind.RESTRICT:
        return {
            "slow": f"Slow them down for {days}{_tokens(more)}.",
            "verify": f"Refuse them until their owner is verified, {days} at most.",
            "block": f"Refuse them for {days}.",
        }.get(str(more.get("step")), str(more.get("step")))
    return {
        StepKind.LOOK: "A person looks at them; nothing is done about them.",
        StepKind.HOLD: f"Keep the gateway's rules off the campaign for {days}.",
        StepKind.ROTATE_KEYS: "Ask your own systems to give them new keys.",
        StepKind.TAINT: "Note what was taken, for forensics: kept with the plan, told to your channels.",
        StepKind.LETTER: f'Draft the letter "{more.get("letter")}"; a person approves it before it goes.',
        StepKind.SHARE: "Offer marks of the campaign to be shared; no customer is in them.",
        StepKind.TAKE_BACK: f"End what step {step.subject} did.",
        StepKind.FREE: f"Leave this account alone: {step.why or 'people cleared it'}.",
    }[StepKind(step.kind)]


def step_row(step: Step, size: Callable[[str], int]) -> dict[str, Any]:
    """Return a step as a row of the plan."""
    crowds = [step.crowd] if step.crowd else [str(one) for one in step.parameters.get("crowds", ())]
    left = step.state in LEFT
    return {
        "step": step.id,
        "stage": Stage(step.stage).shown,
        "kind": step.kind,
        "does": does(step),
        "accounts": sum(map(size, crowds)) - len(step.left_out) if crowds else None,
        "left_out": len(step.left_out),
        "state": step.state,
        "done": step.done,
        "until": step.until if step.state == StepState.DONE else None,
        "undone": step.undone,
        "by": step.by,
        "why": "" if step.kind == StepKind.FREE and left else step.why,
        "journal": step.seq,
        "can_undo": step.state == StepState.DONE and step.kind not in KEPT,
    }


def dry_row(step: DryStep) -> dict[str, Any]:
    """Return a step of a dry run as a row."""
    held = [f"{formatting.count(number)} {why}" for why, number in step.held_back.items()]
    held += [f"{formatting.count(len(step.left_out))} cleared since"] if step.left_out else []
    some = [f"{why}: {', '.join(names)}" for why, names in step.named.items()]
    return {
        "step": step.step,
        "stage": step.stage,
        "where": step.where or "its event only",
        "writes": step.writes,
        "state": step.state,
        "accounts": step.accounts or None,
        "touched": step.touched if step.kind == StepKind.RESTRICT else None,
        "held_back": held,
        "some": some,
        "until": step.until[:16].replace("T", " ") if step.until else "",
    }


def stages_left(plan: Plan, steps: list[Step]) -> list[Stage]:
    """Return the stages up to which something is left to be carried out."""
    open_still = {Stage(one.stage) for one in steps if one.state in LEFT and one.stage != Stage.APART}
    return [one for one in Stage if one in open_still] if plan.state not in ("undone", "replaced") else []


def _tokens(more: Mapping[str, Any]) -> str:
    each, whole = int(more.get("account_tokens", 0)), int(more.get("campaign_tokens", 0))
    told = [f"{formatting.count(each)} tokens a minute each"] if each else []
    told += [f"{formatting.count(whole)} all together"] if whole else []
    return f": {', '.join(told)}" if told else ""
