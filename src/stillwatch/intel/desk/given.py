"""What we gave: the gate's own record of exports, read here and never written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.intel.desk.models import AcknowledgedRow
from stillwatch.intel.tlp import Tlp

EXPORTS = sa.table(
    "gate_exports",
    *map(
        sa.column,
        (
            "number",
            "profile",
            "subject",
            "made",
            "made_by",
            "purpose",
            "tlp",
            "sha256",
            "state",
            "approver",
            "decided",
            "reason",
        ),
    ),
)
RELEASES = sa.table("gate_releases", *map(sa.column, ("number", "export", "at", "given_by", "given_to")))
OBJECTS = sa.table("gate_objects", *map(sa.column, ("id", "modified", "export", "content")))


@dataclass(frozen=True)
class Given:
    """One export."""

    number: int
    """Its number at the gate."""
    profile: str
    """Which profile it was made by."""
    subject: str
    """What it is about, as the gate names it."""
    made: float
    """When it was made."""
    by: str
    """Who asked for it."""
    purpose: str
    """What for."""
    tlp: Tlp
    """How far it may go."""
    digest: str
    """SHA-256 of its bytes."""
    state: str
    """Where it stands at the gate."""
    approver: str
    """The second person; empty: nobody has decided."""
    reason: str
    """Why it was decided so."""
    releases: tuple[tuple[float, str], ...] = ()
    """When it went out, and to whom."""
    acknowledged: tuple[str, ...] = field(default=())
    """Members who say that they took it over."""


def has_gate(session: Session) -> bool:
    """Whether anything was ever given."""
    return sa.inspect(session.connection()).has_table("gate_exports")


def given(session: Session) -> list[Given]:
    """Return every export, the newest first."""
    if not has_gate(session):
        return []
    out: dict[int, list[tuple[float, str]]] = {}
    for row in session.execute(sa.select(RELEASES).order_by(RELEASES.c.at)):
        out.setdefault(row.export, []).append((row.at, row.given_to))
    told: dict[int, list[str]] = {}
    for one in session.scalars(sa.select(AcknowledgedRow).order_by(AcknowledgedRow.member)):
        told.setdefault(one.export, []).append(one.member)
    rows = session.execute(sa.select(EXPORTS).order_by(EXPORTS.c.number.desc()))
    return [_given(row, out.get(row.number, ()), told.get(row.number, ())) for row in rows]


def given_ids(session: Session, export: int) -> list[str]:
    """Return the ids of our own objects in an export."""
    if not has_gate(session):
        return []
    asked = sa.select(OBJECTS.c.id).where(OBJECTS.c.export == export).order_by(OBJECTS.c.id)
    return [str(one) for one in session.scalars(asked)]


def acknowledge(session: Session, export: int, member: str, now: float) -> None:
    """Keep that a member took over what an export of ours corrected; the first time counts."""
    if session.get(AcknowledgedRow, (export, member)) is None:
        session.add(AcknowledgedRow(export=export, member=member, at=now))
        session.flush()


def _given(row: Any, releases: Sequence[tuple[float, str]], told: Sequence[str]) -> Given:
    return Given(
        row.number,
        row.profile,
        row.subject,
        row.made,
        row.made_by,
        row.purpose,
        Tlp(row.tlp),
        row.sha256,
        row.state,
        row.approver,
        row.reason,
        tuple(releases),
        tuple(told),
    )
