"""Stage templates: the groups' templates, found in a sample, counted in all traffic, and given their words
where that is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pyarrow as pa
from ibis import _

from stillwatch.engine import Engine, Scope, Table
from stillwatch.errors import OutOfRoom
from stillwatch.pipeline.stages.facets import Observed
from stillwatch.pipeline.stages.signals import Scored
from stillwatch.pipeline.stored import Look
from stillwatch.prompt_templates import (
    Family,
    Search,
    counts_of,
    families_of,
    keys_table,
    listed,
    parts_of,
    templates_table,
    uses_of,
)
from stillwatch.report_tables.labels import Labels
from stillwatch.schema.stored import LABELS
from stillwatch.schema.templates import TEMPLATE_KEYS
from stillwatch.settings import SketchSettings


@dataclass(frozen=True)
class PromptTemplates:
    """The templates of the groups."""

    found: list[Family]
    """Templates by group, most used first."""
    counts: pa.Table
    """How much each was used, in its group and elsewhere."""
    texts: dict[int, int]
    """Exchanges with text of each group."""
    said: pa.Table
    """Rows of table labels: the words of frames that may be shown."""
    lost: str = ""
    """Why frames are not known; empty where they are."""

    def tables(
        self, engine: Engine, seen: Observed, scored: Scored, labels: Labels, settings: SketchSettings
    ) -> dict[str, pa.Table]:
        """Tables templates and template_keys."""
        rows = parts_of(engine, scored.inputs.templates, seen.traces)
        least = settings.template_accounts
        templates = templates_table(self.found, self.counts, rows, self.texts, labels, least)
        return {"templates": templates, TEMPLATE_KEYS.name: keys_table(self.found)}


NONE = PromptTemplates([], pa.table({}), {}, LABELS.arrow.empty_table())
"""No templates, where none were looked for."""


def find_prompt_templates(
    engine: Engine, seen: Observed, scored: Scored, settings: SketchSettings, look: Look | None
) -> PromptTemplates:
    """Templates of every group but the peers. Where there is no room for it, none, and why."""
    exchanges, sums = seen.tables.exchanges, scored.inputs.sums
    groups = scored.assigned.filter(_.group > 0).select("account", "group")
    texts = {
        row["group"]: row["texts"]
        for row in engine.collect(
            sums.filter((_.group > 0) & (_.texts > 0)).select("group", "texts")
        ).to_pylist()
    }
    asked = exchanges.filter(_.places.notnull() & _.words.notnull()).join(groups, "account")
    rows = asked.select("group", "request", "account", "words", "shingles", "places", "head", "tail")
    try:
        with Scope(engine, "prompt_templates") as scope:
            return _found_prompt_templates(scope, exchanges, groups, rows, texts, settings, look)
    except OutOfRoom as error:
        # Hours of search stand by now, and no verdict depends on this.
        return replace(NONE, texts=texts, lost=error.what)


def _found_prompt_templates(
    engine: Engine,
    exchanges: Table,
    groups: Table,
    rows: Table,
    texts: dict[int, int],
    settings: SketchSettings,
    look: Look | None,
) -> PromptTemplates:
    found = families_of(
        engine, rows, texts, Search(settings.shingle_words, settings.shingle_rate, settings.edge_words)
    )
    uses = uses_of(engine, exchanges, found)
    counts = counts_of(engine, uses, groups)
    shown = listed(found, counts)
    said = LABELS.arrow.empty_table()
    if look is not None and shown:
        said = look(engine, uses, enough(shown, counts, settings.template_accounts))
    return PromptTemplates(shown, counts, texts, said)


def enough(found: list[Family], counts: pa.Table, least: int) -> list[Family]:
    """The templates that enough accounts share."""
    accounts = {
        (row["group"], row["family"]): row["accounts"] + row["elsewhere"] for row in counts.to_pylist()
    }
    return [f for f in found if accounts[f.group, f.key] >= least]
