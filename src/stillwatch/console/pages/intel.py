"""Shared intelligence: what came, from whom, what it matched; what we gave, who approved; what to correct."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec

from stillwatch.console.act import Act
from stillwatch.console.done import Done
from stillwatch.console.not_there import NotThere
from stillwatch.console.page import Page
from stillwatch.console.pages.case_acts import Name, Reason
from stillwatch.console.recent_reasons import recent_reasons
from stillwatch.console.role import Role
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.intel.desk import judging, shown
from stillwatch.intel.desk.answering import dispute
from stillwatch.intel.desk.correcting import proposed
from stillwatch.intel.desk.given import Given, given, has_gate
from stillwatch.intel.desk.matched import changed_since, matches
from stillwatch.intel.desk.reports import Report, called, reporters, reports
from stillwatch.intel.desk.tables import has_tables
from stillwatch.intel.gate.export import Export, Stage
from stillwatch.intel.gate.gate import Gate
from stillwatch.intel.gate.keeping import row_of
from stillwatch.intel.kinds import IndicatorKind
from stillwatch.intel.tlp import Tlp

MOST = 200
CHARACTERS = 20_000
"""Of an export that are shown; where it has more, the page says so to who decides."""
LARGEST = 2**31
REPORTS = (
    Column("names", "Names", link="/intel/reports/{report}"),
    Column("kind", "Kind"),
    Column("reporter", "Reporter"),
    Column("tlp", "TLP"),
    Column("confidence", "Confidence", "count"),
    Column("weight", "Counts for", "number"),
    Column("arrived", "Came", "time"),
    Column("until", "Ends", "time"),
    Column("accounts", "Accounts", "count"),
    Column("groups", "Campaigns", "count"),
    Column("disagreements", "Disagree", "count"),
    Column("judged", "Here"),
)
EXPORTS = (
    Column("number", "Export", link="/intel/exports/{number}"),
    Column("made", "Made", "time"),
    Column("subject", "About"),
    Column("purpose", "Purpose"),
    Column("tlp", "TLP"),
    Column("state", "State"),
    Column("by", "Asked by"),
    Column("approver", "Decided by"),
    Column("to", "Went to"),
    Column("acknowledged", "Taken over by"),
)
REPORTERS = (
    Column("reporter", "Reporter"),
    Column("reports", "Reports", "count"),
    Column("confirmed", "Right here", "count"),
    Column("false_positives", "False here", "count"),
    Column("factor", "Word counts for", "number"),
)
SOURCES = (
    Column("source", "Source"),
    Column("speaks_for", "Speaks for"),
    Column("versions", "Versions", "count"),
    Column("refused", "Refused", "count"),
    Column("last", "Last came", "time"),
)
CHANGED = (
    Column("report", "Report", link="/intel/reports/{report}"),
    Column("reporter", "Reporter"),
    Column("how", "What changed"),
    Column("at", "When", "time"),
    Column("run", "Matched in run"),
    Column("accounts", "Accounts there", "count"),
    Column("groups", "Campaigns there", "words"),
)
DUE = (
    Column("export", "Export", link="/intel/exports/{export}"),
    Column("case", "Case", link="/cases/{case}"),
    Column("why", "Why"),
    Column("do", "What to do"),
    Column("to", "Went to", "words"),
)
VERSIONS = (
    Column("modified", "Version of", "time"),
    Column("arrived", "Came", "time"),
    Column("sources", "From"),
    Column("reporter", "Made by"),
    Column("state", "State"),
    Column("confidence", "Confidence", "count"),
    Column("tlp", "TLP"),
)
MATCHES = (
    Column("run", "Run"),
    Column("at", "Kept", "time"),
    Column("accounts", "Accounts", "count"),
    Column("groups", "Campaigns", "words"),
    Column("review", "For review", "count"),
)
AGAINST = (Column("who", "Who"), Column("how", "How"), Column("said", "Says"), Column("at", "When", "time"))
DECIDED = (
    Column("at", "When", "time"),
    Column("by", "Who"),
    Column("judged", "Decided"),
    Column("reason", "Why"),
)
OBJECTS = (Column("type", "Object"), Column("id", "Id", "code"), Column("says", "What it says"))


class Filters(msgspec.Struct):
    """Which reports; it stands in the URL."""

    kind: Name = ""
    matched: Literal["", "yes"] = ""


class JudgeFields(msgspec.Struct):
    """What a report proved to be here, and why."""

    judged: Literal["confirmed", "false positive", "open"]
    reason: Reason
    maker: Name = ""


class DisputeFields(msgspec.Struct):
    """Why we see it otherwise; whether a case of our own shows it."""

    reason: Reason
    decided: bool = False
    maker: Name = ""


class DecideFields(msgspec.Struct):
    """The answer of a second person, about exactly what has this digest."""

    decision: Literal["approve", "refuse"]
    reason: Reason
    digest: Annotated[str, msgspec.Meta(min_length=12, max_length=64)]


def everything(seen: Seen) -> Shown:
    """Return what came and counts, what we gave, and what waits for somebody."""
    wanted: Filters = seen.filters
    now = datetime.fromtimestamp(seen.now, UTC)
    with seen.doors.shared.reading() as session:
        there = has_tables(session)
        rows = [one.document(now) for one in shown.listed(session, _clearance(seen))] if there else []
        gave = [_export_row(one) for one in given(session)] if there else []
        sources = shown.told_of_sources(session) if there else []
        people = shown.told_of_reporters(session) if there else []
        changed = [asdict(one) for one in changed_since(session)] if there else []
        with seen.doors.cases.database.reading() as cases:
            due = [one.document() for one in proposed(session, cases)] if there else []
    found = [row for row in rows if _wanted(row, wanted)]
    waiting = [row for row in gave if row["state"] == Stage.WAITING]
    most = len(found) if seen.first("format") else MOST
    values = {
        "filters": {"kind": str(wanted.kind), "matched": wanted.matched},
        "there": there,
        "counts": {
            "reports": len(rows),
            "matched": sum(bool(row["accounts"] or row["groups"]) for row in rows),
            "waiting": len(waiting),
            "changed": len(changed),
            "due": len(due),
        },
    }
    tables = {
        "waiting": Rows(EXPORTS[:7], waiting, "Exports that wait for a second person"),
        "due": Rows(DUE, due, "What we gave and should correct"),
        "changed": Rows(CHANGED, changed, "Reports that changed after they matched here"),
        "reports": Rows(REPORTS, found[:most], "What came and counts", len(found)),
        "given": Rows(EXPORTS, gave, "What we gave"),
        "reporters": Rows(REPORTERS, people, "How often reporters were right here"),
        "sources": Rows(SOURCES, sources, "Where it comes from"),
    }
    return Shown("intel.html", values, tables, {"kinds": [str(kind) for kind in IndicatorKind]})


def report(seen: Seen) -> Shown:
    """Return one report: its versions, what it matched, who disagrees, what we decided."""
    ident = str(seen.path["report"])
    now = datetime.fromtimestamp(seen.now, UTC)
    with seen.doors.shared.reading() as session:
        versions = shown.versions(session, ident, _clearance(seen)) if has_tables(session) else []
        if not versions:
            raise NotThere("nothing like that was received", where="the address", do="see the list")
        names = reporters(session)
        counting = [one for one in reports(session) if one.id == ident and one.tlp <= _clearance(seen)]
        decided = [_decided(row) for row in judging.history_of(session, ident)]
        matched = [_match_row(row) for row in matches(session) if row.id == ident]
    against = [shown.disagreement(one, names) for each in counting for one in each.disagreements]
    values = {"report": ident, "counting": [_told(one, names, now) for one in counting]}
    tables = {
        "versions": Rows(VERSIONS, versions, "Every version that came"),
        "matches": Rows(MATCHES, matched, "What it matched here"),
        "against": Rows(AGAINST, against, "Who sees it otherwise"),
        "decided": Rows(DECIDED, decided, "What people here decided"),
    }
    parts = {"makers": [(one.maker, called(one.maker, names)) for one in counting]}
    return Shown("intel_report.html", values, tables, parts | {"reasons": recent_reasons(seen)}, "Report")


def export(seen: Seen) -> Shown:
    """Return one export: exactly what leaves, where it stands, where it went."""
    number = int(seen.path["number"])
    with seen.doors.shared.reading() as session:
        if number >= LARGEST or not has_gate(session) or not has_tables(session):
            raise _no_export(number)
        rows = [one for one in given(session) if one.number == number]
        if not rows:
            raise _no_export(number)
        found = Export.of(row_of(session, number))
    values = _export_row(rows[0]) | {"digest": found.sha256, "bytes": len(found.content)}
    objects = [{"type": one["type"], "id": one["id"], "says": _says(one)} for one in found.objects[:MOST]]
    tables = {"objects": Rows(OBJECTS, objects, "What it holds", len(found.objects))}
    content = found.content.decode("utf-8", "replace")
    parts = {
        "content": content[:CHARACTERS],
        "cut": len(content) > CHARACTERS,
        "reasons": recent_reasons(seen),
        "own": judging.same_person(found.by, seen.user.name),
    }
    return Shown("intel_export.html", values, tables, parts, f"Export {number}")


def judge(seen: Seen, fields: JudgeFields) -> Done:
    """Say what a report proved to be here."""
    ident, maker = _report_of(seen, fields.maker)
    code = judging.Judged(fields.judged)
    with seen.doors.shared.writing() as session:
        judging.judge(session, ident, maker, code, seen.user.name, fields.reason, seen.now)
    return Done(
        f"/intel/reports/{ident}", f"It is kept as {code.value}.", {"report": ident, "judged": code.value}
    )


def object_to(seen: Seen, fields: DisputeFields) -> Done:
    """Dispute a report: kept here, and an opinion waits at the gate for a second person."""
    ident, maker = _report_of(seen, fields.maker)
    with seen.doors.shared.reading() as session:
        level = max(
            (one.tlp for one in reports(session) if one.id == ident and one.maker == maker), default=Tlp.RED
        )
    made = dispute(_gate(seen), ident, level, decided=fields.decided, by=seen.user.name, now=seen.now)
    with seen.doors.shared.writing() as session:
        judging.judge(session, ident, maker, judging.Judged.DISPUTED, seen.user.name, fields.reason, seen.now)
    said = f"It is kept as disputed; export {made.number} with our opinion waits for a second person."
    return Done(f"/intel/reports/{ident}", said, {"report": ident, "export": made.number})


def decide(seen: Seen, fields: DecideFields) -> Done:
    """Approve or refuse an export, as a second person."""
    number = int(seen.path["number"])
    with seen.doors.shared.reading() as session:
        if number >= LARGEST or not has_gate(session) or all(one.number != number for one in given(session)):
            raise _no_export(number)
    made = _gate(seen).decide(
        number,
        by=seen.user.name,
        sha256=fields.digest,
        agree=fields.decision == "approve",
        now=seen.now,
        reason=fields.reason,
    )
    return Done(f"/intel/exports/{number}", f"Export {number} is {made.stage}.", made.document())


def _clearance(seen: Seen) -> Tlp:
    """RED is for persons who are named: those who decide."""
    return Tlp.RED if seen.user.may(Role.APPROVER) else Tlp.AMBER_STRICT


def _gate(seen: Seen) -> Gate:
    return Gate(seen.doors.shared, seen.doors.settings.intel)


def _report_of(seen: Seen, maker: str) -> tuple[str, str]:
    ident = str(seen.path["report"])
    with seen.doors.shared.reading() as session:
        there = has_tables(session) and shown.versions(session, ident, _clearance(seen))
        if not there:
            raise NotThere("nothing like that was received", where="the address", do="see the list")
        return ident, maker or judging.only_maker(session, ident)


def _no_export(number: int) -> NotThere:
    return NotThere(f"there is no export {number}", where="the address", do="see the list of what we gave")


def _wanted(row: dict[str, Any], wanted: Filters) -> bool:
    hit = not wanted.matched or bool(row["accounts"] or row["groups"])
    return hit and (not wanted.kind or row["kind"] == wanted.kind)


def _export_row(one: Given) -> dict[str, Any]:
    return {
        "number": one.number,
        "made": one.made,
        "subject": one.subject,
        "purpose": one.purpose,
        "tlp": one.tlp.label,
        "state": one.state,
        "by": one.by,
        "approver": one.approver,
        "why": one.reason,
        "to": ", ".join(sorted({to for _, to in one.releases})),
        "acknowledged": ", ".join(one.acknowledged),
    }


def _match_row(row: Any) -> dict[str, Any]:
    return {
        "run": row.run,
        "at": row.at,
        "accounts": row.accounts,
        "groups": row.groups.split(),
        "review": row.review,
    }


def _decided(row: Any) -> dict[str, Any]:
    return {"at": row.at, "by": row.by, "judged": row.judged, "reason": row.reason}


def _told(one: Report, names: dict[str, str], now: datetime) -> dict[str, Any]:
    return {
        "maker": one.maker,
        "reporter": called(one.maker, names),
        "kind": one.name.kind.value if one.name else "",
        "tlp": one.tlp.label,
        "confidence": one.confidence,
        "weight": round(one.weight(now), 3),
        "confirmed": one.history.confirmed,
        "false_positives": one.history.false_positives,
        "until": one.ends.timestamp(),
        "judged": one.judged,
    }


def _says(one: dict[str, Any]) -> str:
    """What an object says, for who approves it."""
    for name in ("pattern", "opinion", "content", "description", "name", "relationship_type"):
        if isinstance(one.get(name), str):
            return str(one[name])[:200]
    return ""


REPORT, EXPORT = "/intel/reports/{report}", "/intel/exports/{number:int}"
PAGES = (
    Page("/intel", "Shared intelligence", Role.VIEWER, everything, Filters, menu=54),
    Page(REPORT, "Report", Role.VIEWER, report),
    Page(EXPORT, "Export", Role.ANALYST, export),
)
ACTS = (
    Act(f"{REPORT}/judge", "Say what a report proved to be", Role.ANALYST, JudgeFields, judge),
    Act(f"{REPORT}/dispute", "Dispute a report", Role.ANALYST, DisputeFields, object_to),
    Act(f"{EXPORT}/decide", "Decide about an export", Role.APPROVER, DecideFields, decide),
)
