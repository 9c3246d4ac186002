"""Stage verdicts: tests, scores and permits to campaigns and their members."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from stillwatch.campaigns.assemble import Tested, campaigns_table
from stillwatch.campaigns.permit_use import harvests
from stillwatch.campaigns.roles import NO_ORIGINS, Origins
from stillwatch.engine import Engine
from stillwatch.heldout.error_control import bound, passed
from stillwatch.heldout.members import tier_counts
from stillwatch.heldout.owner_bets import NULLS
from stillwatch.pipeline.stages.candidate_accounts import (
    CandidateAccounts,
    Row,
    bystander_accounts,
    bystanders_table,
    candidate_accounts,
    verified_name,
)
from stillwatch.pipeline.stages.candidates import Candidates
from stillwatch.pipeline.stages.facets import Observed
from stillwatch.pipeline.stages.heldout import HeldOutTests
from stillwatch.pipeline.stages.linkage import Groups
from stillwatch.pipeline.stages.origins import origins_of
from stillwatch.pipeline.stages.signals import Scored
from stillwatch.pipeline.stored import Stored
from stillwatch.report_tables.labels import Labels
from stillwatch.schema.codes import FORMED, NullTested, Tier
from stillwatch.schema.found import GROUPS
from stillwatch.schema.table import values
from stillwatch.settings import CampaignSettings


@dataclass(frozen=True)
class _Proof:
    """How one candidate was tested."""

    log_e: float
    """Natural logarithm of its e-value."""
    null: NullTested
    """What it was tested against."""
    held_out: list[str]
    """The facets that tested it."""
    at_least: int
    """At least so many of its accounts take part; 0 where nothing was held out."""


def reach_verdicts(
    engine: Engine,
    stored: Stored,
    seen: Observed,
    groups: Groups,
    tests: HeldOutTests,
    candidates: Candidates,
    scored: Scored,
    labels: Labels,
    settings: CampaignSettings,
    progress: Callable[[str], None],
) -> dict[str, pa.Table]:
    """Tables campaigns (every candidate's), groups, members and bystanders."""
    progress("verdicts")
    chosen = candidates.chosen
    accounts = candidate_accounts(engine, scored.inputs.members, stored.accounts, groups.declared)
    kinds = dict(zip(values(chosen, "group"), values(chosen, "kind"), strict=True))
    held, tiers = tests.held, tests.tiers
    beside = bystander_accounts(engine, seen, tiers, stored.accounts, groups.declared, set(kinds))
    people = _People(
        accounts, tier_counts(tiers, set(kinds)), origins_of(engine, seen, groups.declared, tiers.counted)
    )
    proofs = _proofs(kinds, tests, candidates.bets, settings.bound_level)
    tested = _tested(engine, kinds, proofs, people, scored, groups.licensed, labels)
    passing = passed([item.log_e for item in tested], candidates.lost, settings.false_discovery_rate)
    return {
        "campaigns": campaigns_table(tested, passing, stored.permits, settings),
        "groups": _groups_table(chosen, groups.linked.anchors),
        "members": accounts.members_table(tiers, held.p_values, labels),
        "bystanders": bystanders_table(beside, tiers, held.p_values, labels),
    }


@dataclass(frozen=True)
class _People:
    """The accounts of the candidates."""

    accounts: CandidateAccounts
    """Who they are."""
    tiers: dict[int, dict[str, int]]
    """For each linked group, its accounts of each tier."""
    origins: dict[int, Origins]
    """What each linked group's accounts did before and beside."""


def _proofs(
    kinds: dict[int, str], tests: HeldOutTests, bets: dict[int, float], level: float
) -> dict[int, _Proof]:
    """How each candidate was tested: a formed group on what was held out, an owner on its daily prompts."""
    held = tests.held
    p_values = held.by_group()
    named = tests.tiers.named()
    return {
        group: _Proof(
            held.log_e.get(group, 0.0),
            held.null[group],
            held.facets.get(group, []),
            bound(p_values.get(group, {}), named.get(group, set()), level),
        )
        if kind in FORMED
        else _Proof(bets.get(group, 0.0), NULLS[kind], ["flags"], 0)
        for group, kind in kinds.items()
    }


def _tested(
    engine: Engine,
    kinds: dict[int, str],
    proofs: dict[int, _Proof],
    known: _People,
    scored: Scored,
    licensed: frozenset[int],
    labels: Labels,
) -> list[Tested]:
    """One record for each candidate."""
    sums = {row["group"]: row for row in engine.collect(scored.inputs.sums).to_pylist()}
    models = _models(engine, scored)
    scores = _scores(scored.scores)
    asked = _by_group(scored.inputs.intents.groups)
    people = known.accounts.by_group()
    distilled = harvests(engine, scored.inputs.exchanges, set(licensed))
    return [
        Tested(
            group=group,
            kind=kind,
            sums=sums[group],
            intents=asked.get(group, []),
            scores=scores.get(group, {}),
            log_e=proofs[group].log_e,
            null=proofs[group].null,
            held_out=proofs[group].held_out,
            at_least=proofs[group].at_least,
            accounts={row["account"] for row in people[group]},
            account_ids={row["account_id"] for row in people[group]},
            organisations={verified_name(row, labels) for row in people[group]},
            models=models.get(group, set()),
            harvest=distilled.get(group, []),
            tiers=known.tiers.get(group, {Tier.NAMED.value: len(people[group])}),
            origins=known.origins.get(group, NO_ORIGINS),
            owner_accounts=known.accounts.of_one_owner(people[group]),
        )
        for group, kind in sorted(kinds.items())
    ]


def _models(engine: Engine, scored: Scored) -> dict[int, set[str]]:
    """The models that each group asked."""
    models: dict[int, set[str]] = {}
    for row in engine.collect(scored.inputs.exchanges.select("group", "model").distinct()).to_pylist():
        models.setdefault(row["group"], set()).add(row["model"] or "")
    return models


def _scores(scores: pa.Table) -> dict[int, dict[str, float]]:
    """Each group's scores, by signal."""
    found: dict[int, dict[str, float]] = {}
    for row in scores.select(["group", "signal", "score"]).to_pylist():
        found.setdefault(row["group"], {})[row["signal"]] = row["score"]
    return found


def _by_group(table: pa.Table) -> dict[int, list[Row]]:
    groups: dict[int, list[Row]] = {}
    for row in table.to_pylist():
        groups.setdefault(row["group"], []).append(row)
    return groups


def _groups_table(chosen: pa.Table, anchors: dict[int, int]) -> pa.Table:
    """Table groups."""
    counted = chosen.group_by(["group", "kind"]).aggregate([("account", "count")]).sort_by("group")
    rows = [
        {
            "group": row["group"],
            "kind": row["kind"],
            "accounts": row["account_count"],
            "anchors": anchors.get(row["group"], 0),
        }
        for row in counted.to_pylist()
    ]
    return pa.Table.from_pylist(rows, schema=GROUPS.arrow)
