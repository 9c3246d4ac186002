"""What people here decided about what came, and what that makes of a reporter's word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.words import folded
from stillwatch.errors import IntelError
from stillwatch.intel.desk.models import JudgementRow, ObjectRow

LONGEST = 2_000
"""Characters of a reason."""


class Judged(StrEnum):
    """What was decided."""

    CONFIRMED = "confirmed"
    """It proved right here."""
    FALSE_POSITIVE = "false positive"
    """It proved false here: it matches nothing any more, and counts against its reporter."""
    DISPUTED = "disputed"
    """We see it otherwise, and have said so to others; it still matches."""
    OPEN = "open"
    """An earlier decision is taken back."""


@dataclass(frozen=True)
class History:
    """How often a reporter was right here."""

    confirmed: int = 0
    """Reports that were confirmed."""
    false_positives: int = 0
    """Reports that were false positives."""

    @property
    def factor(self) -> float:
        """What its word counts for, 0 to 1: three quarters for a stranger, as if three of four had been right
        before (the mean of a Beta distribution).
        """
        return (self.confirmed + 3.0) / (self.confirmed + self.false_positives + 4.0)


def judge(
    session: Session, ident: str, maker: str, judged: Judged, by: str, reason: str, now: float
) -> JudgementRow:
    """Decide about a report. Raises IntelError where there is none, or no reason is given."""
    said = " ".join(reason.split())
    if not said or len(said) > LONGEST:
        raise IntelError(
            "a decision needs a reason", where=ident[:120], do=f"say why, in up to {LONGEST:,} characters"
        )
    asked = sa.select(ObjectRow.maker).where(ObjectRow.id == ident, ObjectRow.type == "indicator").distinct()
    makers = set(session.scalars(asked))
    if maker not in makers:
        raise IntelError(
            "nothing like that was received",
            where=f"{ident[:120]} {maker[:120]}".strip(),
            do="`stillwatch intel received` lists what came",
        )
    row = JudgementRow(id=ident, maker=maker, judged=judged.value, by=by, at=now, reason=said)
    session.add(row)
    session.flush()
    return row


def history_of(session: Session, ident: str) -> list[JudgementRow]:
    """Return every decision about a report, the newest first."""
    asked = sa.select(JudgementRow).where(JudgementRow.id == ident).order_by(JudgementRow.number.desc())
    return list(session.scalars(asked))


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's, as the gate compares them."""
    return folded(one) == folded(other)


def only_maker(session: Session, ident: str) -> str:
    """Return who made a report that has one maker. Raises IntelError where it has none, or several."""
    makers = sorted(set(session.scalars(sa.select(ObjectRow.maker).where(ObjectRow.id == ident))))
    if len(makers) != 1:
        raise IntelError(
            "several members say that they made it" if makers else "nothing like that was received",
            where=ident[:120],
            do="say which with --maker: " + ", ".join(makers)
            if makers
            else "`stillwatch intel received` lists what came",
        )
    return str(makers[0])


def judgements(session: Session) -> dict[tuple[str, str], JudgementRow]:
    """Return what holds of each report that was judged: the last decision, by id and maker."""
    rows = session.scalars(sa.select(JudgementRow).order_by(JudgementRow.number))
    return {(row.id, row.maker): row for row in rows}


def histories(judged: Iterable[JudgementRow]) -> dict[str, History]:
    """Return each reporter's history, by maker. judged: what holds of each report."""
    found: dict[str, list[int]] = {}
    for row in judged:
        counts = found.setdefault(row.maker, [0, 0])
        counts[0] += row.judged == Judged.CONFIRMED
        counts[1] += row.judged == Judged.FALSE_POSITIVE
    return {maker: History(*counts) for maker, counts in found.items()}
