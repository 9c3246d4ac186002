"""What the stages could not see, in one table."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.pipeline.stages.candidates import Candidates
from stillwatch.pipeline.stages.facets import Observed
from stillwatch.pipeline.stages.heldout import HeldOutTests
from stillwatch.pipeline.stages.linkage import Groups
from stillwatch.pipeline.stages.signals import Scored
from stillwatch.report_tables.evidence import SEMANTIC
from stillwatch.schema.stored import BLINDNESS

Row = tuple[str, str, str, float]
"""What it is (facet, signal, stage), its name, the reason, and the share of the rows."""


def blindness_table(
    seen: Observed,
    groups: Groups,
    tests: HeldOutTests,
    candidates: Candidates,
    scored: Scored,
    templates_lost: str,
) -> pa.Table:
    """Table blindness. templates_lost: why there are no templates; empty where there are."""
    rows: list[Row] = [("facet", blind.name, blind.reason, blind.share) for blind in seen.blind]
    # Prompts that the log did not hold, or all where none was sketched.
    unseen = groups.linked.members.num_rows and not tests.held.semantic.seen
    share = 1.0 if unseen else 1.0 - candidates.text_share
    if share > 0.0:
        rows.append(("facet", SEMANTIC, "no exchanges.semantic", share))
    if not tests.halved:
        rows.append(("stage", "alike", "less than two quarters of a day", 1.0))
    elif candidates.text_share < 1.0:
        rows.append(("stage", "alike", "no exchanges.prompt", 1.0 - candidates.text_share))
    rows += [("signal", *blind) for blind in scored.blind]
    if templates_lost:
        rows.append(("stage", "templates", templates_lost, 1.0))
    named = [dict(zip(BLINDNESS.names(), row, strict=True)) for row in sorted(rows)]
    return pa.Table.from_pylist(named, schema=BLINDNESS.arrow)
