"""What the desk holds, as plain values: the command line and the console show the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.intel.desk.judging import History, histories, judgements
from stillwatch.intel.desk.matched import matches
from stillwatch.intel.desk.models import ArrivalRow, ObjectRow, RefusedRow, SourceRow
from stillwatch.intel.desk.reports import Disagreement, Report, called, reporters, reports
from stillwatch.intel.tlp import Tlp
from stillwatch.iso_time import iso

MOST = 1_000
"""Reports that are listed at once."""


@dataclass(frozen=True)
class Listed:
    """One report, with what happened to it here."""

    report: Report
    """It."""
    reporter: str
    """Who made it, as shown."""
    sources: tuple[str, ...]
    """Which sources brought it."""
    arrived: float
    """When it came first."""
    accounts: int
    """Accounts that it matched, the most of any run."""
    groups: int
    """Campaigns that it matched, the most of any run."""

    def document(self, now: datetime) -> dict[str, Any]:
        """It as plain values; the value itself is shown only where it came plain, and is no token."""
        one = self.report
        return {
            "report": one.id,
            "maker": one.maker,
            "reporter": self.reporter,
            "kind": one.name.kind.value if one.name else None,
            "names": _value(one),
            "tlp": one.tlp.label,
            "confidence": one.confidence,
            "weight": round(one.weight(now), 6),
            "until": one.ends.timestamp(),
            "sources": list(self.sources),
            "arrived": self.arrived,
            "judged": one.judged,
            "disagreements": len(one.disagreements),
            "accounts": self.accounts,
            "groups": self.groups,
        }


def listed(session: Session, clearance: Tlp) -> list[Listed]:
    """Return every report that counts and that somebody with a clearance may see, the newest first."""
    names = reporters(session)
    arrivals = _arrivals(session)
    hits: dict[str, tuple[int, int]] = {}
    for match in matches(session):
        before = hits.get(match.id, (0, 0))
        hits[match.id] = (
            max(before[0], match.accounts),
            max(before[1], len(match.groups.split())),
        )
    found = [
        Listed(one, called(one.maker, names), *arrivals[one.id, one.maker], *hits.get(one.id, (0, 0)))
        for one in reports(session)
        if one.tlp <= clearance
    ]
    return sorted(found, key=lambda item: (-item.arrived, item.report.id, item.report.maker))


def versions(session: Session, ident: str, clearance: Tlp) -> list[dict[str, Any]]:
    """Return every version of an object that was received, the newest first: its history."""
    names = reporters(session)
    asked = sa.select(ObjectRow).where(ObjectRow.id == ident, ObjectRow.tlp <= int(clearance))
    arrived = _sources(session)
    return [
        {
            "maker": row.maker,
            "reporter": called(row.maker, names),
            "modified": row.modified,
            "arrived": row.first_arrived,
            "sources": ", ".join(arrived.get(row.digest, ())),
            "state": _state(row),
            "tlp": Tlp(row.tlp).label,
            "confidence": json.loads(row.content).get("confidence") if row.content else None,
        }
        for row in session.scalars(asked.order_by(ObjectRow.modified.desc(), ObjectRow.digest))
    ]


def told_of_reporters(session: Session) -> list[dict[str, Any]]:
    """Return each reporter with what it reported and how often it was right here, by name."""
    names = reporters(session)
    known = histories(judgements(session).values())
    asked = (
        sa.select(ObjectRow.maker, sa.func.count(sa.distinct(ObjectRow.id)))
        .where(ObjectRow.type == "indicator")
        .group_by(ObjectRow.maker)
    )
    found = []
    for maker, count in session.execute(asked):
        history = known.get(maker, History())
        found.append(
            {
                "maker": maker,
                "reporter": called(maker, names),
                "reports": count,
                "confirmed": history.confirmed,
                "false_positives": history.false_positives,
                "factor": round(history.factor, 3),
            }
        )
    return sorted(found, key=lambda row: (row["reporter"], row["maker"]))


def told_of_sources(session: Session) -> list[dict[str, Any]]:
    """Return each source with what it brought, by name."""
    brought = _pairs(session, sa.select(ArrivalRow.source, sa.func.count()).group_by(ArrivalRow.source))
    latest = sa.select(ArrivalRow.source, sa.func.max(ArrivalRow.at)).group_by(ArrivalRow.source)
    last = _pairs(session, latest)
    bad = _pairs(session, sa.select(RefusedRow.source, sa.func.count()).group_by(RefusedRow.source))
    return [
        {
            "source": row.name,
            "speaks_for": row.identity or "everybody (a hub)",
            "versions": brought.get(row.name, 0),
            "refused": bad.get(row.name, 0),
            "last": last.get(row.name),
        }
        for row in session.scalars(sa.select(SourceRow).order_by(SourceRow.name))
    ]


def disagreement(one: Disagreement, names: Mapping[str, str]) -> dict[str, Any]:
    """Return one disagreement as plain values."""
    who = "we" if one.how == "here" else called(one.maker, names)
    return {"who": who, "how": one.how, "said": one.said, "at": one.at}


def times_told(row: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return a row with its seconds as times in ISO form, for JSON."""
    return row | {
        name: iso(datetime.fromtimestamp(row[name], UTC)) if row.get(name) is not None else None
        for name in names
    }


def _pairs(session: Session, asked: Any) -> dict[str, Any]:
    return {row[0]: row[1] for row in session.execute(asked)}


def _value(one: Report) -> str:
    if one.name is None:
        return "kinds of evidence"
    return one.name.value if one.name.epoch is None else f"a token of {one.name.epoch}"


def _state(row: ObjectRow) -> str:
    if not row.vouched:
        return "hearsay"
    if not row.counts:
        return "replaced"
    return "taken back" if row.revoked else "counts"


def _sources(session: Session) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in session.scalars(sa.select(ArrivalRow).order_by(ArrivalRow.source)):
        found.setdefault(row.digest, []).append(row.source)
    return found


def _arrivals(session: Session) -> dict[tuple[str, str], tuple[tuple[str, ...], float]]:
    sources = _sources(session)
    names: dict[tuple[str, str], set[str]] = {}
    first: dict[tuple[str, str], float] = {}
    asked = sa.select(ObjectRow.digest, ObjectRow.id, ObjectRow.maker, ObjectRow.first_arrived)
    for digest, ident, maker, at in session.execute(asked.where(ObjectRow.type == "indicator")):
        names.setdefault((ident, maker), set()).update(sources.get(digest, ()))
        first[ident, maker] = min(first.get((ident, maker), at), at)
    return {key: (tuple(sorted(names[key])), first[key]) for key in names}
