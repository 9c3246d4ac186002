"""One campaign: what the report shows of it, live, and its case."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from markupsafe import Markup

from stillwatch.console.campaign_tables import account_rows, tables_of
from stillwatch.console.figures.clusters import FAINTEST, cluster_graph, cluster_map
from stillwatch.console.figures.hours import busiest, hours
from stillwatch.console.large.kept import kept
from stillwatch.console.large.people import Wanted, accounts_of, counts_of
from stillwatch.console.large.shared_marks import Shared, shared_marks
from stillwatch.console.large.summed_view import SummedView, summed_view, with_accounts
from stillwatch.console.page import Page
from stillwatch.console.role import Role
from stillwatch.console.runs_asked import campaign_asked, cases_of, choices, run_id, run_there, seconds
from stillwatch.console.seen import Seen
from stillwatch.console.shown import Shown
from stillwatch.console.static_files import address_of, files
from stillwatch.console.templating import with_query
from stillwatch.report import formatting, sentences
from stillwatch.report.account_facts import AccountBook
from stillwatch.report.figures import axes, timeline, waterfall
from stillwatch.report.sentences import lineage, reviewed, spend, tiers
from stillwatch.report.sentences import shared as others
from stillwatch.report.sentences.crosswalk import SOURCES
from stillwatch.report.view_models import CampaignView
from stillwatch.run.reading import Row, Run
from stillwatch.schema import use
from stillwatch.schema.codes import Tier, TierReason

AT_ONCE = 25
"""Accounts of one page."""
MOST_IN_FILE = 200_000
"""Accounts of one CSV file."""
GRAPH_LIBRARY = "cytoscape.min.js"


class Filters(msgspec.Struct):
    """Which run, and which of the campaign's accounts; it stands in the URL."""

    run: str = ""
    tier: str = ""
    reason: str = ""
    account: Annotated[str, msgspec.Meta(max_length=400)] = ""
    after: Annotated[int, msgspec.Meta(ge=0, le=10**9)] = 0


def campaign(seen: Seen) -> Shown:
    """Return a campaign of a run, with one page of its accounts."""
    wanted: Filters = seen.filters
    run = run_there(seen.doors, wanted.run)
    row = campaign_asked(run, seen.path["name"])
    view = summed_view(run, row)
    shared = shared_marks(run, row["group"])
    whole = seen.first("format") == "csv"
    found = accounts_of(
        run,
        row["group"],
        Wanted(wanted.tier, wanted.reason, wanted.account.strip()),
        0 if whole else wanted.after,
        MOST_IN_FILE if whole else AT_ONCE,
    )
    tables = tables_of(run, view, shared, found.rows, found.total, _more(seen, wanted, found.total))
    high = sentences.high(run)
    values = {
        "run": {"id": run_id(run), "name": run.folder.name},
        "campaign": _plain(row),
        "case": cases_of(seen.doors.cases, [row["identity"]]).get(row["identity"]),
        "told": _told(run, view),
        "axes": [_axis(view, axis) for axis in axes.AXES],
        "links": [_link(seen, run, link) for link in view.lineage],
        "reviewed": [reviewed.sentence(one) for one in run.rows("reviewed") if one["group"] == row["group"]],
        "reported": others.of_group(run, row["group"]),
        "tiers": view.tiers,
        "filters": msgspec.to_builtins(wanted),
    }
    if whole:
        return Shown("campaign.html", values, tables)
    parts = {
        "view": view,
        "c": row,
        "choices": choices(seen.doors),
        "axis_bars": {axis: axes.one(row[axis], high) for axis in axes.AXES},
        "accounts": account_rows(
            with_accounts(run, view, [one["account"] for one in found.rows]), found.rows
        ),
        "reasons": {code: tiers.reason_short(code) for code in counts_of(run, row["group"], "reason")},
        "tier_means": {str(tier): tiers.MEANS[tier] for tier in Tier},
        "signals": {
            one["signal"]: axes.beside_peers(one["score"], sentences.peers_of(one)) for one in view.scores
        },
        "doubts": sentences.doubts(view),
        "sources": SOURCES,
        "link_means": lineage.MEANS,
        "not_linked": TierReason.NOT_LINKED,
        "graph": graph_of(shared),
        "library": address_of(GRAPH_LIBRARY) if GRAPH_LIBRARY in files() else "",
        **_figures(run, view, shared),
    }
    return Shown("campaign.html", values, tables, parts, title=f"Campaign {row['campaign']}")


def graph_of(shared: Shared) -> dict[str, Any]:
    """Return the graph as the script draws it: clusters, keys, and edges as places of both with a share."""
    clusters = [
        {"id": f"c{place}", "tier": one.tier, "accounts": one.accounts, "rest": one.rest}
        for place, one in enumerate(shared.clusters)
    ]
    keys = [
        {
            "id": f"k{place}",
            "family": one.family,
            "label": formatting.cut(formatting.labelled(one.facet, one.label), 60),
            "accounts": one.accounts,
        }
        for place, one in enumerate(shared.keys)
    ]
    edges = [
        [place, at, round(carried / one.accounts, 2)]
        for place, one in enumerate(shared.clusters)
        for at, carried in enumerate(one.carried)
        if carried >= FAINTEST * one.accounts
    ]
    return {"clusters": clusters, "keys": keys, "edges": edges}


def _figures(run: Run, view: SummedView, shared: Shared) -> dict[str, Any]:
    def made() -> dict[str, Any]:
        period = (formatting.moment(run.about.get("first")), formatting.moment(run.about.get("last")))
        threshold = run.setting("linkage", "threshold_nats", 0.0) or None
        return {
            "timeline": timeline.timeline(view.timeline, view.marks, period),
            "marked": bool(timeline.shown_marks(view.timeline, view.marks, period)),
            "hours": hours(view.timeline),
            "busiest": busiest(view.timeline),
            "waterfall": waterfall.waterfall(view.waterfall, view.campaign["accounts"], threshold)
            if view.waterfall
            else Markup(""),
            "cluster_graph": cluster_graph(shared),
            "cluster_map": cluster_map(shared),
            "shared": shared,
        }

    return kept(run, ("figures", view.campaign["group"]), made)


def _told(run: Run, view: SummedView) -> dict[str, Any]:
    """What is said of it in sentences."""
    row = view.campaign
    advice = sentences.advice(row)
    extracting = (
        sentences.unassessable(view, kept(run, "nobody", lambda: AccountBook(run, [])))
        if row["extracting"] is None
        else sentences.extracting(row["extracting"])
    )
    return {
        "verdict": sentences.verdict(row, sentences.high(run), sentences.industrial(run)),
        "role": sentences.role(row) if row["role"] else "",
        "role_why": sentences.role_why(row) if row["role"] else "",
        "tiers": tiers.counted(row),
        "first": advice.first,
        "never": advice.never,
        "decides": advice.decides,
        "extracting": extracting,
        "bound": sentences.bound(row, run.about),
        "spend": spend.told(view.worked.spend, view.worked.member_tier, _prices(run, view)),
        "test": sentences.tested(row),
        "permit": sentences.permit(row),
        "correction": sentences.correction(view.intents),
        "against": sentences.against(view),
        "silent": sentences.silent(view, run.rows("blindness")),
    }


def _prices(run: Run, view: SummedView) -> bool:
    """Whether the log says of any exchange at all what it cost."""
    return bool(view.worked.spend.priced) or any(
        (one["what"], one["name"]) == (use.FILLED, "spend") and one["count"] for one in run.rows("use")
    )


def _axis(view: CampaignView, axis: str) -> dict[str, Any]:
    values, usual = sentences.values_of(view.scores), sentences.like_peers(view.scores)
    return {
        "axis": axis,
        "score": view.campaign[axis],
        "why": sentences.axis(view.campaign, axis, values, usual),
    }


def _link(seen: Seen, run: Run, link: Row) -> dict[str, Any]:
    """A link with its sentence, and where the other campaign can be looked at."""
    there = ""
    if link["earlier_digest"] is None:
        there = f"/campaigns/{link['other_campaign']}?run={run_id(run)}"
    elif link["earlier_digest"]:
        for _folder, about in seen.doors.runs.all():
            if about.get("digest") == link["earlier_digest"]:
                there = f"/campaigns/{link['other_campaign']}?run={about.get('id')}"
                break
    return {
        "link": link["link"],
        "sentence": lineage.sentence(link),
        "other": link["other_identity"],
        "see": there,
    }


def _plain(row: Row) -> dict[str, Any]:
    names = (
        *("campaign", "identity", "family", "group", "kind", "verdict", "role", "listed", "permit"),
        *("scale", "deception", "intent", "accounts", "named", "present", "near", "at_least", "exchanges"),
        *("input_tokens", "output_tokens", "log_e_value", "p_value"),
    )
    return {
        **{name: row[name] for name in names},
        "first": seconds(row["first"]),
        "last": seconds(row["last"]),
    }


def _more(seen: Seen, wanted: Filters, total: int) -> str:
    further = wanted.after + AT_ONCE
    path = f"/campaigns/{seen.path['name']}"
    return with_query(path, seen.query, after=str(further)) + "#accounts" if further < total else ""


PAGES = (Page("/campaigns/{name}", "Campaign", Role.VIEWER, campaign, Filters),)
