"""Stored tables to campaigns: facets, linkage, signals, tests, verdicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from stillwatch.campaigns.assemble import Tested, campaigns_table
from stillwatch.campaigns.candidate_selection import choose_candidates, keep_for_review
from stillwatch.campaigns.candidates import candidates, peers
from stillwatch.campaigns.licensees import without_licensees
from stillwatch.campaigns.owners import owners
from stillwatch.campaigns.permit_use import harvests
from stillwatch.campaigns.permits import Permit, permitted
from stillwatch.engine import Engine, Table
from stillwatch.facets import build_traces, prepare
from stillwatch.facets.build import missing_shares
from stillwatch.heldout.content import HeldOut, held_out_evidence, held_traces
from stillwatch.heldout.error_control import bound, passed
from stillwatch.heldout.members import named_members
from stillwatch.heldout.owner_bets import NULLS, owner_bets
from stillwatch.heldout.owner_peers import main_clients
from stillwatch.heldout.semantic_evidence import SemanticEvidence
from stillwatch.linkage import link, strata
from stillwatch.pipeline.prompt_templates import NONE, Look, PromptTemplates, recover_templates
from stillwatch.report_tables.adjustments import adjustments_table
from stillwatch.report_tables.evidence import (
    SEMANTIC,
    carrying,
    evidence_table,
    links_table,
    member_count,
    ranked,
    shared_keys,
    with_carriers,
    with_semantic,
)
from stillwatch.report_tables.labels import Labels, labels_of
from stillwatch.report_tables.timeline import marks_table, timeline_table
from stillwatch.schema.found import GROUPS, MEMBER_EVIDENCE, MEMBERS
from stillwatch.schema.stored import BLINDNESS
from stillwatch.schema.table import moment, rows_where, values
from stillwatch.settings import Settings
from stillwatch.signals import SIGNAL_EXCHANGES, score_groups
from stillwatch.signals import prepare as prepare_inputs

Progress = Callable[[str], None]
PEERS_WANTED = 2_000
"""Accounts in no group that stand for everybody else."""


@dataclass(frozen=True)
class Stored:
    """What a search starts from, as Ibis tables and Arrow tables."""

    exchanges: Table
    """Table exchanges."""
    accounts: Table
    """Table accounts."""
    releases: Table
    """model, second; may be empty."""
    labels: pa.Table
    """Table labels."""
    permits: list[Permit] = field(default_factory=list)
    """Permits to distil."""
    look: Look | None = None
    """Finds the words of shared templates in the logs; None: no words are kept."""
    rates: pa.Table | None = None
    """Table RATES: how often the flags err; None: not known."""
    templates: bool = True
    """Whether the groups' templates are recovered: no verdict depends on them, and they take a quarter of a
    small search.
    """


@dataclass(frozen=True)
class SearchResult:
    """What a search ends with: the tables of schema.found, by name, and the traces."""

    tables: dict[str, pa.Table]
    """Arrow tables by name."""
    traces: Table
    """Table traces, in the engine."""
    tested: int
    """Groups tested."""
    said: pa.Table
    """Rows of table labels: the words of shared templates, where they may be kept."""


def search(engine: Engine, stored: Stored, settings: Settings, progress: Progress) -> SearchResult:
    """Run every stage from facets to verdicts."""
    progress("activity")
    tables = prepare(engine, stored.exchanges, stored.accounts, stored.releases)
    lacking = missing_shares(engine, tables)
    traces, blind_facets = build_traces(engine, tables, settings.linkage, progress, lacking)
    progress("strata")
    peer_strata = strata(engine, tables.visits, stored.accounts, tables.activity)
    declared = owners(engine, stored.accounts, settings.campaigns)
    linked = link(engine, traces, peer_strata, declared, settings.linkage, progress)
    labels = labels_of(stored.labels)
    permits = _permitted(engine, stored, labels)
    licensed = set(permits)
    members, near = without_licensees(linked.members, linked.near, permits, settings.linkage.smallest_group)
    volumes = engine.create(
        "volumes",
        tables.activity.group_by("account").agg(n=_.n.sum(), texts=_.texts.sum(), harvest=_.harvest.sum()),
    )
    progress("held-out tests")
    semantic_vectors = tables.exchanges.select("account", "semantic")
    held = held_out_evidence(
        engine, held_traces(engine, traces, peer_strata), peer_strata, members, semantic_vectors, near
    )
    named = named_members(members, near, held, held.everyone, settings.linkage, settings.campaigns)
    every = candidates(engine, named, declared, volumes, settings.campaigns.industrial_exchanges)
    counted = engine.collect(
        volumes.left_join(main_clients(engine, tables.visits), "account")
        .drop("account_right")
        .order_by("account")
    )
    bets = owner_bets(engine, tables.activity, counted, every)
    known = dict(zip(values(counted, "account"), values(counted, "n"), strict=True))
    chosen = keep_for_review(
        choose_candidates(every, bets, licensed), bets, licensed, known, settings.campaigns.benign_exchanges
    )
    blind = _blind_semantic(counted, held, members)
    lost = len(set(values(every, "group"))) - len(set(values(chosen, "group")))
    progress("groups' exchanges")
    sample = peers(engine, volumes, every, PEERS_WANTED)
    assigned = engine.load("assigned", pa.concat_tables([chosen.select(["group", "account"]), sample]))
    rows = _signal_exchanges(
        engine, tables, declared, _peer_volume(engine, peer_strata, volumes, every), assigned
    )
    inputs = prepare_inputs(engine, rows, tables.releases, stored.rates)
    missing = lacking | _missing_here(engine, inputs.sums)
    scores, blind_signals = score_groups(engine, inputs, missing, progress)
    progress("templates")
    shared = (
        recover_templates(engine, tables.exchanges, assigned, inputs.sums, settings.sketch, stored.look)
        if stored.templates
        else NONE
    )
    if shared.said.num_rows:
        labels = labels_of(stored.labels, shared.said)
    progress("verdicts")
    facts = _Facts(
        engine, chosen, held, bets, inputs, declared, stored, scores, licensed, settings.campaigns.bound_level
    )
    tested = facts.tested(labels)
    passing = passed([item.log_e for item in tested], lost, settings.campaigns.false_discovery_rate)
    evidence = _of_members(linked.evidence, named)
    result = {
        "campaigns": campaigns_table(tested, passing, stored.permits, settings.campaigns),
        "scores": scores,
        "groups": _groups(chosen, linked.anchors),
        "members": facts.members(labels),
        "member_evidence": evidence,
        "member_adjustments": adjustments_table(linked.caps, named),
        "intents": inputs.intents.groups,
        "account_intents": inputs.intents.accounts,
        "timeline": timeline_table(engine, inputs.exchanges),
        "marks": marks_table(engine, tables.releases, inputs.members),
        **(
            shared.tables(engine, inputs.templates, traces, labels, settings.sketch.template_accounts)
            if stored.templates
            else {}
        ),
        "blindness": _blindness(
            [("facet", b.name, b.reason, b.share) for b in blind_facets]
            + blind
            + [("signal", *b) for b in blind_signals],
            shared,
        ),
    }
    progress("evidence")
    result |= _evidence(engine, traces, chosen, evidence, held.semantic, labels)
    return SearchResult(result, traces, len(tested) + lost, shared.said)


def _permitted(engine: Engine, stored: Stored, labels: Labels) -> dict[int, frozenset[int]]:
    """Keys of the accounts that a permit names, with the positions of those permits."""
    if not stored.permits:
        return {}
    named = engine.load(
        "named",
        pa.table(
            {
                "account_id": pa.array(
                    sorted(set().union(*(permit.accounts for permit in stored.permits))), pa.string()
                )
            }
        ),
    )
    known = stored.accounts.select("account", "account_id", "organisation", "verification")
    both = known.semi_join(named, "account_id").union(
        known.filter(_.verification == "organisation"), distinct=True
    )
    rows = engine.collect(both).to_pylist()
    return permitted(
        stored.permits,
        {row["account"]: row["account_id"] for row in rows},
        {row["account"]: _verified(row, labels) for row in rows},
    )


def _peer_volume(engine: Engine, peer_strata: Table, volumes: Table, candidates: pa.Table) -> Table:
    """account, peer_volume: mean exchanges of the accounts of its region and plan that are no candidates; of
    everyone's where it has none.
    """
    taken = engine.load("taken", candidates.select(["account"]))
    known = peer_strata.select("account", "region", "plan").join(volumes.select("account", "n"), "account")
    free = known.anti_join(taken, "account")
    everyone = free.agg(total=_.n.sum(), accounts=_.count()).select(
        overall=_.total.cast("float64") / _.accounts
    )
    local = free.group_by("region", "plan").agg(total=_.n.sum(), accounts=_.count())
    means = local.select("region", "plan", mean=_.total.cast("float64") / _.accounts)
    joined = known.left_join(means, ["region", "plan"]).cross_join(everyone)
    return engine.create(
        "peer_volume", joined.select("account", peer_volume=ibis.coalesce(joined["mean"], joined.overall))
    )


def _signal_exchanges(
    engine: Engine, tables: Any, declared: Table, peer_volume: Table, assigned: Table
) -> Table:
    """The rows that signals read: exchanges of the candidates and the peers."""
    account = tables.accounts.select("account", "payment", "created_second", "banned_second").left_join(
        declared.select("account", "owner"), "account"
    )
    known = account.select("account", "payment", "created_second", "banned_second", "owner")
    rows = (
        tables.exchanges.join(assigned, "account")
        .left_join(known, "account")
        .left_join(peer_volume, "account")
    )
    return engine.create("signal_exchanges", rows.select(*SIGNAL_EXCHANGES.names))


def _missing_here(engine: Engine, sums: Table) -> dict[str, float]:
    """The share of the groups' exchanges without text; a log without any prompt has no flags either."""
    row = engine.collect(sums.agg(n=_.n.sum(), texts=_.texts.sum())).to_pylist()[0]
    lacking = 1.0 - (row["texts"] or 0) / row["n"] if row["n"] else 1.0
    return {f"exchanges.{name}": lacking for name in ("flags", "refused", "prompt", "head", "tail")}


def _blind_semantic(volumes: pa.Table, held: HeldOut, members: pa.Table) -> list[tuple[str, str, str, float]]:
    """What the test of the prompts' meaning could not see: prompts that the log did not hold, or all where
    none was sketched.
    """
    total = sum(values(volumes, "n"))
    share = (
        1.0
        if members.num_rows and not held.semantic.seen
        else 1.0 - sum(values(volumes, "texts")) / total
        if total
        else 1.0
    )
    return [("facet", SEMANTIC, "no exchanges.semantic", share)] if share > 0.0 else []


def _of_members(evidence: pa.Table, chosen: pa.Table) -> pa.Table:
    """The formation evidence of the accounts that were named in the end."""
    rows = evidence.join(chosen.select(["group", "account"]), ["group", "account"], join_type="inner")
    return (
        rows.select(MEMBER_EVIDENCE.names())
        .cast(MEMBER_EVIDENCE.arrow)
        .sort_by([(name, "ascending") for name in ("group", "account", "facet")])
    )


def _evidence(
    engine: Engine,
    traces: Table,
    chosen: pa.Table,
    member_evidence: pa.Table,
    semantic: SemanticEvidence,
    labels: Labels,
) -> dict[str, pa.Table]:
    linked = rows_where(chosen, "kind", "linked")
    members = engine.load("ranked", ranked(linked))
    everyone = int(engine.collect(traces.agg(n=traces.account.nunique())).column("n")[0].as_py())
    shared = shared_keys(engine, traces, members, everyone)
    table = evidence_table(shared, member_evidence, member_count(linked), labels)
    keyed = with_carriers(table, carrying(engine, traces, members))
    return {"evidence": with_semantic(keyed, semantic.likeness(linked)), "links": links_table(shared, labels)}


def _groups(chosen: pa.Table, anchors: dict[int, int]) -> pa.Table:
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


def _blindness(rows: list[tuple[str, str, str, float]], shared: PromptTemplates) -> pa.Table:
    """Table blindness of facets and signals, and of the templates where there was no room for them."""
    lost = [("stage", "templates", shared.lost, 1.0)] if shared.lost else []
    named = [dict(zip(BLINDNESS.names(), row, strict=True)) for row in sorted([*rows, *lost])]
    return pa.Table.from_pylist(named, schema=BLINDNESS.arrow)


@dataclass(frozen=True)
class _Facts:
    """What is known of the candidates, looked up once for the campaigns' tables."""

    engine: Engine
    chosen: pa.Table
    held: HeldOut
    bets: dict[int, float]
    inputs: Table
    declared: Table
    stored: Stored
    scores: pa.Table
    licensed: set[int]
    bound_level: float

    @cached_property
    def accounts(self) -> list[dict[str, Any]]:
        """group, account, account_id, owner, basis, n, first, last of every candidate's account."""
        known = self.stored.accounts.select("account", "account_id", "organisation", "verification")
        rows = (
            self.inputs.members.filter(_.group > 0)
            .join(known, "account")
            .left_join(self.declared.rename(declared="owner"), "account")
        )
        columns = (
            "group",
            "account",
            "account_id",
            "organisation",
            "verification",
            "declared",
            "basis",
            "n",
            "first",
            "last",
        )
        return self.engine.collect(rows.select(*columns).order_by(["group", "account"])).to_pylist()

    @cached_property
    def _sizes(self) -> dict[int, int]:
        counted = self.engine.collect(
            self.declared.filter(_.owner.notnull()).group_by("owner").agg(n=_.count())
        )
        return dict(zip(values(counted, "owner"), values(counted, "n"), strict=True))

    def _owned(self, people: list[dict[str, Any]]) -> int:
        """Accounts in all of the one owner that these accounts declare; 0 where they do not."""
        owners = {row["declared"] for row in people}
        return self._sizes.get(owners.pop(), 0) if len(owners) == 1 else 0

    def members(self, labels: Labels) -> pa.Table:
        """Table members."""
        nats = dict(zip(values(self.chosen, "account"), values(self.chosen, "nats"), strict=True))
        rows = [
            {
                "group": row["group"],
                "account": row["account"],
                "account_id": row["account_id"],
                "nats": nats[row["account"]],
                "p_value": self.held.p_values.get((row["group"], row["account"])),
                "owner": labels.get((row["basis"], row["declared"]), f"{row['basis']} owner")
                if row["declared"] is not None
                else "",
                "exchanges": row["n"],
                "first": moment(row["first"]),
                "last": moment(row["last"]),
            }
            for row in self.accounts
        ]
        return pa.Table.from_pylist(rows, schema=MEMBERS.arrow)

    def tested(self, labels: Labels) -> list[Tested]:
        """One record for each candidate."""
        sums = {row["group"]: row for row in self.engine.collect(self.inputs.sums).to_pylist()}
        models: dict[int, set[str]] = {}
        for row in self.engine.collect(self.inputs.exchanges.select("group", "model").distinct()).to_pylist():
            models.setdefault(row["group"], set()).add(row["model"] or "")
        scores: dict[int, dict[str, float]] = {}
        for row in self.scores.select(["group", "signal", "score"]).to_pylist():
            scores.setdefault(row["group"], {})[row["signal"]] = row["score"]
        kinds = dict(zip(values(self.chosen, "group"), values(self.chosen, "kind"), strict=True))
        people: dict[int, list[dict[str, Any]]] = {}
        for row in self.accounts:
            people.setdefault(row["group"], []).append(row)
        asked: dict[int, list[dict[str, Any]]] = {}
        for row in self.inputs.intents.groups.to_pylist():
            asked.setdefault(row["group"], []).append(row)
        p_values = self.held.by_group()
        distilled = harvests(self.engine, self.inputs.exchanges, self.licensed)
        return [
            Tested(
                group=group,
                kind=kind,
                sums=sums[group],
                intents=asked.get(group, []),
                scores=scores.get(group, {}),
                log_e=self.held.log_e.get(group, 0.0) if kind == "linked" else self.bets.get(group, 0.0),
                null=self.held.null[group] if kind == "linked" else NULLS[kind],
                held_out=self.held.facets.get(group, []) if kind == "linked" else ["flags"],
                at_least=bound(
                    p_values.get(group, {}), {row["account"] for row in people[group]}, self.bound_level
                )
                if kind == "linked"
                else 0,
                accounts={row["account"] for row in people[group]},
                account_ids={row["account_id"] for row in people[group]},
                organisations={_verified(row, labels) for row in people[group]},
                models=models.get(group, set()),
                harvest=distilled.get(group, []),
                owner_accounts=self._owned(people[group]),
            )
            for group, kind in sorted(kinds.items())
        ]


def _verified(row: dict[str, Any], labels: Labels) -> str:
    return (
        labels.get(("organisation", row["organisation"]), "") if row["verification"] == "organisation" else ""
    )
