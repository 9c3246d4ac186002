"""A campaign or an account as lines on a terminal."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stillwatch.report import formatting, sentences
from stillwatch.report import terminal_tables as tables
from stillwatch.report.account import AccountView, Membership, blind_spots
from stillwatch.report.account_facts import AccountBook
from stillwatch.report.sentences import spend, tiers
from stillwatch.report.sentences.crosswalk import crosswalk, shut
from stillwatch.report.summary import verdict_text
from stillwatch.report.view_models import CampaignView
from stillwatch.run.reading import Run
from stillwatch.schema.codes import Role
from stillwatch.schema.sections import SECTIONS

ASKED = "What the prompts ask for"


class Block(Group):
    """A titled part of what is shown, with the name of its section."""

    def __init__(self, section: str, *parts: RenderableType) -> None:
        assert section in SECTIONS, f"BUG: no section is called {section}"
        super().__init__(*parts)
        self.section = section


def chosen(lines: Group, sections: Collection[str]) -> Group:
    """The lines without the blocks of other sections; what is no block (names and verdicts) stays."""
    return Group(
        *(part for part in lines.renderables if not isinstance(part, Block) or part.section in sections)
    )


def campaign_lines(run: Run, view: CampaignView, most_members: int) -> Group:
    """One campaign: verdict, who and what to do, axes, evidence, volume, templates, accounts, doubts."""
    campaign = view.campaign
    head = Text.assemble(
        (view.name, "bold"),
        " ",
        verdict_text(campaign["verdict"]),
        "" if campaign["listed"] else "  not listed",
    )
    size = (
        f"{formatting.plural(campaign['accounts'], 'account')}, "
        f"{formatting.plural(campaign['exchanges'], 'exchange')}"
    )
    period = formatting.period(campaign["first"], campaign["last"])
    said = sentences.verdict(campaign, sentences.high(run), sentences.industrial(run))
    return Group(
        head,
        Text(f"{size}, {period}, {campaign['kind']} group {campaign['group']}", style="dim"),
        Text(said),
        *_decided(run, view),
        *_argued(view),
        *_listed(run, view, most_members),
        *_doubted(run, view),
    )


def _decided(run: Run, view: CampaignView) -> Iterator[RenderableType]:
    """Who is behind it, what to do, and the verdict in its parts."""
    campaign = view.campaign
    if campaign["role"] != Role.NONE:
        who = [sentences.role(campaign), sentences.role_why(campaign), tiers.counted(campaign)]
        yield _block("who", "Who it is", tables.bullets(filter(None, who)))
    else:
        yield _block("who", "Its accounts", Text(tiers.counted(campaign)))
    advice = sentences.advice(campaign)
    if advice.first:
        yield _block("do", "What to do", tables.advice(advice))
    yield _block("axes", "", tables.axes(view))
    asked = sentences.extracting(campaign["extracting"])
    if campaign["extracting"] is None:
        asked = sentences.unassessable(view, AccountBook(run, [row["account"] for row in view.members]))
    yield _block("extracting", "What was being extracted", Text(asked))
    yield _block("bound", "How many accounts", Text(sentences.bound(campaign, run.about)))
    yield _block("test", "How sure", Text(sentences.tested(campaign)))
    yield _block("permit", "Permit", Text(sentences.permit(campaign)))
    yield _block("identity", "Identity", tables.identity(view))


def _argued(view: CampaignView) -> Iterator[RenderableType]:
    """Volume, evidence, signals and templates."""
    if view.timeline:
        yield _block("volume", "Volume", tables.volume(view))
    if view.waterfall:
        yield _block(
            "evidence",
            "Evidence: mean nats of an account",
            tables.waterfall(view.waterfall, "mean of the accounts"),
        )
    if view.evidence:
        yield _block("keys", "Strongest shared keys", tables.keys(view.evidence))
    if view.scores:
        yield _block("signals", "Signals", tables.signals(view.scores))
    if view.intents:
        yield _block("intents", ASKED, tables.intents(view.intents))
    if view.templates:
        yield _block("templates", "Templates", tables.templates(view.templates))


def _listed(run: Run, view: CampaignView, most: int) -> Iterator[RenderableType]:
    """The accounts by tier, each tier with what it means."""
    if not view.everyone:
        return
    shown = [
        row for name in view.tiers for row in [one for one in view.everyone if one["tier"] == name][:most]
    ]
    book = AccountBook(run, [row["account"] for row in (*shown, *view.members)])
    parts: list[RenderableType] = [Text(spend.sentence(view, book))]
    for name, count in view.tiers.items():
        if count:
            rows = [row for row in shown if row["tier"] == name]
            title = f"{tiers.called(rows[0])}, {formatting.count(count)}"
            more = f"; the {len(rows)} with the most evidence" if len(rows) < count else ""
            parts += [Text(f"{title}{more}. {tiers.means(rows[0])}"), tables.accounts(rows, book)]
    yield _block("accounts", "Accounts", Group(*parts))


def _doubted(run: Run, view: CampaignView) -> Iterator[RenderableType]:
    """What the evidence is called elsewhere, and how it could be wrong."""
    if view.campaign["listed"]:
        yield _block("crosswalk", "In the words of others", tables.crosswalk(crosswalk(view, shut(run))))
    against = sentences.against(view)
    if against:
        yield _block("against", "What speaks against it", tables.bullets(against))
    doubts = sentences.doubts(view)
    if doubts:
        yield _block("blind-spots", "Blind spots of what contributed", tables.doubts(doubts))


def account_lines(run: Run, view: AccountView) -> Group:
    """One account: who it says it is, its groups, nats by facet, and what would exonerate it."""
    head = Text.assemble(
        (formatting.cut(view.account_id, 80), "bold"), (f"  key {formatting.key(view.account)}", "dim")
    )
    facts = _block("facts", "Who it says it is, and what it used", tables.facts(view.book, view.account))
    if view.memberships:
        return Group(
            head, facts, *(part for membership in view.memberships for part in _membership(membership))
        )
    told = [f"{sentences.IN_NO_GROUP} {sentences.partly_blind(run)}".strip(), *view.marks]
    return Group(head, facts, *map(Text, told))


def _membership(membership: Membership) -> Iterator[RenderableType]:
    campaign, member = membership.view.campaign, membership.member
    yield Text()
    yield Text.assemble(
        f"{tiers.called(member)} in ",
        (membership.view.name, "bold"),
        " ",
        verdict_text(campaign["verdict"]),
        "" if campaign["listed"] else ", not listed",
    )
    yield Text(tiers.reason(member["reason"]))
    said = Table.grid(padding=(0, 2))
    for name, value in (
        ("evidence", f"{member['nats']:.1f} nats" if membership.waterfall else "none: it was not linked"),
        ("held-out p-value", formatting.probability(member["p_value"])),
        ("declared owner", formatting.cut(member["owner"], 60) or "none"),
        ("exchanges", formatting.count(member["exchanges"])),
        ("period", formatting.period(member["first"], member["last"])),
    ):
        said.add_row(Text(name, style="dim"), Text(value))
    yield said
    rows = membership.waterfall
    keys = [
        f"{formatting.labelled(link['facet'], link['label'], 90)} "
        f"({formatting.plural(link['n'], 'exchange')})"
        for link in membership.links[:12]
    ]
    if rows:
        yield _block("evidence", "What makes its nats", tables.waterfall(rows, "evidence"))
    if membership.intents:
        yield _block("intents", ASKED, tables.intents(membership.intents))
    if keys:
        yield _block("keys", "Shared keys it carries", tables.bullets(keys))
    yield _block("against", "What would exonerate it", tables.bullets(membership.exonerates))
    doubts = blind_spots(membership)
    if doubts:
        yield _block("blind-spots", "Blind spots of what counts against it", tables.doubts(doubts))


def _block(section: str, title: str, body: RenderableType) -> RenderableType:
    parts = (Text(title, style="bold"), Padding(body, (0, 0, 0, 2))) if title else (body,)
    return Block(section, "", *parts)
