"""Campaigns: what a run found, with verdict, role, tiers and case."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from stillwatch.console.act import Act
from stillwatch.console.done import Done
from stillwatch.console.large.kept import kept
from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.runs_asked import (
    cases_of,
    choices,
    followed,
    in_order_of,
    run_asked,
    run_id,
    run_there,
    seconds,
)
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.console.templating import with_query
from stillwatch.report import formatting, sentences
from stillwatch.report.chapters import chapter_of, headline
from stillwatch.report.figures import axes
from stillwatch.report.sentences import lineage, reviewed, shared
from stillwatch.report.view_models import SEVERITY
from stillwatch.run.reading import Row, Run
from stillwatch.schema.codes import FORMED

AT_ONCE = 50
"""Campaigns of one page of the list."""
SHOWN = ("listed", "not listed", "all")
COLUMNS = (
    Column("campaign", "Campaign", link="/campaigns/{campaign}?run={run}"),
    Column("verdict", "Verdict"),
    Column("who", "Who"),
    Column("case", "Case", link="/cases/{case}"),
    Column("state", "Case's state"),
    Column("named", "Named", "count"),
    Column("present", "Only present", "count"),
    Column("near", "Near", "count"),
    Column("at_least", "At least", "count"),
    Column("exchanges", "Exchanges", "count"),
    Column("first", "First", "time"),
    Column("last", "Last", "time"),
    Column("scale", "Scale", "number"),
    Column("deception", "Deception", "number"),
    Column("intent", "Intent", "number"),
    Column("log_e_value", "Log e-value", "number"),
    Column("identity", "Identity", "code"),
    Column("chapter", "Chapter"),
    Column("why_not", "Why it is not listed"),
)


class Filters(msgspec.Struct):
    """What is listed; it stands in the URL."""

    run: str = ""
    show: str = "listed"
    verdict: str = ""
    role: str = ""
    kind: str = ""
    after: Annotated[int, msgspec.Meta(ge=0)] = 0


class SyncFields(msgspec.Struct):
    """The run whose campaigns become cases."""

    run: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    campaign: Annotated[str, msgspec.Meta(max_length=200)] = ""


def campaigns(seen: Seen) -> Shown:
    """Return the campaigns of a run, the most pressing first."""
    wanted: Filters = seen.filters
    run = run_asked(seen.doors, wanted.run)
    if run is None:
        return Shown(
            "campaigns.html",
            {"run": None, "filters": msgspec.to_builtins(wanted)},
            {"campaigns": _table([], 0, "")},
        )
    on_list, rest = in_order_of(run)
    rows = {"listed": on_list, "not listed": rest, "all": [*on_list, *rest]}.get(wanted.show, [])
    found = [row for row in rows if _let_through(row, wanted)]
    here = found[wanted.after : wanted.after + AT_ONCE]
    further = wanted.after + AT_ONCE
    more = with_query("/campaigns", seen.query, after=str(further)) if further < len(found) else ""
    cases = cases_of(seen.doors.cases, (row["identity"] for row in here))
    every = followed(seen.doors.cases)
    high = sentences.high(run)
    told = [_row(run, row, cases.get(row["identity"], {}), high) for row in here]
    values = {
        "run": _about(run),
        "filters": msgspec.to_builtins(wanted),
        "headline": kept(run, "headline", lambda: [text for _chapter, text in headline(on_list)]),
        "error_control": sentences.error_control(run.about, on_list),
        "related": kept(run, "related", lambda: _related(run, on_list)),
        "without_case": sum(
            row["identity"] not in every for row in on_list if row["verdict"] != "authorised"
        ),
    }
    parts = {
        "choices": choices(seen.doors),
        "bars": {
            row["campaign"]: axes.three((row["scale"], row["deception"], row["intent"]), high) for row in here
        },
        "verdicts": SEVERITY,
        "high": high,
    }
    return Shown("campaigns.html", values, {"campaigns": _table(told, len(found), more)}, parts)


def _related(run: Run, on_list: list[Row]) -> list[str]:
    """What joins the campaigns, and what became of an earlier run's; left out where it would fill pages."""
    lines = lineage.overview(run, on_list) if len(on_list) <= AT_ONCE else []
    return [line for line in (*lines, *reviewed.lines(run)[:AT_ONCE], *shared.lines(run)) if line]


def open_cases(seen: Seen, fields: SyncFields) -> Done:
    """Let the campaigns of a run become cases, or update those that follow them."""
    run = run_there(seen.doors, fields.run)
    synced, _compared = seen.doors.cases.sync(run.folder, state=seen.doors.state)
    case = cases_of(seen.doors.cases, [fields.campaign]).get(fields.campaign, {}).get("case")
    opened = sum(1 for one in synced if one.how == "opened")
    said = (
        f"{formatting.plural(opened, 'case')} opened; {formatting.plural(len(synced), 'campaign')} "
        "of the run looked at."
    )
    see = f"/cases/{case}" if case else f"/campaigns?run={run_id(run)}"
    return Done(see, said, {"case": case, "opened": opened, "campaigns": len(synced)})


def _let_through(row: Row, wanted: Filters) -> bool:
    return (
        (not wanted.verdict or row["verdict"] == wanted.verdict)
        and (not wanted.role or row["role"] == wanted.role)
        and (not wanted.kind or row["kind"] == wanted.kind)
    )


def _row(run: Run, campaign: Row, case: dict[str, Any], high: float) -> dict[str, Any]:
    formed = campaign["kind"] in FORMED
    why = ""
    if not campaign["listed"]:
        values = sentences.values_of(run.rows("scores", campaign["group"]))
        why = sentences.reason_unlisted(campaign, high, values)
    return {
        **{column.name: campaign.get(column.name) for column in COLUMNS},
        "run": run_id(run),
        "who": campaign["permit"] or campaign["role"],
        "case": case.get("case"),
        "state": case.get("outcome") or case.get("state", ""),
        "present": campaign["present"] if formed else None,
        "near": campaign["near"] if formed else None,
        "at_least": campaign["at_least"] if formed and campaign["named"] else None,
        "first": seconds(campaign["first"]),
        "last": seconds(campaign["last"]),
        "chapter": chapter_of(campaign).title if campaign["listed"] else "Not listed",
        "e_value": formatting.e_value(campaign["log_e_value"]),
        "why_not": why,
    }


def _about(run: Run) -> dict[str, Any]:
    about = run.about
    return {
        "id": run_id(run),
        "name": run.folder.name,
        "exchanges": about.get("exchanges", 0),
        "accounts": about.get("accounts", 0),
        "first": seconds(formatting.moment(about.get("first"))),
        "last": seconds(formatting.moment(about.get("last"))),
        "campaigns": run.table("campaigns").num_rows,
    }


def _table(rows: list[dict[str, Any]], total: int, more: str) -> Rows:
    return Rows(COLUMNS, rows, "Campaigns", total, more)


PAGES = (Page("/campaigns", "Campaigns", Role.VIEWER, campaigns, Filters, menu=5),)
ACTS = (Act("/campaigns/open-cases", "Open cases from a run", Role.ANALYST, SyncFields, open_cases),)
