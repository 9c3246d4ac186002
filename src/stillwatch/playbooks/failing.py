"""Since when a check is not met: the first time that it was seen so is kept, until it is met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.playbook_models import CheckFailureRow
from stillwatch.playbooks.check import CHECKS, Answer, Holds

NO_CASE = 0
"""Stands for the number of a case where a check is about none."""


def case_of(name: str, case: int | None) -> int:
    """Return the case for which a check's failures are kept."""
    return (case or NO_CASE) if CHECKS.all()[name].of_case else NO_CASE


def failing(session: Session, case: int | None = None) -> dict[str, float]:
    """Return since when checks are not met, POSIX seconds: those about no case, and about one."""
    query = sa.select(CheckFailureRow.name, CheckFailureRow.since)
    rows = session.execute(query.where(CheckFailureRow.case_id.in_({NO_CASE, case or NO_CASE})))
    return {row[0]: row[1] for row in rows}


def keep_failing(session: Session, answers: Mapping[str, Answer], case: int | None, now: float) -> None:
    """Keep what a round of checks found; within a session that writes. What a check cannot tell changes
    nothing: it was not seen to be met.
    """
    for name, answer in answers.items():
        key = {"name": name, "case_id": case_of(name, case)}
        row = session.get(CheckFailureRow, tuple(key.values()))
        if answer.holds is Holds.MISSING and row is None:
            session.add(CheckFailureRow(**key, since=now))
        elif answer.holds in (Holds.MET, Holds.NOT_APPLICABLE) and row is not None:
            session.delete(row)
    session.flush()


def changes_anything(kept: Mapping[str, float], answers: Mapping[str, Answer]) -> bool:
    """Return whether a round of checks found something else than what is kept."""
    return any(_missing(name, answer, kept) for name, answer in answers.items())


def _missing(name: str, answer: Answer, kept: Iterable[str]) -> bool:
    there = name in kept
    return (answer.holds is Holds.MISSING) != there and answer.holds is not Holds.CANNOT_TELL
