"""Stage alike: sets that content forms on half of the time, and their tests on the other half.

They are of accounts that nothing else links.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Table
from stillwatch.heldout.alike import alike_tests
from stillwatch.heldout.members import alike_tiers
from stillwatch.linkage.alike import alike_sets
from stillwatch.linkage.halves import in_parts
from stillwatch.pipeline.stages.facets import Observed
from stillwatch.pipeline.stages.heldout import HeldOutTests
from stillwatch.pipeline.stages.linkage import Groups
from stillwatch.schema.table import rows_in, values
from stillwatch.settings import Settings

Ints = npt.NDArray[np.int64]
CONVERSATIONS = ("continues", "leaves", "signatures", "signed")
"""Columns of exchanges that tell who takes on whose conversation."""
COLUMNS = ("request", "account", "part", "prompt", "head", "tail", "system", "tools", *CONVERSATIONS)
"""Columns of exchanges that the stage reads, and the part of the time."""


def add_alike(
    engine: Engine,
    seen: Observed,
    groups: Groups,
    tests: HeldOutTests,
    settings: Settings,
    progress: Callable[[str], None],
) -> tuple[Groups, HeldOutTests]:
    """Return both with the sets added that may be listed; the others only count as hypotheses.

    Sets with fewer than `industrial_exchanges` are not tested: scale would not be high. A set whose e-value
    is below one over the false discovery rate cannot be listed, however many others are.
    """
    progress("content")
    exchanges = in_parts(seen.tables.exchanges).select(*COLUMNS)
    members = groups.linked.members
    taken = taken_accounts(members, tests.tiers.counted, groups.licensed)
    first = int(members.column("group").to_numpy().max(initial=0)) + 1
    alike = alike_sets(engine, exchanges, groups.declared, taken, first, settings.linkage)
    large = _large(engine, seen.tables.activity, alike.members, settings.campaigns.industrial_exchanges)
    ties = {name: tie for name, tie in alike.ties.items() if name in large}
    tested = rows_in(alike.members, "group", ties)
    found = alike_tests(engine, exchanges, groups.strata, tested, ties, alike.handed, alike.halves)
    least = -np.log(settings.campaigns.false_discovery_rate)
    kept = {name for name, value in found.log_e.items() if value >= least}
    held = replace(
        tests.held,
        null=tests.held.null | {name: found.null[name] for name in kept},
        log_e=tests.held.log_e | {name: found.log_e[name] for name in kept},
        p_values=tests.held.p_values | {place: p for place, p in found.p_values.items() if place[0] in kept},
        facets=tests.held.facets | {name: found.facets[name] for name in kept},
    )
    formed = groups.linked.evidence
    evidence = pa.concat_tables([formed, rows_in(alike.evidence, "group", kept).cast(formed.schema)])
    found_tiers = alike_tiers(
        rows_in(tested, "group", kept),
        held.p_values,
        settings.linkage.smallest_group,
        settings.campaigns.naming_level,
    )
    return replace(groups, linked=replace(groups.linked, evidence=evidence)), replace(
        tests,
        held=held,
        tiers=tests.tiers.joined(found_tiers),
        alike=frozenset(kept),
        lost=len(found.log_e) - len(kept),
        halved=_halved(engine, alike.halves),
    )


def taken_accounts(members: pa.Table, counted: pa.Table, licensed: Collection[int]) -> Ints:
    """Return the accounts that content may group no more: those of groups, and those that permits name.

    counted: accounts that groups' numbers rest on. One close to a group may be named in it without being one
    of its members, and no account is in two groups.
    """
    linked = (table.column("account").to_numpy() for table in (members, counted))
    return np.unique(np.concatenate([*linked, np.array(sorted(licensed), np.int64)]))


def _halved(engine: Engine, halves: Table) -> bool:
    """Whether some parts of the time form and some test. halves: part, tests."""
    return bool(engine.collect(halves.agg(sides=_.tests.nunique())).column("sides")[0].as_py() == 2)


def _large(engine: Engine, activity: Table, members: pa.Table, least: int) -> set[int]:
    """The groups whose accounts sent `least` exchanges or more. activity: account, n."""
    known = activity.join(engine.load("alike_members", members.select(["group", "account"])), "account")
    volumes = engine.collect(known.group_by("group").agg(n=_.n.sum()).filter(_.n >= least).order_by("group"))
    return set(values(volumes, "group"))
