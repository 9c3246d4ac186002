"""Test the sets that content formed on half of the time on what their accounts did on the other half."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stillwatch.engine import Engine, Table
from stillwatch.heldout.coverage import coverage
from stillwatch.heldout.passing_on import passing_on
from stillwatch.schema.codes import Null, NullTested, Tie

FACETS = {Tie.CONVERSATIONS: ["handover"], Tie.TEMPLATE: ["dealt"]}
"""What tests a set, by what ties it: a facet, or how prompts are dealt out."""


@dataclass(frozen=True)
class AlikeTests:
    """What the test half says about each set."""

    log_e: dict[int, float]
    """Natural logarithm of its e-value."""
    null: dict[int, NullTested]
    """What it was tested against."""
    p_values: dict[tuple[int, int], float]
    """(group, account): p-value of the account alone, in the test half; only of sets that hand conversations
    on. How prompts are dealt out says nothing about one account.
    """
    facets: dict[int, list[str]]
    """What speaks for each set: FACETS, where its bet won."""


def alike_tests(
    engine: Engine,
    exchanges: Table,
    strata: Table,
    members: pa.Table,
    ties: dict[int, Tie],
    handed: Table,
    halves: Table,
) -> AlikeTests:
    """members: group, account, nats. ties: what ties each group. handed, halves: tables of linkage."""
    group = members.column("group").to_numpy()
    names = {tie: [name for name, of in ties.items() if of == tie] for tie in Tie}
    talking, asking = (members.filter(pa.array(np.isin(group, names[tie]))) for tie in Tie)
    passed = passing_on(engine, exchanges, handed, halves, strata, talking)
    dealt = coverage(engine, exchanges, halves, asking)
    log_e = {name: dealt.get(name, 0.0) for name in ties} | {name: one.log_e for name, one in passed.items()}
    null = {name: NullTested(Null.COVERAGE) for name in names[Tie.TEMPLATE]} | {
        name: NullTested(Null.CONVERSATIONS) for name in passed
    }
    p_values = {(name, account): p for name, one in passed.items() for account, p in one.p_values.items()}
    facets = {name: FACETS[ties[name]] for name, value in log_e.items() if value > 0.0}
    return AlikeTests(log_e, null, p_values, facets)
