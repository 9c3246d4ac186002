"""The tables and lists of an explanation on a terminal, one for each section."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stillwatch.report import formatting, sentences
from stillwatch.report.account_facts import AccountBook
from stillwatch.report.bans import gathered
from stillwatch.report.sentences import frames, lineage, tiers
from stillwatch.report.sentences.crosswalk import Line
from stillwatch.report.summary import bar
from stillwatch.report.view_models import AXES, CampaignView
from stillwatch.run.reading import Row

FAMILY_COLOURS = {
    "network": "blue",
    "identity": "red",
    "software": "green",
    "rhythm": "yellow",
    "content": "magenta",
}
BLOCKS = "▁▂▃▄▅▆▇█"
MOST_PARTS = 4
"""Shared beginnings and ends that no frame explains."""
SPARK = 72
"""Characters of a timeline."""


def spark(values: Sequence[int]) -> str:
    """Values as blocks of eight heights; zero is a blank."""
    most = max(values, default=0)
    return "".join(BLOCKS[min(7, value * 8 // (most + 1))] if value else " " for value in values)


def _when(there: object, make: Callable[[], RenderableType]) -> list[RenderableType]:
    return [make()] if there else []


def axes(view: CampaignView) -> RenderableType:
    campaign, values = view.campaign, sentences.values_of(view.scores)
    usual = sentences.like_peers(view.scores)
    grid = Table.grid(padding=(0, 2))
    for axis in AXES:
        grid.add_row(
            Text(axis, style="bold"),
            Text(bar(campaign[axis], 12)),
            f"{campaign[axis]:.2f}",
            Text(sentences.axis(campaign, axis, values, usual)),
        )
    return grid


def volume(view: CampaignView) -> RenderableType:
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
    shown = [mark for mark in view.marks if first <= mark["time"] <= last]
    lines += [
        Text(f"{formatting.minute(mark['time'])}  {mark['kind']}: {formatting.cut(mark['label'], 60)}")
        for mark in gathered(shown, last - first)
    ]
    return Group(*lines)


def waterfall(rows: Sequence[Row], whole: str) -> RenderableType:
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


def keys(evidence: Sequence[Row]) -> RenderableType:
    table = _table("facet", "key", ">inside", ">outside")
    for row in sorted(evidence, key=lambda r: (-r["top_accounts"], r["facet"])):
        table.add_row(
            formatting.named(row["facet"]),
            Text(formatting.label(row["facet"], row["top"], 60)),
            formatting.count(row["top_accounts"]),
            formatting.count(row["top_elsewhere"]),
        )
    return table


def signals(scores: Sequence[Row]) -> RenderableType:
    table = _table("axis", "signal", ">score", ">peers", "finding")
    for row in scores:
        usual = sentences.peers_of(row)
        peers = formatting.DASH if usual is None else f"{usual:.2f}"
        table.add_row(
            row["axis"],
            formatting.named(row["signal"]),
            f"{row['score']:.2f}",
            peers,
            Text(sentences.beside_peers(row)),
            style="" if sentences.stands_out(row) else "dim",
        )
    return table


def intents(intents: Sequence[Row]) -> RenderableType:
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


def templates(templates: Sequence[Row]) -> RenderableType:
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
        *_when(lines, lambda: bullets(lines)),
        *_when(shared and parts, lambda: Text("")),
        *_when(parts, lambda: _parts(parts[:MOST_PARTS])),
        *_when(kept, lambda: bullets(kept)),
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


def accounts(rows: Sequence[Row], book: AccountBook) -> RenderableType:
    """Accounts of one tier, with who each says it is."""
    table = _table("account", "who", "why", ">nats", ">p", ">exchanges", "period")
    for row in rows:
        who = Text(", ".join(who_is(row, book)) or formatting.DASH)
        nats, p_value = f"{row['nats']:.1f}", formatting.probability(row["p_value"])
        table.add_row(
            Text(formatting.cut(row["account_id"], 40)),
            who,
            Text(tiers.reason_short(row["reason"])),
            nats,
            p_value,
            formatting.count(row["exchanges"]),
            formatting.period(row["first"], row["last"], year=False),
        )
    return table


def who_is(row: Row, book: AccountBook) -> list[str]:
    """What is known of an account, in pieces: owner, plan, registration, verification, ban."""
    facts = book.of(row["account"])
    return [
        *([formatting.cut(row["owner"], 30)] if row["owner"] else []),
        *([formatting.cut(facts.plan, 20)] if facts.plan else []),
        *([f"since {formatting.day(facts.created)}"] if facts.created else []),
        *([formatting.cut(facts.verification, 20)] if facts.verification else []),
        *([f"pays {facts.payment}"] if facts.payment else []),
        *(["banned"] if facts.banned or facts.banned_unknown else []),
    ]


def facts(book: AccountBook, account: int) -> RenderableType:
    """Who one account says it is, and what it used."""
    grid, known = Table.grid(padding=(0, 2)), book.of(account)
    for name, value in book.said(account).items():
        grid.add_row(Text(name, style="dim"), Text(value))
    if known.models:
        grid.add_row(
            Text("models", style="dim"), Text(", ".join(formatting.cut(name, 40) for name in known.models))
        )
    for name, tokens in (("tokens read", known.input_tokens), ("tokens written", known.output_tokens)):
        if tokens is not None:
            grid.add_row(Text(name, style="dim"), formatting.count(tokens))
    grid.add_row(Text("spend", style="dim"), Text(book.spend(account)))
    if known.days:
        grid.add_row(Text("active", style="dim"), formatting.plural(known.days, "day"))
    return grid


def advice(told: sentences.Advice) -> RenderableType:
    """What to do first, what not, and what would decide."""
    parts: list[RenderableType] = [bullets(told.first)]
    parts += [Text("What not to do:"), bullets(told.never)] if told.never else []
    parts += [Text("What would decide it:"), bullets(told.decides)] if told.decides else []
    return Group(*parts)


def crosswalk(lines: Sequence[Line]) -> RenderableType:
    """What an advisory and a bill describe, with the evidence."""
    table = _table("text", "behaviour", "state", "evidence")
    for line in lines:
        table.add_row(line.source, Text(line.behaviour), line.state, Text(line.evidence))
    return table


def identity(view: CampaignView) -> RenderableType:
    told = [lineage.sentence(row) for row in view.lineage]
    return Group(
        Text(view.campaign["identity"]),
        *_when(told, lambda: bullets(told)),
        *_when(told, lambda: Text(lineage.MEANS, style="dim")),
    )


def bullets(lines: Iterable[str]) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    for line in lines:
        grid.add_row("-", Text(line))
    return grid


def doubts(doubts: Iterable[sentences.Doubt]) -> RenderableType:
    return bullets(f"{doubt.name}: {doubt.blind_spots}" for doubt in doubts)
