"""Wrongful action is counted: accounts that met a step and should not have, by kind, verdict and stage."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from stillwatch.cases.case import Case, Label
from stillwatch.cases.labels import ACCOUNT
from stillwatch.cases.precision import exact_interval
from stillwatch.cases.remediation.appeals import OVERTURN, PARTLY
from stillwatch.cases.remediation.left_out import SPARED
from stillwatch.cases.remediation.plan_words import RESTORES, Stage, StepKind
from stillwatch.cases.remedy import Appeal, Crowd, Step
from stillwatch.cases.states import Outcome, State
from stillwatch.cases.store import Store
from stillwatch.guard.moments import told

DAY = 86_400.0
NO_MISTAKE = (Outcome.INSUFFICIENT,)
"""Outcomes after which what was done is taken back, and nobody can tell whether it was wrong."""


@dataclass(frozen=True)
class Acted:
    """An account that met a step."""

    case: int
    account: str
    kind: str
    """Kind of the case."""
    verdict: str
    """Verdict of its campaign."""
    stage: int
    """The hardest stage that it met."""
    since: float
    """When it first met one, POSIX seconds."""
    until: float
    """When the last of them ended or ends, POSIX seconds."""
    wrong: str = ""
    """overturned, partly, dismissed, cleared; empty: it stands."""
    appeal: str = ""
    """The appeal that showed it."""

    def days(self, now: float) -> float:
        """Return how long it lasted until a time, days."""
        return max(min(self.until, now) - self.since, 0.0) / DAY


@dataclass(frozen=True)
class WrongShare:
    """How often accounts of one sort were acted against wrongly."""

    by: str
    """What they are sorted by: all, kind, verdict or stage."""
    name: str
    """Which of them."""
    acted: int
    """Accounts that met a step."""
    wrong: int
    """Those for which it was wrong; an appeal granted in part is counted apart."""
    partly: int
    """Those whose appeal was granted in part."""
    share: float
    """Wrong of acted."""
    low: float
    """Lower end of the exact interval (Clopper and Pearson 1934), coverage at least 0.95."""
    high: float
    """Upper end of it."""
    days: float | None
    """How long wrongful steps lasted, median, days; None where there are none."""


@dataclass(frozen=True)
class Wrongful:
    """The whole count."""

    acted: int
    """Accounts that met a step, each once for each case."""
    appeals: int
    """Appeals that came in."""
    open: int
    """Those that are not answered."""
    breached: int
    """Those that were or are answered late."""
    shares: tuple[WrongShare, ...]
    """All first, then by kind, verdict and stage; within one, the most accounts first."""
    accounts: tuple[Acted, ...]
    """The accounts for which it was wrong, or partly."""

    def document(self) -> dict[str, Any]:
        """Return it for people and programs: times as ISO 8601."""
        rows = [
            {
                **asdict(one),
                "stage": Stage(one.stage).shown,
                "since": told(one.since),
                "until": told(one.until),
            }
            for one in self.accounts
        ]
        return {**asdict(self), "accounts": rows}


def wrongful(store: Store, now: float) -> Wrongful:
    """Count over a store. now: POSIX seconds."""
    appeals = store.remedies.all(Appeal)
    everybody = _acted(store)
    cases = {case.id: case for case in store.cases({number for number, _ in everybody})}
    acted = list(_judged(everybody, cases, appeals, store.labels()))
    counts: dict[tuple[str, str], list[Acted]] = {}
    for one in acted:
        sorts = (
            ("all", "all"),
            ("kind", one.kind),
            ("verdict", one.verdict),
            ("stage", Stage(one.stage).shown),
        )
        for key in sorts:
            counts.setdefault(key, []).append(one)
    order = ("all", "kind", "verdict", "stage")
    shares = [_share(by, name, some, now) for (by, name), some in counts.items()]
    shares.sort(key=lambda one: (order.index(one.by), -one.acted, one.name))
    return Wrongful(
        len(acted),
        len(appeals),
        sum(one.state == "open" for one in appeals),
        sum((one.answered or now) > one.due for one in appeals),
        tuple(shares),
        tuple(one for one in acted if one.wrong),
    )


def _acted(store: Store) -> dict[tuple[int, str], tuple[int, float, float]]:
    """Every account that met a step, by case and account: the hardest stage, since when, until when."""
    crowds = {one.id: one.accounts for one in store.remedies.all(Crowd)}
    found: dict[tuple[int, str], tuple[int, float, float]] = {}
    for step in store.remedies.all(Step):
        if step.kind != StepKind.RESTRICT or step.done is None:
            continue
        ends = step.undone if step.undone is not None else step.until or step.done
        out = set(step.left_out)
        for account in crowds.get(step.crowd, ()):
            if account in out:
                continue
            key = (step.case_id, account)
            stage, since, until = found.get(key, (step.stage, step.done, ends))
            found[key] = (max(stage, step.stage), min(since, step.done), max(until, ends))
    return found


def _judged(
    acted: Mapping[tuple[int, str], tuple[int, float, float]],
    cases: Mapping[int, Case],
    appeals: Iterable[Appeal],
    labels: Iterable[Label],
) -> Iterable[Acted]:
    """The same with what people found since: the last word about an account counts."""
    granted = {(one.case_id, one.account): one for one in appeals if one.answer in (PARTLY, OVERTURN)}
    said = {one.subject: one for one in labels if one.scope == ACCOUNT}
    for (number, account), (stage, since, until) in acted.items():
        case = cases[number]
        judged = case.judged or case.found
        appeal, label, wrong = granted.get((number, account)), said.get(account), ""
        if appeal is not None:
            wrong = "overturned" if appeal.answer == OVERTURN else "partly"
            until = min(until, appeal.answered or until)
        elif case.state == State.CLOSED and case.outcome in RESTORES and case.outcome not in NO_MISTAKE:
            wrong = "dismissed"
        elif label is not None and label.case == number and label.label in SPARED:
            wrong = "cleared"
        kind, verdict = str(judged.get("kind", case.kind)), str(judged.get("verdict", ""))
        name = appeal.id if appeal else ""
        yield Acted(number, account, kind, verdict, stage, since, until, wrong, name)


def _share(by: str, name: str, some: list[Acted], now: float) -> WrongShare:
    wrong = [one for one in some if one.wrong and one.wrong != "partly"]
    low, high = exact_interval(len(wrong), len(some))
    days = [one.days(now) for one in wrong]
    partly = sum(one.wrong == "partly" for one in some)
    share = len(wrong) / len(some)
    lasted = round(statistics.median(days), 3) if days else None
    return WrongShare(by, name, len(some), len(wrong), partly, share, low, high, lasted)
