"""The search, from stored tables to campaigns: what each stage reads and what it leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from stillwatch.engine import Engine, Scope, Table, stage_table
from stillwatch.pipeline.stages.alike import add_alike
from stillwatch.pipeline.stages.blindness import blindness_table
from stillwatch.pipeline.stages.candidates import select_candidates
from stillwatch.pipeline.stages.evidence import collect_evidence
from stillwatch.pipeline.stages.facets import observe
from stillwatch.pipeline.stages.heldout import run_held_out_tests
from stillwatch.pipeline.stages.linkage import form_groups
from stillwatch.pipeline.stages.own_harvest import ask_own_prompts
from stillwatch.pipeline.stages.shared import match_shared
from stillwatch.pipeline.stages.signals import score_candidates
from stillwatch.pipeline.stages.templates import NONE, find_prompt_templates
from stillwatch.pipeline.stages.verdicts import reach_verdicts
from stillwatch.pipeline.stored import Stored
from stillwatch.report_tables.account_use import account_use_table
from stillwatch.report_tables.labels import labels_of
from stillwatch.settings import Settings

__all__ = ["SearchResult", "Stored", "search"]

Progress = Callable[[str], None]


@dataclass(frozen=True)
class SearchResult:
    """What a search ends with: the tables of schema.found, by name, and the traces."""

    tables: dict[str, pa.Table]
    """Arrow tables by name."""
    traces: Table
    """Table traces, in the engine."""
    tested: int
    """Groups tested."""
    accounts: int
    """Accounts with exchanges."""
    said: pa.Table
    """Rows of table labels: the words of shared templates, where they may be kept."""


def search(engine: Engine, stored: Stored, settings: Settings, progress: Progress) -> SearchResult:
    """Run every stage; of what they make in the engine, the traces alone stay there."""
    labels, templates, chosen = labels_of(stored.labels), NONE, settings.campaigns
    with Scope(engine, results=(stage_table("facets", "traces"),)) as run:
        with Scope(run, "facets", ("activity", "visits", "traces")) as scope:
            seen = observe(scope, stored, settings.linkage, progress)
        with Scope(run, "linkage", ("strata", "owners")) as scope:
            groups = form_groups(scope, stored, seen, labels, settings, progress)
        with Scope(run, "heldout") as scope:
            tests = run_held_out_tests(scope, seen, groups, settings, progress)
        with Scope(run, "alike") as scope:
            groups, tests = add_alike(scope, seen, groups, tests, settings, progress)
        with Scope(run, "own_harvest") as scope:
            tests = ask_own_prompts(scope, seen, groups, tests, stored.rates, settings, progress)
        with Scope(run, "candidates", ("volumes",)) as scope:
            candidates = select_candidates(scope, seen, groups, tests, chosen)
        with Scope(run, "shared", ("reported",)) as scope:
            matched = match_shared(scope, stored.shared, seen, candidates, progress)
        with Scope(
            run, "signals", ("assigned", "signal_exchanges", "sums", "signal_members", "templates")
        ) as scope:
            scored = score_candidates(
                scope, seen, groups, candidates, stored.rates, matched.reported, progress
            )
            tables = scored.tables(scope) | matched.tables
        progress("templates")
        if stored.templates:
            with Scope(run, "templates") as scope:
                templates = find_prompt_templates(scope, seen, scored, settings.sketch, stored.look)
                labels = labels_of(stored.labels, templates.said) if templates.said.num_rows else labels
                tables |= templates.tables(scope, seen, scored, labels, settings.sketch)
        with Scope(run, "verdicts") as scope:
            tables |= reach_verdicts(
                scope, stored, seen, groups, tests, candidates, scored, labels, chosen, progress
            )
        tables["blindness"] = blindness_table(seen, groups, tests, candidates, scored, templates.lost)
        with Scope(run, "evidence") as scope:
            tables |= collect_evidence(scope, seen, groups, tests, candidates, labels, progress)
            tables["account_use"] = account_use_table(
                scope, seen.tables.exchanges, tables["members"], tables["bystanders"]
            )
    tested = tables["campaigns"].num_rows + candidates.lost
    return SearchResult(tables, seen.traces, tested, tests.held.everyone, templates.said)
