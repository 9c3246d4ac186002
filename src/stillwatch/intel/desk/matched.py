"""What reports matched in a run, in numbers; and what became of these reports since."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.errors import IntelError
from stillwatch.intel.desk.models import MatchRow, ObjectRow
from stillwatch.run.about import identity_of
from stillwatch.run.layout import MARK
from stillwatch.run.reading import Run
from stillwatch.schema.shared import SHARED, SHARED_GROUPS, SHARED_REPORTS


@dataclass(frozen=True)
class Changed:
    """A report that changed after it matched something here."""

    report: str
    """Its id."""
    reporter: str
    """Who reported it, as the run names it."""
    how: str
    """taken back, or corrected."""
    at: float
    """When the change came here, seconds since 1970."""
    run: str
    """The run that it matched in."""
    accounts: int
    """Accounts that it matched there."""
    groups: tuple[str, ...]
    """Identities of the campaigns that it matched there."""


def record(session: Session, run: Run, now: float) -> int:
    """Keep what the reports matched in a run; returns how many did. Doing it twice is doing it once. Raises
    IntelError for a run that was made without `--shared`.
    """
    if not run.files(SHARED_REPORTS.name):
        raise IntelError(
            "the run was made without what others reported",
            where=str(run.folder),
            do="run `stillwatch detect` with --shared FILE",
        )
    number, digest = identity_of(run.about, run.folder / MARK)
    accounts: dict[str, set[int]] = {}
    groups: dict[str, set[int]] = {}
    for row in run.rows(SHARED.name):
        accounts.setdefault(row["report"], set()).add(row["account"])
        if row["group"] is not None:
            groups.setdefault(row["report"], set()).add(row["group"])
    identities = {row["group"]: row["identity"] for row in run.rows("campaigns")}
    review = {row["group"] for row in run.rows(SHARED_GROUPS.name) if row["review"]}
    there = set(session.scalars(sa.select(MatchRow.id).where(MatchRow.run == number)))
    found = {(row["report"], row["reporter"]): row["kind"] for row in run.rows(SHARED_REPORTS.name)}
    for (report, reporter), kind in sorted(found.items()):
        if report in there:
            continue
        mine = groups.get(report, set())
        session.add(
            MatchRow(
                run=number,
                id=report,
                reporter=reporter[:100],
                digest=digest,
                kind=kind,
                accounts=len(accounts.get(report, ())),
                groups="\n".join(sorted(identities[group] for group in mine if group in identities)),
                review=len(mine & review),
                at=now,
            )
        )
    session.flush()
    return len(found)


def matches(session: Session) -> list[MatchRow]:
    """Return every match, the newest first."""
    asked = sa.select(MatchRow).order_by(MatchRow.at.desc(), MatchRow.run, MatchRow.id)
    return list(session.scalars(asked))


def changed_since(session: Session) -> list[Changed]:
    """Return the reports that changed after they matched, the newest change first: whoever decided about
    these campaigns should look again.
    """
    found = []
    now: dict[str, list[ObjectRow]] = {}
    rows = matches(session)
    for row in _versions(session, {one.id for one in rows}):
        now.setdefault(row.id, []).append(row)
    for one in rows:
        for version in now.get(one.id, []):
            if version.first_arrived > one.at and version.counts and _is_later(version, now[one.id]):
                how = "taken back" if version.revoked else "corrected"
                found.append(
                    Changed(
                        one.id,
                        one.reporter,
                        how,
                        version.first_arrived,
                        one.run,
                        one.accounts,
                        tuple(one.groups.split()),
                    )
                )
    return sorted(found, key=lambda change: (-change.at, change.report, change.run))


def touched(changes: Iterable[Changed], identities: Iterable[str]) -> list[Changed]:
    """Return the changes that touch any of some campaigns, by their identities."""
    wanted = set(identities)
    return [one for one in changes if wanted & set(one.groups)]


def _versions(session: Session, ids: set[str]) -> Iterable[ObjectRow]:
    wanted = sorted(ids)
    for start in range(0, len(wanted), 500):
        yield from session.scalars(sa.select(ObjectRow).where(ObjectRow.id.in_(wanted[start : start + 500])))


def _is_later(version: ObjectRow, all_of_it: list[ObjectRow]) -> bool:
    """Whether there was a version of the same maker before it."""
    return version.revoked or any(
        one.maker == version.maker and one.modified < version.modified for one in all_of_it
    )
