"""A campaign or an account as lines on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stillwatch.report import formatting, sentences
from stillwatch.report.account import AccountView, Membership, blind_spots
from stillwatch.report.sentences import frames, lineage
from stillwatch.report.summary import bar, verdict_text
from stillwatch.report.view_models import AXES, CampaignView
from stillwatch.run.reading import Row, Run
from stillwatch.schema.sections import SECTIONS

FAMILY_COLOURS = {
    "network": "blue",
    "identity": "red",
    "software": "green",
    "rhythm": "yellow",
    "content": "magenta",
}
BLOCKS = "▁▂▃▄▅▆▇█"
ASKED = "What the prompts ask for"
MOST_PARTS = 4
"""Shared beginnings and ends that no frame explains."""
SPARK = 72
"""Characters of a timeline."""


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
    """One campaign: verdict, axes, evidence, keys, volume, templates, accounts, doubts."""
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
    return Group(
        head,
        Text(
            f"{size}, {formatting.period(campaign['first'], campaign['last'])}, {campaign['kind']} group "
            f"{campaign['group']}",
            style="dim",
        ),
        Text(sentences.verdict(campaign, sentences.high(run))),
        _block("axes", "", _axes(view)),
        _block("extracting", "What was being extracted", Text(sentences.extracting(campaign["extracting"]))),
        _block("bound", "How many accounts", Text(sentences.bound(campaign, run.about))),
        _block("test", "How sure", Text(sentences.tested(campaign))),
        _block("permit", "Permit", Text(sentences.permit(campaign))),
        _block("identity", "Identity", _identity(view)),
        *_when(view.timeline, lambda: _block("volume", "Volume", _volume(view))),
        *_when(
            view.waterfall,
            lambda: _block(
                "evidence",
                "Evidence: mean nats of an account",
                _waterfall(view.waterfall, "mean of the accounts"),
            ),
        ),
        *_when(view.evidence, lambda: _block("keys", "Strongest shared keys", _keys(view.evidence))),
        *_when(view.scores, lambda: _block("signals", "Signals", _signals(view.scores))),
        *_when(view.intents, lambda: _block("intents", ASKED, _intents(view.intents))),
        *_when(view.templates, lambda: _block("templates", "Templates", _templates(view.templates))),
        *_when(
            view.members,
            lambda: _block(
                "accounts",
                _accounts_title(len(view.members), most_members),
                _members(view, most_members),
            ),
        ),
        *_when(
            sentences.against(view),
            lambda: _block("against", "What speaks against it", _bullets(sentences.against(view))),
        ),
        *_when(
            sentences.doubts(view),
            lambda: _block("blind-spots", "Blind spots of what contributed", _doubts(sentences.doubts(view))),
        ),
    )


def _accounts_title(members: int, most: int) -> str:
    return (
        f"Accounts: the {most} of {formatting.count(members)} with the most evidence"
        if members > most
        else "Accounts, the most evidence first"
    )


def account_lines(run: Run, view: AccountView) -> Group:
    """One account: its groups, nats by facet, and what would exonerate it."""
    head = Text.assemble(
        (formatting.cut(view.account_id, 80), "bold"), (f"  key {formatting.key(view.account)}", "dim")
    )
    if view.memberships:
        return Group(head, *(part for membership in view.memberships for part in _membership(membership)))
    told = f"{sentences.IN_NO_GROUP} {sentences.partly_blind(run)}"
    return Group(head, Text(told.strip()))


def _membership(membership: Membership) -> list[RenderableType]:
    campaign, member = membership.view.campaign, membership.member
    line = Text.assemble(
        "in ",
        (membership.view.name, "bold"),
        " ",
        verdict_text(campaign["verdict"]),
        "" if campaign["listed"] else ", not listed",
    )
    said = Table.grid(padding=(0, 2))
    for name, value in (
        ("evidence", f"{member['nats']:.1f} nats" if membership.waterfall else "none: it was not linked"),
        ("held-out p-value", formatting.probability(member["p_value"])),
        ("declared owner", formatting.cut(member["owner"], 60) or "none"),
        ("exchanges", formatting.count(member["exchanges"])),
        ("period", formatting.period(member["first"], member["last"])),
    ):
        said.add_row(Text(name, style="dim"), Text(value))
    rows = membership.waterfall
    keys = [
        f"{formatting.labelled(link['facet'], link['label'], 90)} "
        f"({formatting.plural(link['n'], 'exchange')})"
        for link in membership.links[:12]
    ]
    return [
        Text(),
        line,
        said,
        *_when(rows, lambda: _block("evidence", "What makes its nats", _waterfall(rows, "evidence"))),
        *_when(membership.intents, lambda: _block("intents", ASKED, _intents(membership.intents))),
        *_when(keys, lambda: _block("keys", "Shared keys it carries", _bullets(keys))),
        _block("against", "What would exonerate it", _bullets(membership.exonerates)),
        *_when(
            blind_spots(membership),
            lambda: _block(
                "blind-spots", "Blind spots of what counts against it", _doubts(blind_spots(membership))
            ),
        ),
    ]


def spark(values: Sequence[int]) -> str:
    """Values as blocks of eight heights; zero is a blank."""
    most = max(values, default=0)
    return "".join(BLOCKS[min(7, value * 8 // (most + 1))] if value else " " for value in values)


def _when(there: object, make: Callable[[], RenderableType]) -> list[RenderableType]:
    return [make()] if there else []


def _block(section: str, title: str, body: RenderableType) -> RenderableType:
    parts = (Text(title, style="bold"), Padding(body, (0, 0, 0, 2))) if title else (body,)
    return Block(section, "", *parts)


def _axes(view: CampaignView) -> RenderableType:
    campaign, values = view.campaign, sentences.values_of(view.scores)
    grid = Table.grid(padding=(0, 2))
    for axis in AXES:
        grid.add_row(
            Text(axis, style="bold"),
            Text(bar(campaign[axis], 12)),
            f"{campaign[axis]:.2f}",
            Text(sentences.why(campaign[f"{axis}_why"], values)),
        )
    return grid


def _volume(view: CampaignView) -> RenderableType:
    first, last = view.timeline[0]["time"], view.timeline[-1]["time"]
    hours = int((last - first).total_seconds() // 3600) + 1
    step = -(-hours // SPARK)
    sums = [0] * -(-hours // step)
    for row in view.timeline:
        sums[int((row["time"] - first).total_seconds() // 3600) // step] += row["exchanges"]
    unit = "1 hour" if step == 1 else f"{step} hours"
    lines = [
        Text(spark(sums)),
        Text(
            f"{formatting.minute(first)} to {formatting.minute(last)} UTC, {unit} a character, at most "
            f"{formatting.count(max(sums))} exchanges",
            style="dim",
        ),
    ]
    lines += [
        Text(f"{formatting.minute(mark['time'])}  {mark['kind']}: {formatting.cut(mark['label'], 60)}")
        for mark in view.marks
        if first <= mark["time"] <= last
    ]
    return Group(*lines)


def _waterfall(rows: Sequence[Row], whole: str) -> RenderableType:
    """The rows with a sum for each role; whole: what the sum of all is called."""
    grid = Table.grid(padding=(0, 2))
    most = max([abs(row["nats"]) for row in rows] or [1.0]) or 1.0
    roles = list(dict.fromkeys(row["role"] for row in rows))
    for role in roles:
        mine = [row for row in rows if row["role"] == role]
        for row in mine:
            colour = FAMILY_COLOURS.get(row["family"], "")
            shape = Text(
                bar(abs(row["nats"]) / most, 24).rstrip("░"), style=colour if row["nats"] >= 0 else "dim"
            )
            grid.add_row(
                Text(row["family"], style=colour),
                formatting.named(row["facet"]),
                Text(formatting.nats(row["nats"]), justify="right"),
                shape,
            )
        grid.add_row(*_sum(f"sum, {role}", mine))
    if len(roles) > 1:
        grid.add_row(*_sum(f"sum, {whole}", rows))
    return grid


def _sum(name: str, rows: Sequence[Row]) -> tuple[RenderableType, ...]:
    total = formatting.nats(sum(row["nats"] for row in rows))
    return "", Text(name, style="bold"), Text(total, style="bold", justify="right"), ""


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(
            column.lstrip(">"),
            justify="right" if column.startswith(">") else "left",
            no_wrap=column.startswith((">", "part", "key ", "account", "axis")),
        )
    return table


def _keys(evidence: Sequence[Row]) -> RenderableType:
    table = _table("facet", "key", ">inside", ">outside")
    for row in sorted(evidence, key=lambda r: (-r["top_accounts"], r["facet"])):
        table.add_row(
            formatting.named(row["facet"]),
            Text(formatting.label(row["facet"], row["top"], 60)),
            formatting.count(row["top_accounts"]),
            formatting.count(row["top_elsewhere"]),
        )
    return table


def _signals(scores: Sequence[Row]) -> RenderableType:
    table = _table("axis", "signal", ">score", ">peers", "finding")
    for row in scores:
        peers = formatting.DASH if row["peers"] is None else f"{row['peers']:.2f}"
        table.add_row(
            row["axis"],
            formatting.named(row["signal"]),
            f"{row['score']:.2f}",
            peers,
            Text(formatting.sentence(sentences.finding(row["signal"], row["values"]))),
            style="" if row["score"] > 0 else "dim",
        )
    return table


def _intents(intents: Sequence[Row]) -> RenderableType:
    table = _table("asked for", ">share", ">95%", ">flagged", ">of prompts")
    for row in intents:
        table.add_row(
            formatting.named(row["label"]),
            formatting.percent(row["share"]),
            formatting.interval(row),
            formatting.count(row["flagged"]),
            formatting.count(row["texts"]),
        )
    return Group(table, Text(sentences.correction(intents), style="dim"))


def _templates(templates: Sequence[Row]) -> RenderableType:
    shared, parts = frames.split(templates)
    lines: list[str] = []
    for row in shared:
        lines.append(frames.sentence(row))
        lines += [f"  {formatting.cut(row['words'], 600)}"] if row["words"] else []
    kept = [
        f"{frames.part(row['part'])} {_short_key(row)}: {formatting.cut(row['words'], 240)}"
        for row in parts[:MOST_PARTS]
        if row["words"]
    ]
    return Group(
        *_when(lines, lambda: _bullets(lines)),
        *_when(shared and parts, lambda: Text("")),
        *_when(parts, lambda: _parts(parts[:MOST_PARTS])),
        *_when(kept, lambda: _bullets(kept)),
    )


def _parts(parts: Sequence[Row]) -> RenderableType:
    table = _table("part", "key ", ">accounts", ">elsewhere", ">exchanges", ">share", ">distinct")
    for row in parts:
        numbers = [formatting.count(row[name]) for name in ("accounts", "accounts_elsewhere", "exchanges")]
        table.add_row(
            frames.part(row["part"]),
            _short_key(row),
            *numbers,
            formatting.percent(row["share"]),
            formatting.count(row["distinct_prompts"]),
        )
    return table


def _short_key(template: Row) -> str:
    return formatting.key(template["key"])[:8]


def _members(view: CampaignView, most: int) -> RenderableType:
    table = _table("account", "owner", ">nats", ">p", ">exchanges", "period")
    for row in view.members[:most]:
        owner = Text(formatting.cut(row["owner"], 30) or formatting.DASH)
        nats, p_value = f"{row['nats']:.1f}", formatting.probability(row["p_value"])
        table.add_row(
            Text(formatting.cut(row["account_id"], 40)),
            owner,
            nats,
            p_value,
            formatting.count(row["exchanges"]),
            formatting.period(row["first"], row["last"]),
        )
    return table


def _identity(view: CampaignView) -> RenderableType:
    told = [lineage.sentence(row) for row in view.lineage]
    return Group(
        Text(view.campaign["identity"]),
        *_when(told, lambda: _bullets(told)),
        *_when(told, lambda: Text(lineage.MEANS, style="dim")),
    )


def _bullets(lines: Iterable[str]) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    for line in lines:
        grid.add_row("-", Text(line))
    return grid


def _doubts(doubts: Iterable[sentences.Doubt]) -> RenderableType:
    return _bullets(f"{doubt.name}: {doubt.blind_spots}" for doubt in doubts)
