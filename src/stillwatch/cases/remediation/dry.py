"""A dry run: what each step of a plan would write where, and whom it would touch. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from stillwatch.cases.remediation.left_out import left_out
from stillwatch.cases.remediation.plan_words import Stage, StepKind, StepState
from stillwatch.cases.remediation.work import DAY, Work, now
from stillwatch.cases.remedy import Plan, Step
from stillwatch.guard.moments import told
from stillwatch.guard.people import People
from stillwatch.response.known import Known
from stillwatch.response.ladder import Action, Permission
from stillwatch.response.ladder import Stage as RuleStage
from stillwatch.response.ladder import Step as LadderStep
from stillwatch.response.limits import HeldBack, cleared, held_back
from stillwatch.response.outcome import Fired

UNKNOWN, WITHOUT_STATE = "not in the snapshot", "no state was given"
TELLS = {
    StepKind.TAINT: "tells your systems what was taken",
    StepKind.ROTATE_KEYS: "asks your systems for new keys",
    StepKind.SHARE: "tells your systems which marks are offered",
}
"""What a message of a step does."""
MOST_NAMED = 20
"""Accounts that are named for each reason; all are counted."""


@dataclass(frozen=True)
class DryStep:
    """One step, as it would be."""

    step: str
    """Its name."""
    kind: str
    """One of StepKind."""
    stage: str
    """Its stage."""
    where: str
    """journal, message, letter; empty: it writes only its event."""
    writes: str
    """What it would write there, in words."""
    state: str
    """Where it stands: only those that are planned or failed would be carried out."""
    accounts: int = 0
    """Accounts that it is about."""
    touched: int = 0
    """Those that would really meet it."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Those that people cleared since the plan was made, and why."""
    held_back: dict[str, int] = field(default_factory=dict)
    """How many the guard would leave alone, by reason: limits, permits, exemptions, holds."""
    named: dict[str, list[str]] = field(default_factory=dict)
    """Some of these, by reason."""
    until: str | None = None
    """When it would end by itself."""


def dry_run(
    work: Work, plan: Plan, through: Stage, said: Callable[[str], object] = lambda _words: None
) -> list[DryStep]:
    """Return what would be done up to a stage. said: is told how far it is."""
    steps = sorted((one for one in work.steps(plan) if one.stage <= through), key=lambda one: one.stage)
    seen: dict[str, Known | None] = {}
    found = []
    for number, step in enumerate(steps, 1):
        said(f"step {number} of {len(steps)}")
        found.append(_dry(work, plan, step, seen))
    return found


def _dry(work: Work, plan: Plan, step: Step, seen: dict[str, Known | None]) -> DryStep:
    accounts = work.accounts([step.crowd]) if step.crowd else []
    spared = left_out(work.store, accounts, now()) if step.kind == StepKind.RESTRICT else {}
    where, writes = _writes(plan, step)
    ends = "days" in step.parameters and where == "journal"
    fates: dict[str, list[str]] = {}
    if step.kind == StepKind.RESTRICT:
        fates = _fates(work.people, plan, step, [one for one in accounts if one not in spared], seen)
    held = {why: len(some) for why, some in fates.items()}
    touched = len(accounts) - len(spared) - sum(held.values())
    return DryStep(
        step.id,
        step.kind,
        Stage(step.stage).shown,
        where,
        writes,
        step.state,
        len(accounts),
        touched if step.state in (StepState.PLANNED, StepState.FAILED) else 0,
        spared,
        held,
        {why: some[:MOST_NAMED] for why, some in fates.items()},
        told(now() + float(step.parameters["days"]) * DAY) if ends else None,
    )


def _writes(plan: Plan, step: Step) -> tuple[str, str]:
    more = step.parameters
    if step.kind == StepKind.RESTRICT:
        return "journal", f"act: {more['step']} for accounts of {plan.identity}"
    if step.kind == StepKind.HOLD:
        return "journal", f"hold: {plan.identity}"
    if step.kind == StepKind.FREE:
        return "journal", "exempt: one account"
    if step.kind == StepKind.TAKE_BACK:
        return "journal", f"end: what step {step.subject} wrote"
    if step.kind == StepKind.LETTER:
        return "letter", f"draft of the letter {more['letter']}"
    if step.kind == StepKind.LOOK:
        return "", ""
    return "message", f"plan.step: {step.kind} ({TELLS[StepKind(step.kind)]})"


def _fates(
    people: People | None, plan: Plan, step: Step, accounts: Iterable[str], seen: dict[str, Known | None]
) -> dict[str, list[str]]:
    """Accounts that the guard would leave alone, by the reason; permits count for any of the models taken.
    seen: what is known of accounts, which the next step needs too.
    """
    found: dict[str, list[str]] = {}
    models = [str(one["model"]) for one in plan.content.get("taint", {}).get("models", ())] or [""]
    for account in accounts:
        if people is not None and account not in seen:
            seen[account] = _known(people, account, models)
        why = WITHOUT_STATE if people is None else _fate(seen[account], step)
        if why:
            found.setdefault(why, []).append(account)
    return found


def _known(people: People, account: str, models: list[str]) -> Known | None:
    at = now()
    known = people.known(account, models[0], at)
    for model in models[1:] if known is not None else ():
        other = people.known(account, model, at)
        if other is not None and other.permission is Permission.COVERS:
            known = other
    return known


def _fate(known: Known | None, step: Step) -> str:
    return UNKNOWN if known is None else str(cleared(known) or _limits(known, step, now()))


def _limits(known: Known, step: Step, at: float) -> HeldBack:
    action = Action(LadderStep[str(step.parameters["step"]).upper()], account_tokens=1)
    lasts = int(float(step.parameters["days"]) * DAY)
    return held_back(
        known, Fired("plan", "", RuleStage.LIVE, action, "", lasts, at), 0.0, max(at, known.since)
    )


def sums(steps: Iterable[DryStep]) -> dict[str, Any]:
    """Return the whole of it: entries, messages, letters, accounts touched, and who is left alone."""
    would = [one for one in steps if one.state in (StepState.PLANNED, StepState.FAILED)]
    held: Counter[str] = Counter()
    for one in would:
        for why, count in one.held_back.items():
            held[why] = max(held[why], count)
    return {
        "entries": sum(one.where == "journal" for one in would),
        "messages": sum(one.where == "message" for one in would),
        "letters": sum(one.where == "letter" for one in would),
        "touched": max((one.touched for one in would if one.kind == StepKind.RESTRICT), default=0),
        "held_back": dict(held),
    }
