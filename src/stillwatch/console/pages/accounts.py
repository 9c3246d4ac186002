"""One account: every group of it, its marks, and what was decided about it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from stillwatch.console.account_facts import facts_of, labels_about
from stillwatch.console.guard_seen.about import guard_says
from stillwatch.console.guard_seen.state import state_seen
from stillwatch.console.intel_said import of_account
from stillwatch.console.large.lookup import rows_with
from stillwatch.console.large.one_account import account_in, marks_of, places_of
from stillwatch.console.large.summed_view import summed_view, with_accounts
from stillwatch.console.not_there import NotThere
from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.runs_asked import by_group, cases_of, choices, run_id, seconds
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Column, Rows, Shown
from stillwatch.console.templating import with_query
from stillwatch.errors import RunError
from stillwatch.plain import plain
from stillwatch.report import formatting, sentences
from stillwatch.report.figures import axes
from stillwatch.report.sentences import tiers
from stillwatch.report.view_models import asked
from stillwatch.run.reading import Row, Run

RUNS_AT_ONCE = 8
"""Runs that one page looks through."""
GROUPS = (
    Column("run_name", "Run", link="/runs/{run}"),
    Column("campaign", "Campaign", link="/campaigns/{campaign}?run={run}"),
    Column("verdict", "Verdict"),
    Column("role", "Role"),
    Column("tier", "Tier"),
    Column("why", "Reason"),
    Column("nats", "Nats", "number"),
    Column("p_value", "P-value", "number"),
    Column("exchanges", "Exchanges", "count"),
    Column("first", "First", "time"),
    Column("last", "Last", "time"),
    Column("case", "Case", link="/cases/{case}"),
    Column("identity", "Identity", "code"),
)
MARKS = (
    Column("facet", "Facet"),
    Column("family", "Family"),
    Column("label", "Mark"),
    Column("carriers", "Accounts that carry it", "count"),
    Column("exchanges", "Exchanges", "count"),
    Column("first", "First", "time"),
    Column("last", "Last", "time"),
)
EVIDENCE = (
    Column("campaign", "Campaign"),
    Column("facet", "Facet"),
    Column("family", "Family"),
    Column("role", "Role"),
    Column("nats", "Nats", "number"),
)
INTENTS = (
    Column("campaign", "Campaign"),
    Column("label", "Asked for"),
    Column("share", "Share of prompts", "number"),
    Column("flagged", "Flagged", "count"),
    Column("texts", "Prompts", "count"),
)
DECIDED = (
    Column("case", "Case", link="/cases/{case}"),
    Column("time", "When", "time"),
    Column("actor", "Who"),
    Column("label", "What"),
    Column("outcome", "In words"),
    Column("reason", "Why"),
    Column("expires", "Until", "time"),
)


class Filters(msgspec.Struct):
    """Which account, in which run; it stands in the URL."""

    id: Annotated[str, msgspec.Meta(max_length=1_200)] = ""
    run: str = ""
    before: Annotated[int, msgspec.Meta(ge=0, le=10**6)] = 0


def asked_for(seen: Seen) -> Shown:
    """Return the account that a form asked for, or the form."""
    wanted: Filters = seen.filters
    name = wanted.id.strip()
    if name:
        return _account(seen, name)
    return Shown("accounts.html", {"id": ""}, {}, title="Account")


def account(seen: Seen) -> Shown:
    """Return one account."""
    return _account(seen, str(seen.path["account"]))


def _account(seen: Seen, name: str) -> Shown:
    wanted: Filters = seen.filters
    folders = seen.doors.runs.all()
    groups: list[dict[str, Any]] = []
    chosen: tuple[Run, Row, list[Row]] | None = None
    for folder, about in folders[wanted.before : wanted.before + RUNS_AT_ONCE]:
        found = account_in(folder, name)
        places = places_of(folder, name)
        if found is None and not places:
            continue
        run = seen.doors.runs.named(str(about.get("id") or ""))
        key = found or places[0]
        if chosen is None or wanted.run == run_id(run):
            chosen = (run, key, places)
        groups += _groups(seen, run, places)
    guard = _guard(seen, name)
    decided = labels_about(seen.doors.cases, name)
    if chosen is None and not decided and not (guard and guard.known):
        raise NotThere(
            f"no run that the console looked through has an account {plain(name[:80])}",
            where=f"{len(folders[wanted.before : wanted.before + RUNS_AT_ONCE])} of {len(folders)} runs",
            do="check the id, or look through older runs with ?before=8",
        )
    shown_id = str(chosen[1]["account_id"]) if chosen else name
    further = wanted.before + RUNS_AT_ONCE
    tables = {
        "groups": Rows(GROUPS, groups, "Groups that it is in, present in or near, run by run"),
        "decided": Rows(DECIDED, decided, "What people decided about it in cases"),
        **(guard.tables if guard else {}),
    }
    values: dict[str, Any] = {
        "id": shown_id,
        "runs": {
            "looked": min(RUNS_AT_ONCE, max(len(folders) - wanted.before, 0)),
            "of": len(folders),
            "older": with_query("/accounts", seen.query, id=shown_id, before=str(further))
            if further < len(folders)
            else "",
        },
        "guard": guard.values if guard else None,
        "reported": [],
    }
    parts: dict[str, Any] = {"choices": choices(seen.doors)}
    if chosen is not None:
        more, more_tables, more_parts = _in_run(*chosen)
        with seen.doors.shared.reading() as session:
            said = of_account(session, chosen[0], chosen[1]["account"])
        values |= more | {"reported": said}
        tables |= more_tables
        parts |= more_parts
    else:
        values |= {"run": None}
    return Shown("account.html", values, tables, parts, title=f"Account {formatting.cut(shown_id, 40)}")


def _in_run(
    run: Run, found: Row, places: list[Row]
) -> tuple[dict[str, Any], dict[str, Rows], dict[str, Any]]:
    """What one run says of the account."""
    key = found["account"]
    marks, total, counted = marks_of(run, key)
    campaigns = by_group(run)
    cards, evidence, intents = [], [], []
    for place in sorted(places, key=lambda row: -row["nats"]):
        campaign = campaigns.get(place["group"])
        if campaign is None:
            continue
        view = with_accounts(run, summed_view(run, campaign), [key])
        nats = view.family_nats(key)
        top = sum(one for one in nats.values() if one > 0) or 1.0
        evidence += [
            row | {"campaign": view.name, "facet": formatting.named(row["facet"])}
            for row in view.account_waterfall(key)
        ]
        cards.append(
            {
                "campaign": view.name,
                "verdict": campaign["verdict"],
                "called": tiers.called(place),
                "reason": tiers.reason(place["reason"]),
                "means": tiers.means(place),
                "nats": place["nats"],
                "exonerates": sentences.exonerates(run, view, place),
                "bar": axes.stacked(nats, top) if nats else "",
            }
        )
    own = asked(_intents(run, key, {row["group"] for row in places}))
    intents = [
        row | {"campaign": campaigns[row["group"]]["campaign"]} for row in own if row["group"] in campaigns
    ]
    values = {
        "run": {"id": run_id(run), "name": run.folder.name},
        "key": formatting.key(key),
        "facts": facts_of(run, key),
        "groups_here": [{name: value for name, value in card.items() if name != "bar"} for card in cards],
        "in_no_group": "" if places else sentences.IN_NO_GROUP,
        "marks": {"all": total, "counted": counted},
    }
    tables = {
        "marks": Rows(MARKS, [vars(mark) for mark in marks], "Marks, the rarest first", total),
        "evidence": Rows(EVIDENCE, evidence, "What counts for and against it, facet by facet, in nats"),
        "intents": Rows(INTENTS, intents, "What its prompts ask for"),
    }
    return values, tables, {"cards": cards}


def _intents(run: Run, key: int, groups: set[int]) -> list[Row]:
    rows: list[Row] = rows_with(run.folder, "account_intents", "account", [key]).to_pylist()
    return [row for row in rows if row["group"] in groups]


def _groups(seen: Seen, run: Run, places: list[Row]) -> list[dict[str, Any]]:
    campaigns = by_group(run)
    known = [(place, campaigns[place["group"]]) for place in places if place["group"] in campaigns]
    cases = cases_of(seen.doors.cases, (campaign["identity"] for _place, campaign in known))
    return [
        {
            "run": run_id(run),
            "run_name": run.folder.name,
            **{name: campaign[name] for name in ("campaign", "verdict", "role", "identity")},
            "tier": tiers.called(place),
            "why": tiers.reason_short(place["reason"]),
            **{name: place[name] for name in ("nats", "p_value", "exchanges")},
            "first": seconds(place["first"]),
            "last": seconds(place["last"]),
            "case": cases.get(campaign["identity"], {}).get("case"),
        }
        for place, campaign in sorted(known, key=lambda one: -one[0]["nats"])
    ]


def _guard(seen: Seen, name: str) -> Any:
    try:
        state = state_seen(seen.doors)
    except RunError:
        return None
    return None if state is None else guard_says(state, name, seen.now)


PAGES = (
    Page("/accounts", "Find an account", Role.VIEWER, asked_for, Filters),
    Page("/accounts/{account:path}", "Account", Role.VIEWER, account, Filters),
)
