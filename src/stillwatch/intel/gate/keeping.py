"""How an export comes into the store, and is found there."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from stillwatch.errors import IntelError
from stillwatch.intel.gate.export import Profile, Stage
from stillwatch.intel.gate.passing import Passage, objections
from stillwatch.intel.gate.tables import ExportRow
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
    """Write down what is to leave."""
    if not by.strip():
        raise IntelError("nobody is named who shares it", where="--by", do="say who you are")
    digest = hashlib.sha256(content).hexdigest()
    row = ExportRow(
        profile=str(profile),
        subject=subject,
        made=now,
        by=by,
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


def person(name: str) -> str:
    """Return a name as it is compared: two spellings of it are one person."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
