"""What other providers said, beside a case or an account: with corrections that came since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from stillwatch.console.large.lookup import rows_with
from stillwatch.intel.desk.matched import Changed, changed_since, touched
from stillwatch.intel.desk.tables import has_tables
from stillwatch.report import formatting
from stillwatch.report.sentences.shared import KINDS
from stillwatch.run.reading import Run

MOST = 20
"""Sentences on a page; the page of shared intelligence has all."""


def of_campaigns(session: Session, identities: Sequence[str]) -> list[str]:
    """Return the corrections that touch campaigns, a sentence each."""
    if not has_tables(session):
        return []
    return [_changed(one) for one in touched(changed_since(session), identities)][:MOST]


def of_account(session: Session, run: Run, account: int) -> list[str]:
    """Return what others reported and an account of a run carries, with what changed since."""
    if not run.files("shared"):
        return []
    rows = rows_with(run.folder, "shared", "account", [account]).to_pylist()
    changes = changed_since(session) if rows and has_tables(session) else []
    since = {one.report: one for one in changes}
    told = []
    for row in rows[:MOST]:
        kind = KINDS.get(row["kind"], row["kind"])
        later = f" Since then it was {since[row['report']].how}." if row["report"] in since else ""
        others = formatting.plural(row["carriers"] - 1, "other account")
        told.append(
            f"{row['reporter']} reported a {kind} that it carries, with {others}. Nothing in a verdict rests "
            f"on that.{later}"
        )
    return told


def _changed(one: Changed) -> str:
    return (
        f"A report of {one.reporter}, which matched {formatting.plural(one.accounts, 'account')} in run "
        f"{one.run}, was {one.how} on {formatting.day(datetime.fromtimestamp(one.at, UTC))}: look again."
    )
