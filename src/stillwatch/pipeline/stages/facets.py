"""Stage facets: exchanges, accounts and releases to traces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stillwatch.engine import Engine, Table
from stillwatch.facets import Tables, build_traces, prepare
from stillwatch.facets.build import Blind, missing_shares
from stillwatch.pipeline.stored import Stored
from stillwatch.settings import LinkageSettings


@dataclass(frozen=True)
class Observed:
    """What the facets saw."""

    tables: Tables
    """What facets read: exchanges, accounts, releases, and the tables activity and visits of this stage."""
    traces: Table
    """Table traces, times in seconds."""
    lacking: dict[str, float]
    """For each column that a facet needs, the share of its rows that lack it."""
    blind: list[Blind]
    """Facets that could not see."""


def observe(
    engine: Engine, stored: Stored, settings: LinkageSettings, progress: Callable[[str], None]
) -> Observed:
    """Tables activity, visits and traces."""
    progress("activity")
    tables = prepare(engine, stored.exchanges, stored.accounts, stored.releases)
    lacking = missing_shares(engine, tables, stored.counts)
    traces, blind = build_traces(engine, tables, settings, progress, lacking)
    return Observed(tables, traces, lacking, blind)
