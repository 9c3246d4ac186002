"""The cells of a statistic before any leaves: accounts of our own, and how many providers saw the same."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.errors import IntelError
from stillwatch.intel.desk.models import ObjectRow
from stillwatch.intel.gate.aggregate import Cell
from stillwatch.intel.gate.source import public_text
from stillwatch.intel.gate.statistic_card import PERIOD, Measure
from stillwatch.intel.gate.watched import Watched, watched_of
from stillwatch.intel.stix.facts import VERDICTS, Facts, facts_of
from stillwatch.intel.stix.project import EXTENSION
from stillwatch.run.reading import Run


def cells_of(
    runs: Sequence[Run], session: Session, measure: Measure, period: str
) -> tuple[list[Cell], list[Watched]]:
    """Return the cells of a month, and what must not leave of the runs. An account counts once in a cell,
    however many campaigns and runs it stands in; campaigns whose last day is in the month count. Raises
    IntelError for what is no month.
    """
    if not PERIOD.fullmatch(period):
        raise IntelError("that is no month", where=period[:40], do="write it as 2026-11")
    accounts: dict[str, set[str]] = defaultdict(set)
    watched: list[Watched] = []
    for run in runs:
        for row in run.rows("campaigns"):
            if row["verdict"] not in VERDICTS or not row["listed"]:
                continue
            facts = facts_of(run, str(row["identity"]))
            if f"{facts.last:%Y-%m}" != period:
                continue
            members = {str(one["account_id"]) for one in run.rows("members", row["group"])}
            watched.append(watched_of(run, int(row["group"]), public_text()))
            for name in _own(facts, measure):
                accounts[name] |= members
    others = _others(session, measure)
    cells = [
        Cell(name, len(members), 1 + len(others.get(name, ()))) for name, members in sorted(accounts.items())
    ]
    return cells, watched


def _own(facts: Facts, measure: Measure) -> Sequence[str]:
    return facts.techniques if measure is Measure.TECHNIQUES else [kind for kind, _ in facts.kinds]


def _others(session: Session, measure: Measure) -> dict[str, set[str]]:
    """Who else told of a campaign with each kind or technique."""
    asked = sa.select(ObjectRow).where(
        ObjectRow.type == "campaign",
        ObjectRow.counts.is_(True),
        ObjectRow.revoked.is_(False),
        ObjectRow.content != "",
    )
    found: dict[str, set[str]] = defaultdict(set)
    for row in session.scalars(asked):
        for name in _told(json.loads(row.content), measure):
            found[name].add(row.maker)
    return found


def _told(item: Mapping[str, Any], measure: Measure) -> set[str]:
    if measure is Measure.TECHNIQUES:
        rows = item.get("external_references", [])
        return {str(one.get("external_id")) for one in rows if isinstance(one, Mapping)}
    said = item.get("extensions", {}).get(EXTENSION, {})
    rows = said.get("evidence", []) if isinstance(said, Mapping) else []
    return {str(one.get("kind")) for one in rows if isinstance(one, Mapping)}
