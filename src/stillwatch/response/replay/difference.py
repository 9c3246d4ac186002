"""A candidate against what is live: which accounts would meet another step."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.response.ladder import Step
from stillwatch.response.language.rule import Rule
from stillwatch.response.replay.people import CUSTOMERS, day_of
from stillwatch.response.replay.states import replayed
from stillwatch.response.replay.touched import Outcomes

SHOWN = 20
"""Accounts that are named of each change."""


def difference(
    run: Path,
    live: Sequence[Rule],
    candidate: Sequence[Rule],
    *,
    days: int = 0,
    exempt: Collection[str] = (),
) -> dict[str, Any]:
    """Return the accounts of a run whose hardest step, after the limits, changes if a candidate takes the
    place of what is live. Raises RunError where the run cannot be read.
    """
    replay = replayed(run, [*live, *candidate], days=days, exempt=exempt)
    before, after = Outcomes(replay, live).hardest(), Outcomes(replay, candidate).hardest()
    changed = np.flatnonzero(before != after)
    kind = replay.people.kind
    rows = []
    for place, customer in enumerate(CUSTOMERS):
        own = changed[kind[changed] == place]
        pairs, where = np.unique(np.stack([before[own], after[own]]), axis=1, return_inverse=True)
        for number, (old, new) in enumerate(pairs.T.tolist()):
            accounts = own[where.ravel() == number]
            rows.append(
                {
                    "kind": str(customer),
                    "before": _said(old),
                    "after": _said(new),
                    "accounts": len(accounts),
                    "harder": new > max(old, Step.OBSERVE),
                    "milder": old > max(new, Step.OBSERVE),
                    "ids": replay.people.ids.take(accounts[:SHOWN]).to_pylist(),
                }
            )
    return {
        "run": {"id": replay.run, "digest": replay.digest},
        "days": {"first": day_of(replay.days[0]), "last": day_of(replay.days[1])},
        "accounts": len(replay.seen()),
        "changed": len(changed),
        "changes": rows,
    }


def _said(step: int) -> str:
    return "nothing" if step < 0 else Step(step).name.lower()
