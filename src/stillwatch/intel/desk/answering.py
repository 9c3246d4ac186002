"""What we say back about what came: sightings, opinions, and corrections of what we gave. All of it goes
through the gate, and waits there for a second person unless it takes something back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.errors import IntelError
from stillwatch.intel.desk.correcting import Proposed
from stillwatch.intel.desk.models import MatchRow, ObjectRow
from stillwatch.intel.gate.export import Export
from stillwatch.intel.gate.gate import Gate
from stillwatch.intel.gate.passing import Purpose
from stillwatch.intel.stix.about_others import Stance, attribution, opinion, sighting
from stillwatch.intel.stix.making import Maker
from stillwatch.intel.tlp import Tlp

Make: TypeAlias = Callable[[Maker], Sequence[Mapping[str, Any]]]


def sight(gate: Gate, report: str, level: Tlp, when: datetime, *, seen: bool, by: str, now: float) -> Export:
    """Let a sighting of a report wait at the gate. when: the day on which it matched; seen: false says that
    it was a false alarm here. Raises IntelError as the gate does.
    """

    def make(maker: Maker) -> Sequence[Mapping[str, Any]]:
        return [sighting(maker, report, when, when, seen=seen)]

    return _say(gate, make, report, level, by, now)


def dispute(gate: Gate, report: str, level: Tlp, *, decided: bool, by: str, now: float) -> Export:
    """Let an opinion against a report wait at the gate. decided: a case of our own shows that it is wrong.
    Raises IntelError as the gate does.
    """
    stance = Stance.STRONGLY_DISAGREE if decided else Stance.DISAGREE

    def make(maker: Maker) -> Sequence[Mapping[str, Any]]:
        return [opinion(maker, report, stance)]

    return _say(gate, make, report, level, by, now)


def take_back(
    gate: Gate, due: Proposed, objects: Sequence[str], *, by: str, reason: str, now: float
) -> list[Export]:
    """Make the revocations of a correction that is due. objects: which of our objects no longer hold; empty:
    all, where all are wrong. Raises IntelError where that must be said, and as the gate does.
    """
    strange = sorted(set(objects) - set(due.objects))
    if strange:
        raise IntelError(
            "that export holds no such object", where=strange[0][:110], do="`stillwatch intel corrections`"
        )
    if objects:
        return [gate.revoke(one, by=by, reason=reason, now=now) for one in objects]
    if not due.revoke:
        raise IntelError(
            "part of what was given may still hold",
            where=f"export {due.export.number}",
            do="say which objects no longer do, with --object ID for each",
        )
    return [gate.revoke(due.export.subject, by=by, reason=reason, now=now)]


def attribute(
    gate: Gate, campaign: str, reporter: str, address: str, level: Tlp, *, by: str, now: float
) -> Export:
    """Let somebody's published attribution of a campaign wait at the gate. Raises IntelError as `attribution`
    and the gate do.
    """

    def make(maker: Maker) -> Sequence[Mapping[str, Any]]:
        return attribution(maker, campaign, reporter, address)

    return _say(gate, make, campaign, level, by, now)


def level_of(session: Session, report: str) -> Tlp:
    """Return how far something that came may go. Raises IntelError where it was not received."""
    levels = list(session.scalars(sa.select(ObjectRow.tlp).where(ObjectRow.id == report)))
    if not levels:
        raise IntelError(
            "nothing like that was received",
            where=report[:110],
            do="`stillwatch intel received` lists what came",
        )
    return Tlp(max(levels))


def level_and_day(session: Session, report: str) -> tuple[Tlp, datetime]:
    """Return how far a report may go, and the last day on which it matched something here. Raises IntelError
    where it was not received, or never matched.
    """
    level = level_of(session, report)
    at = session.scalar(sa.select(sa.func.max(MatchRow.at)).where(MatchRow.id == report))
    if at is None:
        raise IntelError(
            "it matched nothing here yet",
            where=report[:110],
            do="`stillwatch intel matched RUN` keeps what a run matched",
        )
    return level, datetime.fromtimestamp(at, UTC)


def _say(gate: Gate, make: Make, report: str, level: Tlp, by: str, now: float) -> Export:
    return gate.say(
        make,
        report,
        by=by,
        purpose=Purpose.DETECTION,
        level=level,
        clearance=level,
        foreign=frozenset({report}),
        now=now,
    )
