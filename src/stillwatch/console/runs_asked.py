"""Which run and which campaign a page is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from stillwatch.cases.cases import Cases
from stillwatch.cases.models import CaseRow, IdentityRow
from stillwatch.console.not_there import NotThere
from stillwatch.console.seen import Doors
from stillwatch.errors import RunError
from stillwatch.plain import plain
from stillwatch.run.reading import Row, Run

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
    for row in run.rows("campaigns"):
        if name in (row["campaign"], row["identity"]) or row["campaign"] == name.upper():
            return row
    raise NotThere(
        f"this run has no campaign {plain(name[:80])}",
        where=f"run {run_id(run)}",
        do="see the list of campaigns, or choose another run",
    )


def cases_of(cases: Cases, identities: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return number, state and outcome of the case that follows each identity that has one."""
    wanted = sorted(set(identities))[:1_000]
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


def seconds(time: Any) -> float | None:
    """Return a time of a table as POSIX seconds."""
    return None if time is None else float(time.timestamp())
