"""Which run and which campaign a page is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from stillwatch.cases.cases import Cases
from stillwatch.cases.models import CaseRow, IdentityRow
from stillwatch.console.large.kept import kept
from stillwatch.console.not_there import NotThere
from stillwatch.console.seen import Doors
from stillwatch.errors import RunError
from stillwatch.plain import plain
from stillwatch.report.chapters import in_order
from stillwatch.report.view_models import listed, unlisted
from stillwatch.run.reading import Row, Run

MOST_ASKED = 1_000
"""Identities whose cases are looked for at once."""
MOST_CHOICES = 60
"""Runs that a choice offers, the newest ones."""


def run_asked(doors: Doors, name: str) -> Run | None:
    """Return the run of an id, for an empty one the newest; None where there is no run at all. Raises
    NotThere for an id that no run has.
    """
    if not name:
        return doors.runs.newest()
    try:
        return doors.runs.named(name)
    except RunError as error:
        raise NotThere(error.what, where=error.where, do=error.do) from error


def run_there(doors: Doors, name: str) -> Run:
    """Return the run of an id, or the newest. Raises NotThere where there is none."""
    found = run_asked(doors, name)
    if found is None:
        raise NotThere(
            "the console shows no run",
            where="--runs",
            do="start `stillwatch serve --runs FOLDER` with the folder that `detect --out` wrote",
        )
    return found


def run_id(run: Run) -> str:
    """Return the id of a run; empty for one of an early version."""
    return str(run.about.get("id") or "")


def choices(doors: Doors) -> list[dict[str, Any]]:
    """Return the runs that a person may choose from: id and what to call it, the newest traffic first."""
    return [
        {
            "id": str(about.get("id") or ""),
            "shown": f"{plain(folder.name)}, traffic to {str(about.get('last') or 'not known')[:10]}",
        }
        for folder, about in doors.runs.all()[:MOST_CHOICES]
        if about.get("id")
    ]


def campaign_asked(run: Run, name: str) -> Row:
    """Return the campaign that a run calls so: C001, or its identity. Raises NotThere where it has none."""
    for row in (row for some in in_order_of(run) for row in some):
        if name in (row["campaign"], row["identity"]) or row["campaign"] == name.upper():
            return row
    raise NotThere(
        f"this run has no campaign {plain(name[:80])}",
        where=f"run {run_id(run)}",
        do="see the list of campaigns, or choose another run",
    )


def in_order_of(run: Run) -> tuple[list[Row], list[Row]]:
    """Return the campaigns that a run lists, the most pressing first, and those that it does not; kept while
    the run is open.
    """
    return kept(run, "in order", lambda: (in_order(listed(run)), unlisted(run)))


def cases_of(cases: Cases, identities: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return number, state and outcome of the case that follows each identity that has one."""
    wanted = sorted(set(identities))
    if len(wanted) > MOST_ASKED:
        raise ValueError(f"at most {MOST_ASKED} identities are asked for at once")
    query = (
        sa.select(IdentityRow.identity, CaseRow.id, CaseRow.state, CaseRow.outcome)
        .join(CaseRow, CaseRow.id == IdentityRow.case_id)
        .where(IdentityRow.identity.in_(wanted))
    )
    with cases.database.reading() as session:
        return {
            identity: {"case": number, "state": state, "outcome": outcome}
            for identity, number, state, outcome in session.execute(query)
        }


def followed(cases: Cases) -> frozenset[str]:
    """Return the identities that some case follows."""
    with cases.database.reading() as session:
        return frozenset(session.scalars(sa.select(IdentityRow.identity)))


def by_group(run: Run) -> dict[int, Row]:
    """Return every campaign of a run by its group; kept while the run is open."""
    return kept(run, "by group", lambda: {row["group"]: row for some in in_order_of(run) for row in some})


def seconds(time: Any) -> float | None:
    """Return a time of a table as POSIX seconds."""
    return None if time is None else float(time.timestamp())
