"""Stage linkage: traces to groups, without the accounts whose permits explain them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pyarrow as pa
from ibis import _

from stillwatch.campaigns.licensees import without_licensees
from stillwatch.campaigns.owners import owners
from stillwatch.campaigns.permits import permitted
from stillwatch.engine import Engine, Table
from stillwatch.linkage import link, strata
from stillwatch.linkage.link import Linked
from stillwatch.pipeline.stages.candidate_accounts import verified_name
from stillwatch.pipeline.stages.facets import Observed
from stillwatch.pipeline.stored import Stored
from stillwatch.report_tables.labels import Labels
from stillwatch.settings import Settings


@dataclass(frozen=True)
class Groups:
    """Groups of accounts that act as one."""

    strata: Table
    """Table strata: who each account's peers are."""
    declared: Table
    """Table owners: the owner that each account declares."""
    linked: Linked
    """The groups, those near them, and the evidence that formed them; licensees are neither members nor
    near.
    """
    licensed: frozenset[int]
    """Accounts that a permit names."""


def form_groups(
    engine: Engine,
    stored: Stored,
    seen: Observed,
    labels: Labels,
    settings: Settings,
    progress: Callable[[str], None],
) -> Groups:
    """Tables strata and owners, and the groups that the formation facets give."""
    progress("strata")
    peer_strata = strata(engine, seen.tables.visits, stored.accounts, seen.tables.activity)
    declared = owners(engine, stored.accounts, settings.campaigns)
    linked = link(engine, seen.traces, peer_strata, declared, settings.linkage, progress)
    permits = _permitted(engine, stored, labels)
    members, near = without_licensees(linked.members, linked.near, permits, settings.linkage.smallest_group)
    return Groups(peer_strata, declared, replace(linked, members=members, near=near), frozenset(permits))


def _permitted(engine: Engine, stored: Stored, labels: Labels) -> dict[int, frozenset[int]]:
    """Keys of the accounts that a permit names, with the positions of those permits."""
    if not stored.permits:
        return {}
    ids = sorted(set().union(*(permit.accounts for permit in stored.permits)))
    named = engine.load("in_permits", pa.table({"account_id": pa.array(ids, pa.string())}))
    known = stored.accounts.select("account", "account_id", "organisation", "verification")
    both = known.semi_join(named, "account_id").union(
        known.filter(_.verification == "organisation"), distinct=True
    )
    rows = engine.collect(both).to_pylist()
    return permitted(
        stored.permits,
        {row["account"]: row["account_id"] for row in rows},
        {row["account"]: verified_name(row, labels) for row in rows},
    )
