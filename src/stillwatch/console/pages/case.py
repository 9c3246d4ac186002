"""One case: what the run said then and says now, its frozen evidence, who did what, and what may be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from stillwatch.cases.account_decisions import counts_of, decided_accounts
from stillwatch.cases.case import Case
from stillwatch.cases.event_list import EventsWanted, events_found, first_event, number_of_events
from stillwatch.cases.models import EventRow, LabelRow
from stillwatch.cases.states import Link
from stillwatch.console.case_file import SHELF, CaseFile
from stillwatch.console.case_of_path import case_of_path
from stillwatch.console.choices import choices
from stillwatch.console.history import COLUMNS as EVENTS
from stillwatch.console.history import row_of as event_row
from stillwatch.console.intel_said import of_campaigns
from stillwatch.console.page import Page
from stillwatch.console.pages.case_accounts import row_of as account_row
from stillwatch.console.recent_reasons import recent_reasons
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.console.templating import with_query
from stillwatch.console.then_and_now import compared, differences
from stillwatch.errors import CaseError
from stillwatch.report import formatting

EVENTS_AT_ONCE = 50
LABELS_SHOWN = 20
ACCOUNTS_SHOWN = 10
"""Accounts of each tier that the case itself shows; all are on a page of their own."""
GUARD_SHOWN = 50
EVIDENCE = (
    Column("facet", "Facet"),
    Column("family", "Family"),
    Column("role", "Role"),
    Column("top", "Most shared key"),
    Column("top_accounts", "Inside", "count"),
    Column("top_elsewhere", "Outside", "count"),
    Column("nats", "Nats", "number"),
)
SIGNALS = (
    Column("axis", "Axis"),
    Column("signal", "Signal"),
    Column("score", "Score", "number"),
    Column("finding", "Finding"),
)
ACCOUNTS = (
    Column("account", "Account", "code", link="/accounts/{id}"),
    Column("tier", "Tier"),
    Column("why", "Why this tier"),
    Column("nats", "Nats", "number"),
    Column("owner", "Owner it declares"),
    Column("exchanges", "Exchanges", "count"),
)
LABELS = (
    Column("time", "When", "time"),
    Column("actor", "Who"),
    Column("scope", "About"),
    Column("subject", "Which", "code"),
    Column("label", "Label"),
    Column("expires", "Ends", "time"),
)
GUARD = (
    Column("time", "When"),
    Column("kind", "What"),
    Column("actor", "Who"),
    Column("reason", "Why"),
    Column("expires", "Ends"),
)


class Filters(msgspec.Struct):
    """Where the history goes on; it stands in the URL."""

    before: Annotated[int, msgspec.Meta(ge=0)] = 0


def one(seen: Seen) -> Shown:
    """Return one case."""
    case = case_of_path(seen)
    with seen.doors.cases.database.reading() as session:
        events = events_found(session, EventsWanted(case.id, before=seen.filters.before), EVENTS_AT_ONCE + 1)
        whole = number_of_events(session, case.id)
        first = first_event(session, case.id)
        about_accounts = counts_of(decided_accounts(session, case.id))
        labels = _labels(session, case.id)
    with seen.doors.shared.reading() as session:
        said = of_campaigns(session, case.identities or (case.identity,))
    page = events[:EVENTS_AT_ONCE]
    more = with_query(f"/cases/{case.id}", seen.query, before=str(page[-1].seq)) if page != events else ""
    opened = dict(first.new.get("found") or {}) if first else {}
    opened.setdefault("accounts", first.new.get("accounts") if first else None)
    kept, fault = file_or_fault(seen, case)
    values = {
        "case": case.document(seen.now),
        "differences": told_differences(case, opened),
        "compared": compared(_columns(case, opened)),
        "decided_accounts": about_accounts,
        "labels_in_all": labels[1],
        "evidence_fault": fault,
        "reported": said,
    }
    tables = {
        "events": Rows(EVENTS, [event_row(event) for event in page], "History", whole, more),
        "labels": Rows(LABELS, labels[0], "Labels", labels[1]),
        **(evidence_tables(kept) if kept else {}),
    }
    parts = {
        "found": case,
        "kept": kept,
        "choices": choices(case, seen.user, seen.doors.cases.settings.second_person),
        "reasons": recent_reasons(seen),
        "links": [str(link) for link in Link],
        "columns": list(_columns(case, opened)),
        "then": f"/cases/{case.id}",
    }
    return Shown("case.html", values, tables, parts, f"Case {case.id}")


def file_or_fault(seen: Seen, case: Case) -> tuple[CaseFile | None, str]:
    """Return what the evidence says, or why it cannot be read: the case itself is shown all the same."""
    try:
        return SHELF.file_of(seen.doors.cases, case.id), ""
    except CaseError as error:
        return None, f"{error.what}; {error.do}"


def told_differences(case: Case, opened: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return how what the newest run says differs from what the case was opened on, and judged by."""
    now = {**case.found, "accounts": case.accounts}
    told = {"since it was opened": differences(opened, now)}
    if case.judged:
        told["since it was judged"] = differences(case.judged, now)
    return told


def evidence_tables(kept: CaseFile) -> dict[str, Rows]:
    """Return the tables of frozen evidence."""
    signals = [
        {"axis": row["axis"], "signal": formatting.named(row["signal"]), "score": row["score"]}
        | {"finding": row["said"], "clear": row["clear"]}
        for row in kept.scores
    ]
    evidence = [
        row | {"facet": formatting.named(row["facet"]), "top": formatting.label(row["facet"], row["top"], 90)}
        for row in kept.evidence
    ]
    accounts = [account_row(row, None) for row in _of_each_tier(kept)]
    tables = {
        "evidence": Rows(EVIDENCE, evidence, "The strongest shared key of each facet"),
        "signals": Rows(SIGNALS, signals, "Signals: scores from 0 to 1"),
        "accounts": Rows(ACCOUNTS, accounts, "Accounts", kept.accounts.num_rows),
    }
    if kept.guard:
        rows = kept.guard[-GUARD_SHOWN:]
        caption = "What the guard's journal said when the evidence was kept"
        tables["guard"] = Rows(GUARD, rows, caption, len(kept.guard))
    return tables


def _of_each_tier(kept: CaseFile) -> list[dict[str, Any]]:
    found, start = [], 0
    for count in kept.tiers.values():
        found += kept.accounts.slice(start, min(count, ACCOUNTS_SHOWN)).to_pylist()
        start += count
    return found


def _columns(case: Case, opened: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    columns: dict[str, Mapping[str, Any]] = {"when it was opened": opened}
    if case.judged:
        columns["when it was judged"] = case.judged
    return {**columns, "now": {**case.found, "accounts": case.accounts}}


def _labels(session: Session, case: int) -> tuple[list[dict[str, Any]], int]:
    """The newest labels of a case, and how many there are."""
    query = (
        sa.select(LabelRow, EventRow.time, EventRow.actor)
        .join(EventRow, EventRow.seq == LabelRow.seq)
        .where(LabelRow.case_id == case)
        .order_by(LabelRow.seq.desc(), LabelRow.place)
        .limit(LABELS_SHOWN)
    )
    rows = [
        {
            "time": time,
            "actor": actor,
            "scope": label.scope,
            "subject": label.subject,
            "label": label.label,
            "expires": label.expires,
        }
        for label, time, actor in session.execute(query)
    ]
    count = sa.select(sa.func.count()).select_from(LabelRow).where(LabelRow.case_id == case)
    return rows, session.scalar(count) or 0


PAGES = (Page("/cases/{number:int}", "Case", Role.VIEWER, one, Filters),)
