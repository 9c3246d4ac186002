"""One campaign or one account, explained: for a terminal, or as a document."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from stillwatch.report import formatting, sentences
from stillwatch.report.account import AccountView, Membership, account_view, blind_spots, unknown
from stillwatch.report.account_facts import AccountBook, facts_document
from stillwatch.report.sentences import frames, lineage, spend, tiers
from stillwatch.report.sentences.crosswalk import crosswalk, shut
from stillwatch.report.summary import campaign_document, iso, values_document
from stillwatch.report.terminal import account_lines, campaign_lines, chosen
from stillwatch.report.view_models import CampaignView, campaign_view
from stillwatch.run.reading import Row, Run

MOST_MEMBERS = 12
"""Accounts listed on a terminal; the document has them all."""


def explain(folder: Path, name: str, sections: Collection[str] = ()) -> RenderableType:
    """What the page says about a campaign (C001) or an account (its id or key). sections: names of those
    wanted below the verdict (`schema.sections`); none: all. Raises RunError for a name that is neither.
    """
    run = Run(folder)
    found = _find(run, name)
    lines = (
        campaign_lines(run, found, MOST_MEMBERS)
        if isinstance(found, CampaignView)
        else account_lines(run, found)
    )
    return chosen(lines, sections) if sections else lines


def explain_document(folder: Path, name: str) -> dict[str, Any]:
    """The same as plain values. Raises RunError for a name that is neither a campaign nor an account."""
    run = Run(folder)
    found = _find(run, name)
    return _campaign(run, found) if isinstance(found, CampaignView) else _account(found)


def _find(run: Run, name: str) -> CampaignView | AccountView:
    for row in run.rows("campaigns"):
        if row["campaign"] == name.upper():
            return campaign_view(run, row)
    found = account_view(run, name)
    if found is None:
        raise unknown(run, name)
    return found


def _campaign(run: Run, view: CampaignView) -> dict[str, Any]:
    document = campaign_document(view.campaign, view.scores)
    book = AccountBook(run, [row["account"] for row in view.everyone])
    asked = {} if view.campaign["extracting"] is not None else {"shape": sentences.unassessable(view, book)}
    return {
        **document,
        "links": [lineage.document(row) for row in view.lineage],
        "text": {
            **document["text"],
            "verdict": sentences.verdict(view.campaign, sentences.high(run), sentences.industrial(run)),
            "bound": sentences.bound(view.campaign, run.about),
            "test": sentences.tested(view.campaign),
            "against": sentences.against(view),
            **asked,
        },
        "waterfall": list(view.waterfall),
        "evidence": [_without(row, "group") for row in view.evidence],
        "scores": [_score(row) for row in view.scores],
        "intents": [_without(row, "group") for row in view.intents],
        "templates": [_template(row) for row in view.templates],
        "timeline": [_without(row, "group") | {"time": iso(row["time"])} for row in view.timeline],
        "spend": spend.document(view, book),
        "marks": [_without(row, "group") | {"time": iso(row["time"])} for row in view.marks],
        "members": [_with_facts(view, book, row) for row in view.members],
        "bystanders": [_with_facts(view, book, row) for row in view.bystanders],
        "crosswalk": [asdict(line) for line in crosswalk(view, shut(run))],
        "blind_spots": [_doubt(doubt) for doubt in sentences.doubts(view)],
    }


def _account(view: AccountView) -> dict[str, Any]:
    return {
        "account_id": view.account_id,
        "account": formatting.key(view.account),
        "facts": _facts(view.book, view.account),
        "marks": list(view.marks),
        "groups": [_membership(m) for m in view.memberships],
    }


def _membership(membership: Membership) -> dict[str, Any]:
    campaign = membership.view.campaign
    return {
        **{
            name: campaign[name]
            for name in ("campaign", "group", "verdict", "listed", "accounts", "at_least")
        },
        **_member(membership.member),
        "waterfall": list(membership.waterfall),
        "keys": [
            {name: link[name] for name in ("facet", "family", "label", "n")}
            | {"key": formatting.key(link["key"])}
            for link in membership.links
        ],
        "intents": [_without(row, "group", "account") for row in membership.intents],
        "exonerates": list(membership.exonerates),
        "blind_spots": [_doubt(doubt) for doubt in blind_spots(membership)],
    }


def _score(row: Row) -> dict[str, Any]:
    text = formatting.sentence(sentences.finding(row["signal"], row["values"]))
    return _without(row, "group") | {"values": values_document(row["values"]), "text": text}


def _template(row: Row) -> dict[str, Any]:
    said = {"sentence": frames.sentence(row)} if row["part"] == "frame" else {}
    return _without(row, "group") | {"key": formatting.key(row["key"])} | said


def _member(row: Row) -> dict[str, Any]:
    return _without(row, "group") | {
        "account": formatting.key(row["account"]),
        "first": iso(row["first"]),
        "last": iso(row["last"]),
        "text": {"tier": tiers.tier(row["tier"]), "reason": tiers.reason(row["reason"])},
    }


def _with_facts(view: CampaignView, book: AccountBook, row: Row) -> dict[str, Any]:
    return _member(row) | {
        "facts": _facts(book, row["account"]),
        "waterfall": list(view.account_waterfall(row["account"])),
    }


def _facts(book: AccountBook, account: int) -> dict[str, Any]:
    """The facts as plain values, and those that table accounts holds in words."""
    plain = facts_document(book.of(account))
    times = {name: iso(plain[name]) for name in ("created", "banned")}
    said = dict(book.said(account))
    for word, name in (("registered", "created"), ("banned", "banned")):
        said[word] = times[name] or said[word]
    return plain | times | {"text": said | {"spend": book.spend(account)}}


def _doubt(doubt: sentences.Doubt) -> dict[str, str]:
    return {"name": doubt.name, "kind": doubt.kind, "sees": doubt.sees, "blind_spots": doubt.blind_spots}


def _without(row: Row, *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
