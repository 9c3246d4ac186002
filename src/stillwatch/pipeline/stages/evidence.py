"""Stage evidence: what the members of each linked group have in common, for people to read."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from stillwatch.engine import Engine, Table
from stillwatch.pipeline.stages.candidates import Candidates
from stillwatch.pipeline.stages.facets import Observed
from stillwatch.pipeline.stages.heldout import HeldOutTests
from stillwatch.pipeline.stages.linkage import Groups
from stillwatch.report_tables.adjustments import adjustments_table
from stillwatch.report_tables.evidence import (
    carrying,
    evidence_table,
    links_table,
    member_count,
    ranked,
    shared_keys,
    with_carriers,
    with_semantic,
)
from stillwatch.report_tables.labels import Labels
from stillwatch.schema.codes import FORMED
from stillwatch.schema.found import MEMBER_EVIDENCE
from stillwatch.schema.table import rows_in


def collect_evidence(
    engine: Engine,
    seen: Observed,
    groups: Groups,
    tests: HeldOutTests,
    candidates: Candidates,
    labels: Labels,
    progress: Callable[[str], None],
) -> dict[str, pa.Table]:
    """Tables member_evidence, member_adjustments, evidence and links."""
    progress("evidence")
    every = tests.tiers.every()
    formed = _of_members(groups.linked.evidence, tests.tiers.counted)
    linked = rows_in(candidates.chosen, "kind", FORMED)
    return {
        "member_evidence": _of_members(groups.linked.evidence, every),
        "member_adjustments": adjustments_table(groups.linked.caps, every),
        **_shared(engine, seen.traces, linked, formed, tests, labels),
    }


def _of_members(evidence: pa.Table, chosen: pa.Table) -> pa.Table:
    """The formation evidence of the chosen accounts."""
    rows = evidence.join(chosen.select(["group", "account"]), ["group", "account"], join_type="inner")
    return (
        rows.select(MEMBER_EVIDENCE.names())
        .cast(MEMBER_EVIDENCE.arrow)
        .sort_by([(name, "ascending") for name in ("group", "account", "facet")])
    )


def _shared(
    engine: Engine,
    traces: Table,
    linked: pa.Table,
    member_evidence: pa.Table,
    tests: HeldOutTests,
    labels: Labels,
) -> dict[str, pa.Table]:
    members = engine.load("ranked", ranked(linked))
    everyone = int(engine.collect(traces.agg(n=traces.account.nunique())).column("n")[0].as_py())
    shared = shared_keys(engine, traces, members, everyone)
    table = evidence_table(shared, member_evidence, member_count(linked), labels, tests.alike)
    keyed = with_carriers(table, carrying(engine, traces, members))
    return {
        "evidence": with_semantic(keyed, tests.held.semantic.likeness(linked)),
        "links": links_table(shared, labels),
    }
