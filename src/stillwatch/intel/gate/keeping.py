"""How an export comes into the store, and is found there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.words import name_of
from stillwatch.errors import IntelError
from stillwatch.intel.gate.export import Profile, Stage
from stillwatch.intel.gate.passing import Passage, objections
from stillwatch.intel.gate.tables import ExportRow, PermissionRow
from stillwatch.intel.tlp import Tlp


def must_pass(objects: Sequence[Mapping[str, Any]], passage: Passage) -> None:
    """Raise IntelError with every reason why a bundle may not leave."""
    found = objections(objects, passage)
    if found:
        shown = "; ".join(found[:5]) + (f"; and {len(found) - 5} more" if len(found) > 5 else "")
        raise IntelError(
            f"the gate does not let it pass: {shown}",
            where="the export gate",
            do="share less of it, or to fewer; nothing was kept, and nothing left",
        )


def keep(
    session: Session,
    profile: Profile,
    subject: str,
    content: bytes,
    stage: Stage,
    by: str,
    purpose: str,
    level: Tlp,
    now: float,
) -> ExportRow:
    """Write down what is to leave. Raises CaseError where `by` is no name."""
    who = name_of(by)
    digest = hashlib.sha256(content).hexdigest()
    row = ExportRow(
        profile=str(profile),
        subject=subject,
        made=now,
        by=who,
        purpose=purpose,
        tlp=int(level),
        sha256=digest,
        content=content,
        state=str(stage),
        approver="",
        decided=None,
        reason="",
    )
    session.add(row)
    session.flush()
    return row


def row_of(session: Session, number: int) -> ExportRow:
    """Return the row of an export. Raises IntelError where there is none."""
    row = session.get(ExportRow, number)
    if row is None:
        raise IntelError(
            "there is no such export", where=f"export {number}", do="`stillwatch intel exports` lists them"
        )
    return row


def asked(session: Session, number: int) -> PermissionRow | None:
    """Return what an owner was asked about an export; None where none was asked."""
    return session.scalar(sa.select(PermissionRow).where(PermissionRow.export == number))


def must_be_permitted(session: Session, number: int) -> None:
    """Raise IntelError unless the owner permitted a card, or it is none."""
    if row_of(session, number).profile != Profile.DISCLOSURE:
        return
    row = asked(session, number)
    if row is None or not row.granted:
        raise IntelError(
            "its owner has refused" if row is not None and row.answered else "its owner has not answered",
            where=f"export {number}",
            do=f"ask, then `stillwatch intel permission {number} --granted --by NAME`",
        )


def approved(session: Session, content: bytes, level: Tlp, purpose: str) -> ExportRow | None:
    """Return the export with which exactly this was approved for a purpose; None where there is none."""
    digest = hashlib.sha256(content).hexdigest()
    return session.scalar(
        sa.select(ExportRow)
        .where(
            ExportRow.sha256 == digest,
            ExportRow.tlp == int(level),
            ExportRow.purpose == str(purpose),
            ExportRow.state == str(Stage.APPROVED),
        )
        .order_by(ExportRow.number)
        .limit(1)
    )
