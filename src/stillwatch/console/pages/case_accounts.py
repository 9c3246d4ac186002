"""Accounts of a case: by tier, paged and searched, with what was decided about each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
import pyarrow as pa
import pyarrow.compute

from stillwatch.campaigns.feedback import ACCOUNT_LABELS
from stillwatch.cases.account_decisions import Decided, counts_of, decided, decided_accounts
from stillwatch.console.act import Act
from stillwatch.console.case_file import SHELF
from stillwatch.console.case_of_path import case_of_path
from stillwatch.console.conflict import told
from stillwatch.console.done import Done
from stillwatch.console.form_times import time_of
from stillwatch.console.page import Page
from stillwatch.console.pages.case_acts import Name, Reason, There, Version, page_after, permit_of
from stillwatch.console.recent_reasons import recent_reasons
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.console.templating import with_query
from stillwatch.plain import plain
from stillwatch.report import formatting
from stillwatch.report.sentences import tiers
from stillwatch.schema.codes import Tier

pc: Any = pyarrow.compute
AT_ONCE, MOST = 50, 500
"""Accounts of one page, and the most that may be asked for."""
Account = Annotated[str, msgspec.Meta(max_length=1_000)]
UNDECIDED = "undecided"
COLUMNS = (
    Column("account", "Account", "code", link="/accounts/{id}"),
    Column("tier", "Tier"),
    Column("why", "Why this tier"),
    Column("nats", "Nats", "number"),
    Column("owner", "Owner it declares"),
    Column("exchanges", "Exchanges", "count"),
    Column("first", "First", "time"),
    Column("last", "Last", "time"),
    Column("decision", "Decided"),
    Column("decided_by", "By"),
    Column("decided_at", "At", "time"),
    Column("reason", "Why"),
)


class Filters(msgspec.Struct):
    """Which accounts; it stands in the URL."""

    tier: str = ""
    q: str = ""
    decision: str = ""
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    most: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = AT_ONCE


class AccountFields(msgspec.Struct):
    """What some accounts of a case are, each the same."""

    decision: Name
    reason: Reason
    version: Version
    accounts: Annotated[list[Account], msgspec.Meta(min_length=1, max_length=MOST)]
    until: Name = ""
    permit: Name = ""
    organisation: Name = ""
    then: There = ""


def accounts(seen: Seen) -> Shown:
    """Return one page of a case's accounts."""
    case, wanted = case_of_path(seen), seen.filters
    kept = SHELF.file_of(seen.doors.cases, case.id)
    with seen.doors.cases.database.reading() as session:
        every = decided_accounts(session, case.id)
        found = chosen(kept.accounts, wanted, every)
        page = found.slice(wanted.after, wanted.most).to_pylist()
        known = decided(session, case.id, [row["account_id"] for row in page])
    path = f"/cases/{case.id}/accounts"
    further = wanted.after + len(page)
    more = with_query(path, seen.query, after=str(further)) if further < found.num_rows else ""
    earlier = str(max(wanted.after - wanted.most, 0)) if wanted.after else ""
    values = {
        "case": case.id,
        "version": case.version,
        "filters": msgspec.to_builtins(wanted),
        "tiers": dict(kept.tiers),
        "decisions": list(ACCOUNT_LABELS),
        "counts": counts_of(every),
        "earlier": with_query(path, seen.query, after=earlier) if earlier else "",
        "counted": kept.counted,
    }
    rows = [row_of(row, known.get(row["account_id"])) for row in page]
    table = Rows(COLUMNS, rows, f"Accounts of case {case.id}", found.num_rows, more)
    parts = {"found": case, "reasons": recent_reasons(seen), "means": tier_meanings()}
    return Shown("case_accounts.html", values, {"accounts": table}, parts, f"Accounts of case {case.id}")


def chosen(table: pa.Table, wanted: Filters, every: Mapping[str, str]) -> pa.Table:
    """Return the accounts that the filters let through, in their order."""
    if wanted.tier:
        table = table.filter(pc.equal(table["tier"], wanted.tier))
    if wanted.q:
        either = pc.or_kleene(
            pc.match_substring(table["account_id"], wanted.q, ignore_case=True),
            pc.match_substring(pc.fill_null(table["owner"], ""), wanted.q, ignore_case=True),
        )
        table = table.filter(either)
    if wanted.decision:
        has = [name for name, label in every.items() if wanted.decision in (label, UNDECIDED)]
        mask = pc.is_in(table["account_id"], value_set=pa.array(has, pa.string()))
        table = table.filter(pc.invert(mask) if wanted.decision == UNDECIDED else mask)
    return table


def row_of(row: Mapping[str, Any], known: Decided | None) -> dict[str, Any]:
    """Return an account as a row."""
    return {
        "account": plain(row["account_id"]),
        "id": row["account_id"],
        "tier": tiers.called(dict(row)),
        "why": tiers.reason_short(row["reason"]),
        "nats": round(row["nats"], 1),
        "owner": plain(row["owner"] or ""),
        "exchanges": row["exchanges"],
        "first": None if row["first"] is None else row["first"].timestamp(),
        "last": None if row["last"] is None else row["last"].timestamp(),
        "decision": known.label if known else "",
        "decided_by": known.actor if known else "",
        "decided_at": known.time if known else None,
        "reason": known.reason if known else "",
    }


def tier_meanings() -> dict[str, str]:
    """Return what each tier says of an account."""
    return {str(tier): tiers.MEANS[tier] for tier in Tier if tier in tiers.MEANS}


def decide(seen: Seen, fields: AccountFields) -> Done:
    """Say what some accounts of a case are."""
    case, cases = case_of_path(seen), seen.doors.cases
    with told(cases, case.id):
        after = cases.decide(
            case.id,
            fields.accounts,
            fields.decision,
            by=seen.user.name,
            reason=fields.reason,
            until=time_of(fields.until, "until"),
            permit=permit_of(fields.permit, fields.organisation),
            version=fields.version,
        )
    number = len(set(fields.accounts))
    sentence = f"{formatting.plural(number, 'account')} of case {case.id}: {fields.decision}."
    result = {"case": case.id, "version": after.version, "accounts": number}
    return Done(page_after(fields.then, f"/cases/{case.id}/accounts"), sentence, result)


PATH = "/cases/{number:int}/accounts"
PAGES = (Page(PATH, "Accounts of a case", Role.VIEWER, accounts, Filters),)
ACTS = (Act(f"{PATH}/decide", "Decide about accounts of a case", Role.ANALYST, AccountFields, decide),)
