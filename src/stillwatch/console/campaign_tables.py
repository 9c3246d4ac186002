"""The tables of a campaign's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from stillwatch.console.large.marks_shown import has_words
from stillwatch.console.large.shared_marks import Shared, cluster_name
from stillwatch.console.large.summed_view import SummedView
from stillwatch.console.runs_asked import run_id, seconds
from stillwatch.console.shown import Column, Rows
from stillwatch.report import formatting, sentences
from stillwatch.report.figures import axes
from stillwatch.report.sentences import frames, lineage, tiers
from stillwatch.report.sentences.crosswalk import crosswalk, shut
from stillwatch.report.view_models import CampaignView
from stillwatch.run.reading import Row, Run

ACCOUNTS = (
    Column("account_id", "Account", link="/accounts/{account_id}?run={run}"),
    Column("tier", "Tier"),
    Column("why", "Reason"),
    Column("nats", "Nats", "number"),
    Column("formation", "From formation", "number"),
    Column("p_value", "P-value", "number"),
    Column("owner", "Owner it declares"),
    Column("exchanges", "Exchanges", "count"),
    Column("first", "First", "time"),
    Column("last", "Last", "time"),
)
EVIDENCE = (
    Column("facet", "Facet"),
    Column("family", "Family"),
    Column("role", "Role"),
    Column("nats", "Nats", "number"),
    Column("accounts", "Accounts it speaks for", "count"),
    Column("keys", "Shared keys", "count"),
    Column("top", "Most shared key"),
    Column("top_accounts", "Carried inside", "count"),
    Column("top_elsewhere", "Outside", "count"),
)
SCORES = (
    Column("axis", "Axis"),
    Column("signal", "Signal"),
    Column("score", "Score", "number"),
    Column("peers", "Peers", "number"),
    Column("finding", "Finding"),
)
INTENTS = (
    Column("label", "Asked for"),
    Column("share", "Share of prompts", "number"),
    Column("low", "From", "number"),
    Column("high", "To", "number"),
    Column("flagged", "Flagged", "count"),
    Column("texts", "Prompts", "count"),
)
TEMPLATES = (
    Column("part", "Part"),
    Column("key", "Key", "code"),
    Column("shape", "Shape"),
    Column("accounts", "Accounts", "count"),
    Column("accounts_elsewhere", "Elsewhere", "count"),
    Column("exchanges", "Exchanges", "count"),
    Column("share", "Share", "number"),
    Column("distinct_prompts", "Distinct prompts", "count"),
)
RELATED = (
    Column("link", "Link"),
    Column("other_campaign", "Other campaign"),
    Column("other_identity", "Its identity", "code"),
    Column("accounts", "Accounts in both", "count"),
    Column("more", "Only here", "count"),
    Column("fewer", "Only there", "count"),
    Column("keys", "Own keys in both", "count"),
    Column("sentence", "In words"),
)
TIMELINE = (
    Column("time", "Hour", "time"),
    Column("exchanges", "Exchanges", "count"),
    Column("accounts", "Accounts", "count"),
)
MARKS = (
    Column("time", "When", "time"),
    Column("kind", "What"),
    Column("label", "Which"),
    Column("accounts", "Accounts", "count"),
)
CLUSTERS = (
    Column("cluster", "Cluster"),
    Column("tier", "Tier"),
    Column("accounts", "Accounts", "count"),
    Column("most_carried", "Keys that most of it carry", "words"),
)
KEYS = (
    Column("family", "Family"),
    Column("facet", "Facet"),
    Column("label", "Key"),
    Column("accounts", "Accounts that carry it", "count"),
)
CROSSWALK = (
    Column("source", "Text"),
    Column("behaviour", "Behaviour"),
    Column("state", "Here"),
    Column("evidence", "Evidence"),
)
MOST_TEMPLATES = 40
"""Templates of one page."""


@dataclass(frozen=True)
class AccountLine:
    """One account of the page."""

    bar: Markup
    """Its nats by family."""
    called: str
    """What it is called in the group."""


def tables_of(
    run: Run, view: SummedView, shared: Shared, people: Sequence[Row], total: int, more: str
) -> dict[str, Rows]:
    """Return every table of a campaign. people: those of this page; total: on all pages; more: the next."""
    name = view.name
    return {
        "accounts": Rows(
            ACCOUNTS, [_account(run, row) for row in people], f"Accounts of {name}", total, more
        ),
        "evidence": Rows(EVIDENCE, _evidence(view), f"Evidence of {name} by facet"),
        "scores": Rows(SCORES, [_score(row) for row in view.scores], f"Signals of {name}"),
        "intents": Rows(INTENTS, list(view.intents), f"What the prompts of {name} ask for"),
        "templates": Rows(
            TEMPLATES,
            [_template(row) for row in view.templates[:MOST_TEMPLATES]],
            f"Templates that accounts of {name} share",
            len(view.templates),
        ),
        "related": Rows(RELATED, [_related(row) for row in view.lineage], f"What {name} is linked to"),
        "timeline": Rows(TIMELINE, [_timed(row) for row in view.timeline], f"Exchanges of {name} by hour"),
        "marks": Rows(MARKS, [_timed(row) for row in view.marks], "Releases and bans"),
        "clusters": Rows(CLUSTERS, _clusters(shared), f"Accounts of {name} that carry the same"),
        "keys": Rows(KEYS, [vars(key) for key in shared.keys], f"Keys that accounts of {name} share"),
        "crosswalk": Rows(
            CROSSWALK,
            [vars(line) for line in crosswalk(view, shut(run))] if view.campaign["listed"] else [],
            f"{name} in the words of AA26-251A and H.R. 8283",
        ),
    }


def account_rows(view: CampaignView, people: Sequence[Row]) -> dict[int, AccountLine]:
    """Return what the page draws of each account. view: with their evidence."""
    nats = {row["account"]: view.family_nats(row["account"]) for row in people}
    top = max((sum(n for n in one.values() if n > 0) for one in nats.values()), default=1.0) or 1.0
    return {
        row["account"]: AccountLine(
            axes.stacked(nats[row["account"]], top) if nats[row["account"]] else Markup(""), tiers.called(row)
        )
        for row in people
    }


def _account(run: Run, row: Row) -> dict[str, Any]:
    return {
        **row,
        "run": run_id(run),
        "why": tiers.reason_short(row["reason"]),
        "first": seconds(row["first"]),
        "last": seconds(row["last"]),
    }


def _evidence(view: SummedView) -> list[dict[str, Any]]:
    """The rows of the waterfall with the strongest key of each facet, then what else has a key."""
    strongest = {row["facet"]: row for row in view.evidence}
    rows = []
    for step in view.waterfall:
        key = strongest.pop(step["facet"], {})
        rows.append(_step(step | {"top": "", "top_accounts": None, "top_elsewhere": None} | _top(key)))
    rows += [_step(row | _top(row)) for row in strongest.values()]
    return rows


def _step(row: Row) -> dict[str, Any]:
    return row | {"facet": formatting.named(row["facet"])}


def _top(key: Row) -> Row:
    if not key:
        return {}
    return {
        "top": "words of a prompt, not shown here"
        if has_words(key["facet"]) and not _is_key(key)
        else formatting.label(key["facet"], key["top"], 120),
        "top_accounts": key["top_accounts"],
        "top_elsewhere": key["top_elsewhere"],
    }


def _is_key(key: Row) -> bool:
    """Whether the strongest key of a facet is told as a key: by the facet's name and a few digits."""
    name, _, digits = str(key["top"]).rpartition(" ")
    return name == key["facet"] and len(digits) == 8 and all(one in "0123456789abcdef" for one in digits)


def _score(row: Row) -> dict[str, Any]:
    return {
        "axis": row["axis"],
        "signal": row["signal"],
        "score": row["score"],
        "peers": sentences.peers_of(row),
        "finding": sentences.beside_peers(row),
        "stands_out": sentences.stands_out(row),
    }


def _template(row: Row) -> dict[str, Any]:
    # Words are left out, also where a run keeps them: they are a customer's.
    return {
        **{name: value for name, value in row.items() if name != "words"},
        "part": frames.part(row["part"]) if row["part"] != "frame" else "frame",
        "key": formatting.key(row["key"]),
        "shape": frames.shape(row) if row["part"] == "frame" else "",
    }


def _related(row: Row) -> dict[str, Any]:
    return {**row, "sentence": lineage.sentence(row)}


def _timed(row: Row) -> dict[str, Any]:
    return {**row, "time": seconds(row["time"])}


def _clusters(shared: Shared) -> list[dict[str, Any]]:
    return [
        {
            "cluster": cluster_name(one),
            "tier": one.tier,
            "accounts": one.accounts,
            "most_carried": [
                formatting.cut(formatting.labelled(shared.keys[place].facet, shared.keys[place].label), 60)
                for place, carried in enumerate(one.carried)
                if 2 * carried > one.accounts
            ],
        }
        for one in shared.clusters
    ]
