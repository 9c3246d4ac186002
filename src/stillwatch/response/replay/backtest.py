"""A backtest: what rules would have done on the stored days of a run, as a document."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.iso_time import iso
from stillwatch.response.ladder import Step
from stillwatch.response.language.rule import Rule
from stillwatch.response.policy_store import CEILED
from stillwatch.response.replay.people import CUSTOMERS, day_of
from stillwatch.response.replay.states import replayed
from stillwatch.response.replay.touched import Outcomes, Tested, Touched, interval


@dataclass(frozen=True, slots=True)
class Backtest:
    """What rules would have done."""

    tested: tuple[Tested, ...]
    """Each rule, as if it were live."""
    document: dict[str, Any]
    """All of it."""


def backtest(
    run: Path,
    rules: Sequence[Rule],
    *,
    days: int = 0,
    exempt: Collection[str] = (),
    made: datetime | None = None,
) -> Backtest:
    """Replay the stored days of a run.

    days: how many of the last; 0: all. exempt: ids to show of accounts that a person exempted. made: the time
    to tell; now where it is not given. Raises RunError where the run cannot be read.
    """
    outcomes = Outcomes(replayed(run, rules, days=days, exempt=exempt), rules)
    tested = tuple(outcomes.tested(column) for column in range(len(rules)))
    replay = outcomes.replay
    seen = replay.seen()
    kinds = np.bincount(replay.people.kind[seen], minlength=len(CUSTOMERS))
    benign = int(replay.people.benign[seen].sum())
    document = {
        "made": iso(made or datetime.now(UTC)),
        "run": {"id": replay.run, "digest": replay.digest},
        "days": {"first": day_of(replay.days[0]), "last": day_of(replay.days[1])},
        "accounts": {
            "all": len(seen),
            "benign": benign,
            "by_kind": {str(kind): int(n) for kind, n in zip(CUSTOMERS, kinds, strict=True) if n},
        },
        "exchanges": int(replay.exchanges.sum()),
        "rules": [_rule(one, benign) for one in tested],
        "steps": {step: touched.row() for step, touched in _by_step(outcomes).items() if touched.accounts},
    }
    return Backtest(tested, document)


def _rule(one: Tested, benign: int) -> dict[str, Any]:
    rule = one.rule
    low, high = interval(one.benign, benign)
    return {
        "rule": rule.name,
        "version": rule.version,
        "step": rule.action.step.name.lower(),
        "kind": str(rule.kind),
        "asked": one.asked.row(),
        "done": one.done.row(),
        "held_back": one.held,
        "benign": {
            "asked": one.benign,
            "of": benign,
            "share": one.benign / benign if benign else 0.0,
            "low": low,
            "high": high,
            "ceiling": rule.ceiling,
            "within": rule.kind not in CEILED or one.benign <= rule.ceiling,
        },
        "unknown": list(one.unknown),
    }


def _by_step(outcomes: Outcomes) -> dict[str, Touched]:
    """Who meets each step, whatever rule asks for it."""
    found = {}
    for step in reversed(Step):
        columns = [place for place, rule in enumerate(outcomes.rules) if rule.action.step is step]
        if columns:
            found[step.name.lower()] = outcomes.touched(np.asarray(outcomes.done[:, columns].any(axis=1)))
    return found
