"""A plan is made of a case: from the tiers of its frozen evidence, its kind, and what people decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stillwatch.cases.case import Case
from stillwatch.cases.evidence import Frozen
from stillwatch.cases.labels import evidence_at
from stillwatch.cases.remediation.left_out import left_out
from stillwatch.cases.remediation.plan_words import (
    ACT,
    RESTORE,
    RESTORES,
    PlanState,
    Stage,
    StepKind,
    StepState,
)
from stillwatch.cases.remediation.taken import taken
from stillwatch.cases.remediation.watching import watch_of
from stillwatch.cases.remediation.work import Work, now
from stillwatch.cases.remedy import Crowd, Plan, Record, Step
from stillwatch.cases.states import Kind, State
from stillwatch.errors import CaseError
from stillwatch.guard.moments import told

AT_ONCE = 20_000
"""Accounts that one entry of the journal names."""
RESTRICTS = (Stage.SLOW, Stage.VERIFY, Stage.BLOCK)


@dataclass
class Draft:
    """A plan while it is made."""

    work: Work
    case: Case
    kept: Frozen
    plan: Plan
    made: list[Record] = field(default_factory=list)
    crowds: int = 0
    steps: int = 0

    def crowd(self, tier: str, accounts: Iterable[str]) -> list[str]:
        """Name accounts; returns the crowds' names."""
        wanted, names = sorted(set(accounts)), []
        for start in range(0, len(wanted), AT_ONCE):
            self.crowds += 1
            name = f"{self.case.id}.c{self.crowds}"
            part = tuple(wanted[start : start + AT_ONCE])
            self.made.append(Crowd(name, self.case.id, self.plan.id, tier, part))
            names.append(name)
        return names

    def step(self, kind: StepKind, stage: Stage, *, crowd: str = "", subject: str = "", **more: Any) -> None:
        """Add a step."""
        self.steps += 1
        place = sum(isinstance(one, Step) for one in self.made) + 1
        self.made.append(
            Step(
                f"{self.case.id}.s{self.steps}",
                self.case.id,
                self.plan.id,
                place,
                str(kind),
                int(stage),
                crowd,
                subject or self.plan.identity,
                more,
            )
        )


def planned(work: Work, case: Case, by: str, why: str) -> list[Record]:
    """Return a new plan with its crowds and steps, and the one that it takes the place of.

    Raises CaseError where the last one is being carried out or taken back.
    """
    before = work.plan(case.id)
    if before is not None and before.state in (PlanState.CARRYING, PlanState.UNDOING):
        raise CaseError(
            f"plan {before.id} is {before.state}; another cannot take its place yet",
            where=f"case {case.id}",
            do="let it end: `stillwatch case resume`",
        )
    kept = evidence_at(work.store, case.id)
    closed = case.state == State.CLOSED
    version = 1 if before is None else before.version + 1
    plan = Plan(
        f"{case.id}.p{version}",
        case.id,
        version,
        RESTORE if closed else ACT,
        made=now(),
        by=by,
        why=why,
        identity=case.identity,
        run=str(kept.about.get("id") or ""),
        digest=str(kept.about.get("digest") or ""),
        evidence=kept.sha256,
    )
    remedies = work.remedies
    draft = Draft(
        work,
        case,
        kept,
        plan,
        crowds=len(remedies.of_case(Crowd, case.id)),
        steps=len(remedies.of_case(Step, case.id)),
    )
    content = _restore(draft) if closed else _act(draft)
    if not any(isinstance(one, Step) for one in draft.made):
        raise CaseError(
            "there is nothing to do: nothing was done about it, and nothing is to be",
            where=f"case {case.id}",
            do="see `stillwatch case plan CASE --show`",
        )
    return [*_replaced(work, before, plan), replace(plan, content=content), *draft.made]


def in_force(work: Work, case: int, kinds: Sequence[StepKind]) -> list[Step]:
    """Return steps of a case that were done, wrote into the journal and were not taken back."""
    return [
        step
        for step in work.remedies.of_case(Step, case)
        if step.state == StepState.DONE and step.seq is not None and step.kind in kinds
    ]


def _replaced(work: Work, before: Plan | None, plan: Plan) -> list[Record]:
    """The plan before, and those of its steps that will not be carried out any more."""
    if before is None:
        return []
    why = f"plan {plan.id} took its place"
    steps = [
        replace(step, state=str(StepState.SKIPPED), why=why)
        for step in work.steps(before)
        if step.state in (StepState.PLANNED, StepState.FAILED)
    ]
    changes = before.state in (PlanState.PLANNED, PlanState.STOPPED) or bool(steps)
    return [replace(before, state=str(PlanState.REPLACED), why=why), *steps] if changes else []


def _act(draft: Draft) -> dict[str, Any]:
    """Steps against accounts, or for them."""
    case, settings = draft.case, draft.work.settings
    tiers: dict[str, list[str]] = {"named": [], "present": []}
    for row in draft.kept.table("members").to_pylist():
        tiers.setdefault(row["tier"], []).append(row["account_id"])
    spared = left_out(draft.work.store, [one for some in tiers.values() for one in some], now())
    tiers = {tier: [one for one in some if one not in spared] for tier, some in tiers.items()}
    for step in in_force(draft.work, case.id, (StepKind.HOLD,)):
        if case.kind != Kind.VICTIM:
            draft.step(StepKind.TAKE_BACK, Stage.FIRST, subject=step.id)
    _free(draft)
    if case.kind == Kind.VICTIM:
        _help(draft, tiers)
    elif case.kind == Kind.OPERATOR:
        _restrict(draft, tiers)
    else:
        _ask(draft, tiers)
    draft.step(StepKind.TAINT, Stage.FIRST)
    draft.step(StepKind.SHARE, Stage.APART)
    return {
        "taint": taken(draft.kept),
        "left_out": [{"account": name, "why": why} for name, why in sorted(spared.items())],
        "tiers": {tier: len(some) for tier, some in tiers.items()},
        "budget": {
            "account_tokens": settings.slow_account_tokens,
            "campaign_tokens": settings.slow_campaign_tokens,
        }
        if case.kind == Kind.OPERATOR
        else {},
        "watch": watch_of(draft.kept, case),
        "sharing": _offer(draft.kept),
        "appeal_days": settings.appeal_days,
        "answer_days": settings.answer_days,
    }


def _restrict(draft: Draft, tiers: dict[str, list[str]]) -> None:
    settings = draft.work.settings
    for crowd in draft.crowd("present", tiers["present"]):
        draft.step(StepKind.LOOK, Stage.FIRST, crowd=crowd, why="formation evidence only: look, do not act")
    named = draft.crowd("named", tiers["named"])
    days = {
        Stage.SLOW: settings.slow_days,
        Stage.VERIFY: settings.verify_days,
        Stage.BLOCK: settings.block_days,
    }
    for stage in RESTRICTS:
        if stage is Stage.SLOW and not (settings.slow_account_tokens or settings.slow_campaign_tokens):
            continue
        for crowd in named:
            more: dict[str, Any] = {"step": stage.shown, "days": days[stage], "reason": settings.reason_code}
            if stage is Stage.SLOW:
                more |= {"account_tokens": settings.slow_account_tokens}
                more |= {"campaign_tokens": settings.slow_campaign_tokens}
            draft.step(StepKind.RESTRICT, stage, crowd=crowd, **more)
        if named:
            letter: dict[str, Any] = {"letter": "restricted", "step": stage.shown, "days": days[stage]}
            draft.step(StepKind.LETTER, stage, crowds=named, **letter)


def _help(draft: Draft, tiers: dict[str, list[str]]) -> None:
    """Victims are helped and never restricted: a hold first, so that no rule meets them meanwhile."""
    if not in_force(draft.work, draft.case.id, (StepKind.HOLD,)):
        draft.step(StepKind.HOLD, Stage.FIRST, days=draft.work.settings.label_days)
    crowds = draft.crowd("victim", [one for some in tiers.values() for one in some])
    for crowd in crowds:
        draft.step(StepKind.ROTATE_KEYS, Stage.FIRST, crowd=crowd)
    if crowds:
        draft.step(StepKind.LETTER, Stage.FIRST, crowds=crowds, letter="victim")


def _ask(draft: Draft, tiers: dict[str, list[str]]) -> None:
    """Nobody is restricted whose campaign is no operator's: the guard's limits would not let it happen."""
    crowds = draft.crowd("named", [one for some in tiers.values() for one in some])
    for crowd in crowds:
        draft.step(StepKind.LOOK, Stage.FIRST, crowd=crowd, why="a person looks first, and asks")
    if crowds and draft.case.kind == Kind.UNLICENSED:
        draft.step(StepKind.LETTER, Stage.FIRST, crowds=crowds, letter="review")


def _free(draft: Draft) -> None:
    """Accounts that people cleared since they were restricted."""
    work, case = draft.work, draft.case
    steps = in_force(work, case.id, (StepKind.RESTRICT,))
    touched = work.accounts(step.crowd for step in steps)
    freed = {
        account
        for step in in_force(work, case.id, (StepKind.FREE,))
        for account in work.accounts([step.crowd])
        if step.until is None or step.until > now()
    }
    for account, why in left_out(work.store, touched, now()).items():
        if account not in freed and not why.startswith("appeal "):
            (crowd,) = draft.crowd("account", [account])
            draft.step(StepKind.FREE, Stage.FIRST, crowd=crowd, why=why)


def _restore(draft: Draft) -> dict[str, Any]:
    """Steps that take back what was done, and keep the gateway's rules from doing it again."""
    work, case = draft.work, draft.case
    if case.outcome not in RESTORES:
        raise CaseError(
            f"a case that is closed as {case.outcome} has nothing to plan",
            where=f"case {case.id}",
            do="open it again first; to take back single steps: `stillwatch case undo`",
        )
    for step in in_force(work, case.id, (StepKind.RESTRICT,)):
        draft.step(StepKind.TAKE_BACK, Stage.FIRST, subject=step.id)
    if not in_force(work, case.id, (StepKind.HOLD,)):
        draft.step(StepKind.HOLD, Stage.FIRST, days=work.settings.label_days)
    restricted = work.accounts(step.crowd for step in in_force(work, case.id, (StepKind.RESTRICT,)))
    if restricted:
        draft.step(StepKind.LETTER, Stage.FIRST, crowds=draft.crowd("named", restricted), letter="restored")
    return {"outcome": case.outcome, "closed": told(case.updated), "accounts": len(restricted)}


def _offer(kept: Frozen) -> dict[str, Any]:
    """What could be shared: marks by facet, in figures; never a customer."""
    marks: dict[str, int] = {}
    for row in kept.table("campaign_keys").to_pylist():
        marks[row["facet"]] = marks.get(row["facet"], 0) + 1
    return {"marks": marks, "shares": "infrastructure and behaviour, no customers", "decided": False}
