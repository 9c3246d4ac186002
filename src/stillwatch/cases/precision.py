"""How often people overturned verdicts: the product's own precision in the field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.case import Case
from stillwatch.cases.models import CaseRow
from stillwatch.cases.states import Kind, Outcome, State
from stillwatch.cases.store import read_json

LEVEL = 0.95
"""Coverage of the intervals, at least."""
UPHELD = (Outcome.CONFIRMED, Outcome.VICTIM)
"""Outcomes after which the verdict stands: robbed customers' keys are really used by somebody."""
OVERTURNED = (Outcome.NOT_DISTILLATION, Outcome.LICENSED)
"""Outcomes after which it does not."""


@dataclass(frozen=True)
class Share:
    """How often verdicts of one sort were overturned."""

    by: str
    """What they are sorted by: all, verdict, kind or signal."""
    name: str
    """Which verdict, kind or signal."""
    decided: int
    """Cases that were decided either way."""
    overturned: int
    """Those whose verdict does not stand; by kind: or whose kind does not."""
    share: float
    """Overturned of decided."""
    low: float
    """Lower end of the exact interval (Clopper and Pearson 1934)."""
    high: float
    """Upper end of it."""


@dataclass(frozen=True)
class Precision:
    """The whole report."""

    cases: int
    """Cases in the store."""
    closed: int
    """Those that are closed."""
    undecided: int
    """Closed ones that say nothing about the verdict: insufficient evidence, or a duplicate."""
    shares: tuple[Share, ...]
    """All first, then by verdict, by kind, by signal; within one, the most cases first."""


def precision_of(cases: Iterable[Case]) -> Precision:
    """Return how often verdicts were overturned, from the last closing of each closed case."""
    every = list(cases)
    closed = [case for case in every if case.state == State.CLOSED]
    decided = [case for case in closed if case.outcome in (*UPHELD, *OVERTURNED)]
    counts: dict[tuple[str, str], list[bool]] = {}
    for case in decided:
        wrong = case.outcome in OVERTURNED
        kind = str(case.judged.get("kind", case.kind))
        other_kind = (case.outcome == Outcome.VICTIM) != (kind == Kind.VICTIM)
        told = [
            ("all", "all", wrong),
            ("verdict", str(case.judged.get("verdict", "")), wrong),
            ("kind", kind, wrong or other_kind),
            *(("signal", name, wrong) for name in case.judged.get("signals", ())),
        ]
        for by, name, overturned in told:
            counts.setdefault((by, name), []).append(overturned)
    order = ("all", "verdict", "kind", "signal")
    shares = [_share(by, name, found) for (by, name), found in counts.items()]
    shares.sort(key=lambda one: (order.index(one.by), -one.decided, one.name))
    return Precision(len(every), len(closed), len(closed) - len(decided), tuple(shares))


def precision_in(session: Session) -> Precision:
    """Return the same, reading of a store what it needs: of closed cases, what they were judged by."""
    whole = session.scalar(sa.select(sa.func.count()).select_from(CaseRow)) or 0
    columns = (CaseRow.id, CaseRow.kind, CaseRow.state, CaseRow.outcome, CaseRow.judged)
    rows = session.execute(sa.select(*columns).where(CaseRow.state == State.CLOSED).order_by(CaseRow.id))
    closed = [
        Case(number, kind=kind, state=state, outcome=outcome, judged=read_json(judged))
        for number, kind, state, outcome, judged in rows
    ]
    return replace(precision_of(closed), cases=whole)


def exact_interval(successes: int, trials: int, level: float = LEVEL) -> tuple[float, float]:
    """Return the interval of Clopper and Pearson (1934) for a share; of no trials it is 0 to 1."""
    from scipy.special import betaincinv  # scipy.stats takes a second to import

    half = (1.0 - level) / 2.0
    low = 0.0 if successes == 0 else float(betaincinv(successes, trials - successes + 1, half))
    high = 1.0 if successes == trials else float(betaincinv(successes + 1, trials - successes, 1.0 - half))
    return low, high


def _share(by: str, name: str, overturned: list[bool]) -> Share:
    low, high = exact_interval(sum(overturned), len(overturned))
    return Share(by, name, len(overturned), sum(overturned), sum(overturned) / len(overturned), low, high)
