"""Where a campaign that is to be shared comes from: a run, or a case with its frozen evidence."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from stillwatch.cases import Cases
from stillwatch.cases.frozen_run import FrozenRun
from stillwatch.intel.gate.passing import public_objects
from stillwatch.intel.gate.watched import Watched, watched_of
from stillwatch.intel.stix import about_others, making
from stillwatch.intel.stix.facts import BANDS, FAMILIES, ROLES, STRENGTHS, VERDICTS, Facts, Review, facts_of
from stillwatch.registry import SIGNALS
from stillwatch.run.reading import Run


def of_run(folder: Path, name: str) -> tuple[Facts, Watched]:
    """Return the facts of a campaign of a run, and what must not leave of it. Raises RunError for what is no
    run, and IntelError for no such campaign.
    """
    return _both(Run(folder), name)


def of_case(cases: Cases, number: int) -> tuple[Facts, Watched]:
    """Return the same of the campaign of a case, from its frozen evidence. Raises CaseError for no such case,
    and IntelError for one that is nothing to share.
    """
    case = cases.show(number)
    run = FrozenRun(cases.evidence(number))
    facts = facts_of(run, case.identity, case)
    return facts, watched_of(run, _group(run, case.identity), public_text())


def _both(run: Run, name: str) -> tuple[Facts, Watched]:
    return facts_of(run, name), watched_of(run, _group(run, name), public_text())


def _group(run: Run, name: str) -> int:
    rows = run.rows("campaigns")
    return next(int(row["group"]) for row in rows if name in (row["campaign"], row["identity"]))


@cache
def public_text() -> bytes:
    """Return what is public anyhow: the project's own objects and words."""
    words = [
        *FAMILIES,
        *STRENGTHS,
        *ROLES,
        *VERDICTS,
        *BANDS,
        *Review,
        *SIGNALS.all(),
        making.READ_THIS,
        *about_others.REASONS.values(),
        *about_others.Stance,
    ]
    return json.dumps([list(public_objects().values()), words]).encode()
