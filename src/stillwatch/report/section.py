"""One campaign of the page, ready to be printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from stillwatch.report import export, formatting, sentences
from stillwatch.report.account import Membership, membership_of
from stillwatch.report.account_facts import AccountBook
from stillwatch.report.figures import axes, graph, heatmap, timeline, waterfall
from stillwatch.report.sentences import frames, spend
from stillwatch.report.sentences.crosswalk import Line, crosswalk, shut
from stillwatch.report.view_models import CampaignView, campaign_view
from stillwatch.run.reading import Row, Run

MOST_ACCOUNTS_SHOWN = 100
MOST_ROWS_SHOWN = 600
"""Account rows in the whole page: sections share them when there are many."""
MOST_CARDS, MOST_CARDS_SHOWN = 25, 100
"""Accounts with a card of their own: of one section, and in the whole page."""
MOST_EXPORT_ROWS = 20_000
MOST_EXPORT_BYTES, TIGHT_EXPORT_BYTES = 3_200_000, 1_000_000
"""CSV in the whole page, where sections are few and where they are many; what goes beyond is left to
members.parquet.
"""
ROOMY_SECTIONS = 15
"""With more sections than these, graphs are drawn smaller and less CSV is kept."""


@dataclass(frozen=True)
class Share:
    """What each section may take of the page."""

    rows: int
    """Account rows."""
    cards: int
    """Accounts with a card."""
    graph: tuple[int, int]
    """Accounts and keys in its graph."""
    period: tuple[datetime | None, datetime | None]
    """The run's period, on which timelines are drawn."""
    high: float
    """The score at which an axis is called high."""


@dataclass(frozen=True)
class Section:
    """One campaign, ready to be printed."""

    view: CampaignView
    """Its view model."""
    verdict: str
    """The verdict in sentences."""
    role: tuple[str, str]
    """Who its accounts are, and what speaks for it; empty where no role is asked."""
    advice: sentences.Advice
    """What to do first, and what not."""
    axes: list[tuple[str, Markup, float, str]]
    """Name, bar, score and sentence of each axis."""
    bound: str
    """The lower bound of accounts, in a sentence."""
    spend: str
    """What its accounts spent, in a sentence."""
    test: str
    """The held-out test, in sentences."""
    extracting: str
    """What was being extracted, in a sentence."""
    permit: str
    """Which permit covers it, in sentences."""
    crosswalk: list[Line]
    """What an advisory and a bill describe, with the evidence."""
    timeline: Markup
    """The timeline."""
    marked: bool
    """Whether releases or bans are drawn in it."""
    graph: Markup
    """The account-trace graph."""
    graph_note: str
    """How much of it is shown."""
    heatmap: Markup
    """The same accounts and keys as a heat map; empty where many sections share the page."""
    waterfall: Markup
    """The evidence waterfall."""
    correction: str
    """What the shares of prompts were made from."""
    frames: list[Row]
    """The templates its accounts share, most used first."""
    parts: list[Row]
    """What else its prompts share: beginnings and ends."""
    frame_note: str
    """What a frame is, and whose words are shown."""
    against: list[str]
    """What speaks against the verdict."""
    doubts: list[sentences.Doubt]
    """How what contributed can mislead."""
    silent: list[str]
    """Facets that could see and found nothing."""
    book: AccountBook
    """What is known of its accounts."""
    tiers: list[tuple[str, int, list[Row]]]
    """Each tier that has accounts: its name, their number, and those that are shown."""
    cards: dict[int, Membership]
    """Accounts that have a card of their own."""
    top: float
    """The most nats of an account: the full length of its bar."""
    csv: str
    """A data link with all accounts; empty where they are too many for the page."""

    @property
    def shown(self) -> int:
        """How many accounts are shown."""
        return sum(len(rows) for _name, _count, rows in self.tiers)


def sections(run: Run, campaigns: list[Row], blind: list[Row], high: float) -> list[Section]:
    """A section for each campaign, within the page's shares of rows and bytes."""
    many = max(1, len(campaigns))
    share = Share(
        rows=min(MOST_ACCOUNTS_SHOWN, MOST_ROWS_SHOWN // many),
        cards=min(MOST_CARDS, MOST_CARDS_SHOWN // many),
        graph=graph.ROOMY if len(campaigns) <= ROOMY_SECTIONS else graph.TIGHT,
        period=(formatting.moment(run.about.get("first")), formatting.moment(run.about.get("last"))),
        high=high,
    )
    views = [campaign_view(run, campaign) for campaign in campaigns]
    book = AccountBook(run, [row["account"] for view in views for row in view.everyone])
    found, left = [], MOST_EXPORT_BYTES if len(campaigns) <= ROOMY_SECTIONS else TIGHT_EXPORT_BYTES
    for view in views:
        fits = len(view.everyone) <= MOST_EXPORT_ROWS
        link = export.data_link(export.accounts_csv(view, book)) if fits else ""
        link = link if len(link) <= left else ""
        left -= len(link)
        found.append(_section(run, view, blind, share, book, link))
    return found


def _section(
    run: Run, view: CampaignView, blind: list[Row], share: Share, book: AccountBook, link: str
) -> Section:
    campaign = view.campaign
    ids = {row["account"]: row["account_id"] for row in view.everyone}
    threshold = run.setting("linkage", "threshold_nats", 0.0) or None
    shared, parts = frames.split(view.templates)
    tiers = _tiers(view, share.rows)
    shown = [row for _name, _count, rows in tiers for row in rows]
    carded = shown[: share.cards]
    return Section(
        view=view,
        verdict=sentences.verdict(campaign, share.high, sentences.industrial(run)),
        role=_role(campaign),
        advice=sentences.advice(campaign),
        axes=_axes(view, share.high),
        bound=sentences.bound(campaign, run.about),
        spend=spend.sentence(view, book),
        test=sentences.tested(campaign),
        extracting=_extracting(view, book),
        permit=sentences.permit(campaign),
        crosswalk=crosswalk(view, shut(run)),
        timeline=timeline.timeline(view.timeline, view.marks, share.period),
        marked=bool(timeline.shown_marks(view.timeline, view.marks, share.period)),
        graph=graph.graph(view.links, ids, share.graph),
        graph_note=_graph_note(view, share.graph),
        heatmap=heatmap.heatmap(view.links, ids, share.graph) if share.graph == graph.ROOMY else Markup(""),
        waterfall=waterfall.waterfall(view.waterfall, campaign["accounts"], threshold),
        correction=sentences.correction(view.intents),
        frames=shared,
        parts=parts,
        frame_note=frames.note(shared, int(run.setting("sketch", "template_accounts", 0))),
        against=sentences.against(view),
        doubts=sentences.doubts(view),
        silent=sentences.silent(view, blind),
        book=book,
        tiers=tiers,
        cards={row["account"]: membership_of(run, view, row, intents=False) for row in carded},
        top=_top(view, shown),
        csv=link,
    )


def _axes(view: CampaignView, high: float) -> list[tuple[str, Markup, float, str]]:
    values, usual = sentences.values_of(view.scores), sentences.like_peers(view.scores)
    return [
        (
            axis,
            axes.one(view.campaign[axis], high),
            view.campaign[axis],
            sentences.axis(view.campaign, axis, values, usual),
        )
        for axis in axes.AXES
    ]


def _role(campaign: Row) -> tuple[str, str]:
    if not campaign["role"]:
        return "", ""
    return sentences.role(campaign), sentences.role_why(campaign)


def _extracting(view: CampaignView, book: AccountBook) -> str:
    asked = view.campaign["extracting"]
    return sentences.unassessable(view, book) if asked is None else sentences.extracting(asked)


def _tiers(view: CampaignView, most: int) -> list[tuple[str, int, list[Row]]]:
    """Each tier that has accounts, with those shown: each gets a third of the rows at least, if it needs
    them.
    """
    counts = {name: count for name, count in view.tiers.items() if count}
    left, found = most, []
    for place, (name, count) in enumerate(counts.items()):
        others = sum(min(later, most // 3) for later in list(counts.values())[place + 1 :])
        shown = max(min(count, left - others), 0)
        left -= shown
        rows = [row for row in view.everyone if row["tier"] == name][:shown]
        found.append((name, count, rows))
    return found


def _top(view: CampaignView, shown: list[Row]) -> float:
    most = [sum(n for n in view.family_nats(row["account"]).values() if n > 0) for row in shown]
    return max(most, default=1.0) or 1.0


def _graph_note(view: CampaignView, most: tuple[int, int]) -> str:
    keys, accounts = graph.chosen(view.links, most)
    all_keys = len({(row["facet"], row["key"]) for row in view.links})
    return (
        f"{formatting.count(len(accounts))} of {formatting.plural(view.campaign['accounts'], 'account')} "
        f"and {formatting.count(len(keys))} of {formatting.plural(all_keys, 'telling key')} drawn: the most "
        "shared, every family in turn. "
        "The number at the right is how many linked accounts carry the key."
    )
