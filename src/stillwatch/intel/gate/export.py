"""Something that is to leave, or left, as the gate keeps it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from stillwatch.errors import IntelError
from stillwatch.guard.moments import told, told_or_none
from stillwatch.intel.gate.tables import ExportRow
from stillwatch.intel.tlp import Tlp


class Profile(StrEnum):
    """What form something leaves in."""

    BUNDLE = "bundle"
    """A STIX bundle for other providers."""
    DISCLOSURE = "disclosure"
    """A campaign card for an authority."""
    STATISTIC = "statistic"
    """Counts with noise."""


class Stage(StrEnum):
    """How far it came."""

    WAITING = "waiting"
    """The gate let it pass; a second person must look."""
    APPROVED = "approved"
    """A second person approved exactly this; it may leave."""
    REFUSED = "refused"
    """A second person refused; it never leaves."""


@dataclass(frozen=True)
class Export:
    """One export."""

    number: int
    """Its number, from 1."""
    profile: Profile
    """Its form."""
    subject: str
    """What it is about, as our own store knows it; it does not leave."""
    made: float
    """When it was made, POSIX seconds."""
    by: str
    """Who wants it to leave."""
    purpose: str
    """What it is for."""
    tlp: Tlp
    """Its level."""
    sha256: str
    """The digest of exactly what leaves."""
    content: bytes
    """What leaves."""
    stage: Stage
    """How far it came."""
    approver: str
    """The second person; empty until one decided."""
    decided: float | None
    """When that was, POSIX seconds."""
    reason: str
    """Why it was refused, or why it needs no second person."""

    @staticmethod
    def of(row: ExportRow) -> Export:
        """Return an export as the store has it. Raises IntelError where its content is not what it was."""
        if not isinstance(row.content, bytes) or hashlib.sha256(row.content).hexdigest() != row.sha256:
            raise IntelError(
                "the export is not what its digest says: somebody changed it",
                where=f"export {row.number}",
                do="make it again; restore the store from a backup",
            )
        return Export(
            number=row.number,
            profile=Profile(row.profile),
            subject=row.subject,
            made=row.made,
            by=row.by,
            purpose=row.purpose,
            tlp=Tlp(row.tlp),
            sha256=row.sha256,
            content=row.content,
            stage=Stage(row.state),
            approver=row.approver,
            decided=row.decided,
            reason=row.reason,
        )

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The objects of a bundle; none of a card."""
        found: list[dict[str, Any]] = json.loads(self.content).get("objects", [])
        return found

    def document(self) -> dict[str, Any]:
        """Return it for people and programs, without its content."""
        return {
            "number": self.number,
            "profile": str(self.profile),
            "subject": self.subject,
            "made": told(self.made),
            "by": self.by,
            "purpose": self.purpose,
            "tlp": self.tlp.label,
            "sha256": self.sha256,
            "bytes": len(self.content),
            "state": str(self.stage),
            "approver": self.approver,
            "decided": told_or_none(self.decided),
            "reason": self.reason,
        }
